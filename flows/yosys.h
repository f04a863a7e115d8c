#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "flows/memories.h"
#include "flows/netlist.h"
#include "flows/platform.h"

namespace dna::flows {

/// What to map and where to.
struct YosysOptions {
    std::vector<std::filesystem::path> sources;  ///< Verilog files; dna_sram_sp.v among them is replaced by macros
    std::string top = "dna_top";
    double clock_mhz = 100;
    std::filesystem::path folder;                ///< gets scripts, libraries and the netlist
    bool has_control = true;  ///< modules of which there are few are the chip's control; false: they stand for many
};

/// What came of it.
struct YosysResult {
    Netlist netlist;
    std::vector<MemoryUse> memories;
    std::filesystem::path netlist_verilog;
    std::vector<std::filesystem::path> memory_liberties;  ///< macros in use, or the one made from the law
    std::map<std::string, double> areas;                  ///< um2 of every library cell and macro
    double yosys_area_um2 = 0;                            ///< as `stat -liberty` counts it, before buffers were added
    long buffers = 0;                                     ///< inserted into nets of large load
};

/// Maps a design to the cells of a platform, keeping its hierarchy (flat designs cost 20 times the CPU time and are
/// 10 % smaller). Throws ToolError when Yosys fails or warns of undriven nets, InputError for combinational loops.
YosysResult synthesise(const YosysOptions& options, const Platform& platform, const PreparedPlatform& prepared, base::Log& log);

/// The memories a design instantiates, smallest first (elaborates it without mapping).
std::vector<MemoryUse> memoriesOf(const YosysOptions& options);

/// "0.23"
std::string yosysVersion();

}  // namespace dna::flows
