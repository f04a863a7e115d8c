#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "flows/memories.h"

namespace dna::flows {

/// What hand-over files for place and route are made from.
struct HandoverOptions {
    std::filesystem::path folder;           ///< emitted folder; files go to orfs/<platform>/
    std::vector<std::string> sources;       ///< as in files.f, relative to the folder
    std::string top = "dna_top";
    std::vector<MemoryUse> memories;
    std::string platform = "nangate45";
    double clock_mhz = 0;                   ///< 0: the platform's
};

/// Writes config.mk, constraint.sdc, memories.v (dna_sram_sp with the platform's macros inside) and a README for
/// OpenROAD-flow-scripts. No absolute paths. Throws InputError for platforms without macros or without the flow.
void writeHandover(const HandoverOptions& options);

}  // namespace dna::flows
