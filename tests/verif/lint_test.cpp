#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/process.h"
#include "rtlgen/chip.h"
#include "tests/skip.h"
#include "verif/random_case.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

struct Written {
    fs::path folder;
    std::vector<std::string> files;
};

Written writeChip(const design::Design& design, const std::string& name) {
    const rtlgen::Chip chip = rtlgen::emitChip(design);
    Written written{fs::temp_directory_path() / ("dna-lint-" + name), chip.order};
    base::makeFolder(written.folder / "rtl");
    for (const auto& [file, text] : chip.files) base::writeFileAtomic(written.folder / file, text);
    return written;
}

/// Output of a tool on all files: empty when it has nothing to say.
std::string complaints(const Written& chip, std::vector<std::string> command, bool files_in_command = true) {
    if (files_in_command) command.insert(command.end(), chip.files.begin(), chip.files.end());
    const base::ProcessResult result = base::runProcess({.command = command, .folder = chip.folder});
    return result.ok() ? result.output : "exit " + std::to_string(result.exit_code) + ": " + result.output;
}

std::string yosysScript(const Written& chip) {
    std::string script = "read_verilog";
    for (const std::string& file : chip.files) script += " " + file;
    return script + "; hierarchy -check -top dna_top; proc; check -assert";
}

bool toolsThere() {
    return !base::findProgram("verilator").empty() && !base::findProgram("iverilog").empty() &&
           !base::findProgram("yosys").empty();
}

}  // namespace

TEST_CASE("everything emitted is clean for Verilator -Wall, Icarus -g2005 -Wall and Yosys check -assert") {
    if (!toolsThere()) DNA_SKIP("verilator, iverilog or yosys is not installed");
    for (uint64_t seed = 0; seed < 6; ++seed) {
        CAPTURE(seed);
        base::Rng rng(seed, "lint test");
        design::Design design;
        design.chunks = {verif::randomChunk(rng)};
        design.chunks[0].max_pool &= seed % 2 == 0;
        design.counters = seed % 3 != 2;
        const Written chip = writeChip(design, std::to_string(seed));
        CHECK(complaints(chip, {"verilator", "--lint-only", "-Wall", "--top-module", "dna_top"}) == "");
        CHECK(complaints(chip, {"iverilog", "-g2005", "-Wall", "-t", "null", "-s", "dna_top"}) == "");
        if (seed < 2) CHECK(complaints(chip, {"yosys", "-q", "-p", yosysScript(chip)}, false) == "");
        fs::remove_all(chip.folder);
    }
}

TEST_CASE("the lint check notices a width error and an undriven net") {
    if (!toolsThere()) DNA_SKIP("verilator, iverilog or yosys is not installed");
    const Written chip = writeChip(design::Design{}, "broken");
    std::string pe = base::readFile(chip.folder / "rtl" / "dna_pe.v");
    pe.replace(pe.find("input  wire [7:0]          x_i"), 30, "input  wire [6:0]          x_i");
    base::writeFileAtomic(chip.folder / "rtl" / "dna_pe.v", pe);
    CHECK(complaints(chip, {"verilator", "--lint-only", "-Wall", "--top-module", "dna_top"}) != "");
    std::string top = base::readFile(chip.folder / "rtl" / "dna_top.v");
    top.replace(top.find(".start_o(start)"), 15, ".start_o()");
    base::writeFileAtomic(chip.folder / "rtl" / "dna_top.v", top);
    CHECK(complaints(chip, {"yosys", "-q", "-p", yosysScript(chip)}, false) != "");
    fs::remove_all(chip.folder);
}

TEST_CASE("equal designs give equal bytes; the hash follows the design") {
    design::Design a;
    const rtlgen::Chip first = rtlgen::emitChip(a), second = rtlgen::emitChip(a);
    CHECK(first.files == second.files);
    design::Design b = a;
    b.chunks[0].rows = 16;
    CHECK(designHash(a) != designHash(b));
    CHECK(rtlgen::emitChip(b).files.at("rtl/dna_top.v") != first.files.at("rtl/dna_top.v"));
}
