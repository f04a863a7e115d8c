#include "flows/handover.h"

#include <fmt/format.h>

#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "costmodel/technology.h"
#include "flows/sta.h"

namespace dna::flows {
namespace fs = std::filesystem;
namespace {

/// `export NAME = first \` with one entry a line.
std::string exportList(const std::string& name, const std::vector<std::string>& entries) {
    std::string text = "export " + name + " =";
    for (const std::string& entry : entries) text += " \\\n  " + entry;
    return text + "\n";
}

std::string configMk(const HandoverOptions& options, const Platform& platform, const std::set<std::string>& macros) {
    std::vector<std::string> sources, lefs, libs;
    for (const std::string& source : options.sources)
        if (fs::path(source).filename() != "dna_sram_sp.v") sources.push_back("$(DNA_DIR)../../" + source);
    sources.push_back("$(DNA_DIR)memories.v");
    for (const std::string& macro : macros) {
        lefs.push_back("$(PLATFORM_DIR)/" + platform.orfs->macro_lef_folder + "/" + macro + ".lef");
        libs.push_back("$(PLATFORM_DIR)/lib/" + macro + ".lib");
    }
    std::string text = fmt::format(
        "# OpenROAD-flow-scripts: make DESIGN_CONFIG=<path to this file>, run in the flow folder.\n"
        "DNA_DIR := $(dir $(DESIGN_CONFIG))\n\n"
        "export DESIGN_NAME = {}\nexport DESIGN_NICKNAME = dna\nexport PLATFORM = {}\n", options.top, platform.orfs->platform);
    text += exportList("VERILOG_FILES", sources) + "export SDC_FILE = $(DNA_DIR)constraint.sdc\n\n";
    text += "# Multipliers written out for standard cells.\nexport VERILOG_DEFINES = -D DNA_CELLS\n\n";
    text += "# The hierarchy is kept: one PE is mapped once.\nexport SYNTH_HIERARCHICAL = 1\n\n";
    text += exportList("ADDITIONAL_LEFS", lefs) + exportList("ADDITIONAL_LIBS", libs);
    text += "export GDS_ALLOW_EMPTY = fakeram.*\nexport MACRO_PLACE_HALO = 10 10\n\n";
    text += fmt::format("export CORE_UTILIZATION = {}\nexport CORE_ASPECT_RATIO = 1\nexport CORE_MARGIN = 4\nexport PLACE_DENSITY_LB_ADDON = {}\n"
                        "export TNS_END_PERCENT = 100\n", platform.orfs->core_utilization, platform.orfs->place_density_addon);
    return text;
}

std::string readme(const HandoverOptions& options, const Platform& platform) {
    return fmt::format(
        "# Place and route of {} on {}\n\n"
        "In the `flow` folder of OpenROAD-flow-scripts:\n\n    make DESIGN_CONFIG=<this folder>/config.mk\n\n"
        "`memories.v` takes the place of `dna_sram_sp.v`: macros of the platform inside. `constraint.sdc` asks for {:.0f} MHz.\n"
        "Memories: {}.\n",
        options.top, platform.name, options.clock_mhz > 0 ? options.clock_mhz : platform.clock_mhz, platform.memory_note);
}

}  // namespace

void writeHandover(const HandoverOptions& options) {
    const Platform platform = builtinPlatform(options.platform);
    if (!platform.orfs || !platform.macros)
        throw base::InputError("--platform", "", "platform " + platform.name + " has no memory macros to place");
    // The technology file knows the macros, so that no PDK is needed to hand over.
    const costmodel::MemorySource memory = costmodel::builtinTechnology(platform.name).memory;
    std::set<std::string> macros;
    for (const MemoryUse& use : options.memories) macros.insert(costmodel::priceMemory(memory, use.words, use.bits).macro);
    const fs::path out = options.folder / "orfs" / platform.name;
    base::makeFolder(out);
    base::writeFileAtomic(out / "config.mk", configMk(options, platform, macros));
    base::writeFileAtomic(out / "constraint.sdc", timingConstraints(options.top, 1000.0 / (options.clock_mhz > 0 ? options.clock_mhz : platform.clock_mhz)));
    base::writeFileAtomic(out / "memories.v", memoryWrapper(options.memories, platform, memory));
    base::writeFileAtomic(out / "README.md", readme(options, platform));
}

}  // namespace dna::flows
