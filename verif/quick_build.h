#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "rtlgen/chip.h"

namespace dna::verif {

struct QuickBuildOptions {
    std::vector<std::string> verilator{};  ///< more options of Verilator, e.g. "--coverage-line"
    std::string optimize = "-O0";          ///< of the C++ compiler, for the model
};

/// Builds the Verilator model of a chip with counters and the bench, for many short runs of many designs: the model is
/// one unoptimised translation unit (some seconds; 0.1 M cycles/s for 64 PEs), Verilator's runtime and the bench are
/// compiled once and kept in the cache. Works in `folder`, returns the program in it. Throws ToolError.
std::filesystem::path buildQuickSimulator(const rtlgen::Chip& chip, const std::filesystem::path& folder,
                                          const QuickBuildOptions& options = {});

}  // namespace dna::verif
