#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "flows/handover.h"
#include "tests/flows/emitted_chip.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::flows;
namespace fs = std::filesystem;

namespace {

/// A variable of a makefile as make itself expands it.
std::string makeVariable(const fs::path& config, const std::string& name) {
    const fs::path probe = config.parent_path() / "probe.mk";
    base::writeFileAtomic(probe, "PLATFORM_DIR := platform\ninclude $(DESIGN_CONFIG)\nshow:\n\t@echo $(" + name + ")\n");
    const base::ProcessResult run = base::runProcess({.command = {"make", "-s", "-f", probe.string(), "DESIGN_CONFIG=" + config.string(), "show"}});
    fs::remove(probe);
    REQUIRE_MESSAGE(run.exit_code == 0, run.output);
    return run.output;
}

}  // namespace

TEST_CASE("handover: config.mk names files that exist and the macros that memories.v instantiates") {
    if (base::findProgram("make").empty()) DNA_SKIP("make is not installed");
    const TemporaryFolder folder;
    design::Design design;
    writeChip(design, folder.path);
    HandoverOptions options{.folder = folder.path, .sources = {}, .memories = {{design.chunk().input_words, 128, 16}, {512, 128, 6}, {4096, 128, 1}}};
    std::istringstream list(base::readFile(folder.path / "files.f"));
    for (std::string line; std::getline(list, line);) options.sources.push_back(line);
    writeHandover(options);
    const fs::path out = folder.path / "orfs" / "nangate45";
    std::istringstream files(makeVariable(out / "config.mk", "VERILOG_FILES"));
    std::set<std::string> names;
    for (std::string file; files >> file;) {
        CHECK_MESSAGE(fs::is_regular_file(file), file);
        names.insert(fs::path(file).filename());
    }
    CHECK(names.count("dna_top.v") == 1);
    CHECK(names.count("memories.v") == 1);
    CHECK(names.count("dna_sram_sp.v") == 0);
    const std::string wrapper = base::readFile(out / "memories.v");
    std::istringstream lefs(makeVariable(out / "config.mk", "ADDITIONAL_LEFS"));
    int macros = 0;
    for (std::string lef; lefs >> lef; ++macros) CHECK_MESSAGE(wrapper.find(fs::path(lef).stem().string() + " u_") != std::string::npos, lef);
    CHECK(macros >= 2);
    for (const char* file : {"config.mk", "constraint.sdc", "memories.v"})
        CHECK_MESSAGE(base::readFile(out / file).find(folder.path.string()) == std::string::npos, file);
    if (base::findProgram("iverilog").empty()) return;
    // Every size of the wrapper is read by Icarus with the macros as empty shells.
    std::string shells;
    for (const char* macro : {"fakeram45_128x64", "fakeram45_512x64", "fakeram45_2048x39", "fakeram45_1024x32", "fakeram45_256x32", "fakeram45_64x32"})
        shells += std::string("module ") + macro + " (input clk, ce_in, we_in, input [10:0] addr_in, input [63:0] wd_in, w_mask_in, output [63:0] rd_out); endmodule\n";
    for (const auto& use : options.memories)
        shells += "module t" + std::to_string(use.words) + "; reg clk; wire [127:0] r; dna_sram_sp #(.WORDS(" + std::to_string(use.words) + "), .BITS(128), .ADDR(" +
                  std::to_string(addressBits(use.words)) + ")) u (.clk(clk), .en_i(1'b1), .we_i(1'b0), .mask_i(16'd0), .addr_i(" + std::to_string(addressBits(use.words)) +
                  "'d0), .wdata_i(128'd0), .rdata_o(r)); endmodule\n";
    base::writeFileAtomic(folder.path / "shells.v", shells);
    const base::ProcessResult icarus = base::runProcess(
        {.command = {"iverilog", "-g2005", "-t", "null", (folder.path / "shells.v").string(), (out / "memories.v").string()}});
    CHECK_MESSAGE(icarus.exit_code == 0, icarus.output);
}

TEST_CASE("handover: platforms without macros are refused") {
    const TemporaryFolder folder;
    CHECK_THROWS_AS(writeHandover({.folder = folder.path, .sources = {}, .memories = {}, .platform = "osu018"}), base::InputError);
}
