#include "verif/lint.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/process.h"
#include "rtlgen/chip.h"
#include "tests/skip.h"
#include "verif/random_case.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

bool toolsThere() {
    return !base::findProgram("verilator").empty() && !base::findProgram("iverilog").empty() &&
           !base::findProgram("yosys").empty();
}

rtlgen::Chip randomChip(uint64_t seed) {
    base::Rng rng(seed, "lint test");
    design::Design design;
    design.chunks = {verif::randomChunk(rng, {.max_rows = 8, .max_cols = 8, .rom = true})};
    design.chunks[0].max_pool &= seed % 2 == 0;
    design.counters = seed % 3 != 2;
    return rtlgen::emitChip(design, verif::randomDescriptors(rng));
}

}  // namespace

TEST_CASE("30 random designs are clean for Verilator -Wall, Icarus -g2005 -Wall and Yosys check -assert") {
    if (!toolsThere()) DNA_SKIP("verilator, iverilog or yosys is not installed");
    const fs::path folder = fs::temp_directory_path() / ("dna-lint-" + std::to_string(::getpid()));
    for (uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        const rtlgen::Chip chip = randomChip(seed);
        CHECK(verif::lintVerilator(chip, folder) == "");
        CHECK(verif::lintIcarus(chip, folder) == "");
        CHECK(verif::lintEdges(chip) == "");
        // Yosys takes some seconds a design: the larger run of `dna verify-library` does it for all.
        if (seed % 6 == 0) CHECK(verif::lintYosys(chip, folder) == "");
    }
    fs::remove_all(folder);
}

TEST_CASE("the lint check notices a width error, an undriven net and a falling edge") {
    if (!toolsThere()) DNA_SKIP("verilator, iverilog or yosys is not installed");
    const fs::path folder = fs::temp_directory_path() / ("dna-lint-broken-" + std::to_string(::getpid()));
    rtlgen::Chip chip = rtlgen::emitChip(design::Design{});
    const auto replace = [&](const std::string& file, const std::string& from, const std::string& to) {
        std::string& text = chip.files.at(file);
        REQUIRE(text.find(from) != std::string::npos);
        text.replace(text.find(from), from.size(), to);
    };
    replace("rtl/dna_pe.v", "input  wire [BITS-1:0]     x_i", "input  wire [BITS-2:0]     x_i");
    CHECK(verif::lintVerilator(chip, folder) != "");
    replace("rtl/dna_top.v", ".start_o(start)", ".start_o()");
    CHECK(verif::lintYosys(chip, folder) != "");
    replace("rtl/dna_fifo.v", "posedge clk", "negedge clk");
    CHECK(verif::lintEdges(chip).rfind("rtl/dna_fifo.v:", 0) == 0);
    fs::remove_all(folder);
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
