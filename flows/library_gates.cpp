#include "flows/library_gates.h"

#include <fmt/format.h>

#include <regex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "core/mapping/cycles.h"
#include "flows/netlist_proof.h"
#include "flows/netlist_verilog.h"
#include "flows/yosys.h"
#include "verif/fuzz_run.h"
#include "verif/library/chip.h"
#include "verif/library/harness.h"
#include "verif/library/workers.h"
#include "verif/simulation.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

/// A module that is mapped and proven, with a change of its RTL that must be noticed.
struct Subject {
    const char *module, *settings, *broken;
};

constexpr Subject kSubjects[] = {
    {"dna_nest", "-",
     "rtl/dna_nest.v: `row_turn     = channels_outer_i || channel_last_o` -> `row_turn     = channels_outer_i`"},
    {"dna_address", "ROWS=8 LOG=3 ADDR=6",
     "rtl/dna_address.v: `{next_x1 == words_x, word_x1_q == words_x}` -> `{next_x1 == words_x, next_x1 == words_x}`"},
    {"dna_pe_ws", "BITS=8 OUT_BITS=20", "rtl/dna_pe_ws.v: `if (swap_i)` -> `if (!swap_i)`"},
    {"dna_pe", "ACC_BITS=26 MAX_POOL=1", "rtl/dna_pe.v: `first_i || larger` -> `first_i && larger`"},
    {"dna_requantize", "BITS=8 IN_BITS=49 SHIFT=6", "rtl/dna_requantize.v: `half + zero` -> `half - zero`"},
    {"dna_ppu_lane", "ACC_BITS=26", "rtl/dna_ppu_lane.v: `{y[BITS-1], y} - {zero_i` -> `{y[BITS-1], y} + {zero_i`"},
};

/// The module with other default values of its parameters, and the modules below it.
std::string sources(const verif::Library& library, const Subject& subject) {
    std::string text;
    for (const std::string& module : verif::modulesBelow(library, subject.module)) {
        std::string source = library.at("rtl/" + module + ".v");
        for (const auto& [name, value] : verif::settings(module == subject.module ? subject.settings : ""))
            source =
                std::regex_replace(source, std::regex("(parameter\\s+" + name + "\\s*=\\s*)[^,\n]*?(\\s*(?:,|\n|//))"),
                                   "$01" + value + "$2", std::regex_constants::format_first_only);
        text += source;
    }
    return text;
}

class Gates {
public:
    explicit Gates(verif::StageContext& context)
        : context_(context),
          platform_(builtinPlatform("osu018")),
          prepared_(preparePlatform(platform_, platformFolder(platform_, {}))) {}

    void run() {
        const bool full = context_.options.full;
        const int subjects = full ? int(std::size(kSubjects)) : 1;
        verif::forEach(subjects + full, context_.options.threads, [&](int i) {
            if (i == subjects) return netlistOfChip();
            prove(kSubjects[size_t(i)], false);
            prove(kSubjects[size_t(i)], true);
        });
    }

private:
    void prove(const Subject& subject, bool broken) {
        verif::Check check{.name = fmt::format("{} {}", subject.module, broken ? "refutes" : "proven"), .checks = 1};
        try {
            const verif::Library& library = context_.options.files;
            const std::string rtl = sources(library, subject);
            const std::string compared = broken ? sources(verif::broken(library, subject.broken), subject) : rtl;
            const ProofResult result =
                proveNetlist({subject.module, rtl, compared}, platform_, prepared_,
                             context_.work / (subject.module + std::string(broken ? "_broken" : "")), silent_);
            check.failed = !(broken ? result.different : result.equal);
            check.note = broken ? std::string(subject.broken).substr(std::string(subject.broken).find('`'))
                                : fmt::format("{}: {} cells, {} register bits{}{}", subject.settings, result.cells,
                                              result.registers, result.note.empty() ? "" : "; ", result.note);
        } catch (const base::InternalError& error) {
            check.failed = 1, check.note = error.what();
        }
        context_.report(check);
    }

    /// A whole small chip as mapped netlist, with memories as they behave, on one network.
    void netlistOfChip() {
        design::Design design;
        design.chunks[0].rows = 4, design.counters = false;
        base::Rng rng(context_.options.seed, "gates case");
        verif::FuzzCase fuzz_case = verif::randomCase(design, rng, {.max_rows = 8, .max_cols = 8, .max_cycles = 6000});
        fuzz_case.stall_seed = 0;
        const fs::path folder = context_.work / "chip";
        long cells = 0;
        const rtlgen::Chip netlist = mapped(verif::chipWith(design, context_.options.files), folder, cells);
        const std::vector<mapping::LayerPlan> plans = verif::writeCaseVectors(fuzz_case, folder / "vectors");
        const std::vector<mapping::LayerTime> times = mapping::networkCycles(plans, design::MemoryModel{});
        const auto pictures = verif::simulate(verif::buildSimulator(netlist, false, silent_), folder / "vectors",
                                              {{0, 1, 0}}, 1, silent_);
        verif::Check check{.name = "mapped netlist of " + verif::describe(design), .checks = int64_t(2 * plans.size())};
        int64_t bytes = 0;
        for (size_t i = 0; i < plans.size(); ++i) {
            const verif::SimulatedLayer& layer = pictures.at(0).layers.at(i);
            bytes += layer.mismatches;
            check.failed += (layer.mismatches != 0) + (layer.done != times[i].done);
        }
        check.note = fmt::format("{} cells, {} layers, {} cycles, {} wrong bytes", cells, plans.size(),
                                 times.back().done, bytes);
        context_.report(check);
    }

    /// The chip's files after mapping: cells as their Liberty says, memories, netlist.
    rtlgen::Chip mapped(const rtlgen::Chip& chip, const fs::path& folder, long& cells) {
        YosysOptions options{
            .sources = {}, .top = chip.top, .clock_mhz = platform_.clock_mhz, .folder = folder / "map"};
        base::makeFolder(folder / "rtl");
        for (const std::string& file : chip.order) {
            base::writeFileAtomic(folder / file, chip.files.at(file));
            options.sources.push_back(folder / file);
        }
        const YosysResult result = synthesise(options, platform_, prepared_, silent_);
        for (const auto& [name, count] : result.netlist.instances())
            cells += count * long(result.netlist.modules.at(name).cells.size());
        base::writeFileAtomic(folder / "map" / "all_cells.lib", prepared_.complete_liberty);
        base::runTool(
            {.command = {"yosys", "-q", "-p", "read_liberty all_cells.lib; proc; write_verilog -noattr cells.v"},
             .folder = folder / "map"});
        rtlgen::Chip out;
        out.files = {{"rtl/cells.v", base::readFile(folder / "map" / "cells.v")},
                     {"rtl/memories.v", memories(result.memories)},
                     {"rtl/netlist.v", base::readFile(result.netlist_verilog)}};
        out.order = {"rtl/cells.v", "rtl/memories.v", "rtl/netlist.v"};
        return out;
    }

    /// The black boxes behind the netlist's memories, as the library's memory behaves.
    std::string memories(const std::vector<MemoryUse>& uses) const {
        std::string text = context_.options.files.at("rtl/dna_sram_sp.v");
        text = std::regex_replace(text, std::regex("\\bdna_sram_sp\\b"), "dna_memory_model");
        for (const MemoryUse& use : uses) {
            int address = 1;
            while ((1 << address) < use.words) ++address;
            text += fmt::format(
                "module dna_memory_{0}x{1} (input wire clk, input wire en_i, input wire we_i, input wire [{1}/8-1:0] "
                "mask_i,\n"
                "    input wire [{2}-1:0] addr_i, input wire [{1}-1:0] wdata_i, output wire [{1}-1:0] rdata_o);\n"
                "    dna_memory_model #(.WORDS({0}), .BITS({1}), .ADDR({2})) u_memory (.clk(clk), .en_i(en_i), "
                ".we_i(we_i),\n"
                "        .mask_i(mask_i), .addr_i(addr_i), .wdata_i(wdata_i), .rdata_o(rdata_o));\nendmodule\n",
                use.words, use.bits, address);
        }
        return text;
    }

    verif::StageContext& context_;
    Platform platform_;
    PreparedPlatform prepared_;
    base::SilentLog silent_;
};

void gates(verif::StageContext& context) {
    try {
        Gates(context).run();
    } catch (const base::ToolError& error) {
        // The cell library is a package of its own.
        const std::string message = error.what();
        if (message.find("apt-get install") == std::string::npos && message.find("package") == std::string::npos) throw;
        context.report({.name = "all", .skipped = true, .note = message});
    }
}

}  // namespace

verif::Stage gatesStage() {
    return {"gates", 7, "mapped netlists equal the RTL", {"yosys", "yosys-abc", "verilator"}, gates};
}

}  // namespace dna::flows
