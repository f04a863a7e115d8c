#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "rtlgen/chip.h"

namespace dna::verif {

/// What the Verilog bench says of a run.
struct IcarusRun {
    std::vector<int64_t> cycles;  ///< of every layer of every picture, from its start
    int64_t mismatches = 0;       ///< bytes
    int64_t unknown = 0;          ///< X seen on controls, addresses or written bytes
    int64_t errors = 0;           ///< AXI rules, no progress
    std::string first;            ///< the first complaint
    double seconds = 0;           ///< CPU time, compiling included
    bool passed() const { return mismatches + unknown + errors == 0 && !cycles.empty(); }
};

/// Runs pictures of the vectors in `folder`/vectors on Icarus: memories and registers without reset begin as X.
/// Scratch files go to `folder`. Throws ToolError when Icarus does not take the chip.
IcarusRun simulateIcarus(const rtlgen::Chip& chip, const std::filesystem::path& folder, int pictures,
                         uint64_t stall_seed);

}  // namespace dna::verif
