#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "costmodel/memory.h"
#include "flows/buffering.h"
#include "flows/liberty.h"

namespace dna::flows {

/// A cell and one of its pins.
struct CellPin {
    std::string cell, pin;
};

/// Real memory macros of a platform: which, where, and what their pins are called.
struct PlatformMacros {
    std::string folder;  ///< below the platform's folder; NAME.lib each
    std::vector<std::string> names;
    std::string clock, enable, write, mask, address, data_in, data_out;
};

/// What OpenROAD-flow-scripts needs to know.
struct OrfsSettings {
    std::string platform;
    double core_utilization = 40;     ///< percent
    double place_density_addon = 0.1;
    std::string macro_lef_folder;     ///< below $(PLATFORM_DIR); empty: no macros there
};

/// A cell library with its corner, its memories and how tools have to treat it (format dna.platform).
struct Platform {
    std::string name, title, corner;
    double node_nm = 0, voltage = 0;
    std::string folder;      ///< absolute place of a Debian package; empty when below the PDK root
    std::string package;     ///< Debian package that installs `folder`
    std::string pdk_folder;  ///< folder below the PDK root
    std::string liberty;     ///< cell library, below the folder, packed or not
    std::vector<std::string> dont_use;
    std::optional<CellPin> tie_high, tie_low;
    BufferCell buffer;
    double input_slew_ns = 0.1;  ///< transition at which internal energies are looked up
    double clock_mhz = 100;      ///< used when the design states none
    std::string dram;            ///< part used for system energy
    std::optional<costmodel::MemorySource> memory_law;
    std::optional<PlatformMacros> macros;
    double memory_clock_to_output_ns = 0, memory_setup_ns = 0;  ///< of memories priced by the law
    std::string memory_note;
    std::optional<OrfsSettings> orfs;
};

/// The built-in platform of that name; InputError with the nearest name otherwise.
Platform builtinPlatform(const std::string& name);
std::vector<std::string> platformNames();

/// Where open PDK data lie: the option, else $DNA_PDK_ROOT, else ../shared/pdk beside the repository or the current
/// folder. Empty when there is none of them.
std::filesystem::path findPdkRoot(const std::optional<std::filesystem::path>& option);

/// The platform's folder. Throws ToolError naming the Debian package, or InputError naming --pdk-root.
std::filesystem::path platformFolder(const Platform& platform, const std::optional<std::filesystem::path>& pdk_root);

/// Libraries of a platform, ready for tools that read neither packed files nor dont-use lists.
struct PreparedPlatform {
    std::string synthesis_liberty;   ///< text without the cells that must not be used
    std::string complete_liberty;    ///< text with all cells
    Library library;                 ///< all cells
    costmodel::MemorySource memory;  ///< macros read from their Liberty, or the law
    std::map<std::string, std::string> macro_liberty;  ///< text by macro name
};
PreparedPlatform preparePlatform(const Platform& platform, const std::filesystem::path& folder);

}  // namespace dna::flows
