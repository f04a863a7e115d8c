#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/error.h"
#include "flows/liberty.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::flows;
namespace fs = std::filesystem;

namespace {

const char* const kSmall = R"(/* a comment */
library (small) {
  nom_voltage : 2.0;
  time_unit : "1ns";  leakage_power_unit : "1uW";
  capacitive_load_unit (1, ff);
  power_lut_template (both) { variable_1 : total_output_net_capacitance; variable_2 : input_transition_time;
    index_1 ("0, 10"); index_2 ("0, 1, 2"); }
  cell (NAND) {
    area : 3.5; cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 4; }
    pin (B) { direction : input; capacitance : 5; }
    pin (Y) { direction : output; function : "(A B)'";
      internal_power () { related_pin : "A";
        rise_power (both) { values ("0, 1, 2", \
                                    "10, 11, 12"); }
        fall_power (both) { values ("0, 0, 0", "0, 0, 0"); } } }
  }
  cell (FLOP) {
    area : 7;
    ff (Q1, Q2) { next_state : "D"; clocked_on : "C"; clear : "!R"; }
    leakage_power () { when : "D"; value : 1; }
    leakage_power () { when : "!D"; value : 3; }
    pin (C) { direction : input; clock : true; }
    pin (Q) { direction : output; function : "Q1"; }
  }
}
)";

uint64_t valueOf(const std::string& text, std::vector<uint64_t> values) {
    return LogicFunction(text, "test").evaluate(values.data());
}

}  // namespace

TEST_CASE("liberty: cells, units and tables of a small file") {
    const Library library = libraryOf(parseLiberty(kSmall, "small.lib"), "small.lib");
    CHECK(library.voltage == 2.0);
    const LibraryCell& nand = library.cells.at("NAND");
    CHECK(nand.area_um2 == 3.5);
    CHECK(nand.leakage_nw == doctest::Approx(2000));
    CHECK(nand.pin("B")->capacitance_pf == doctest::Approx(0.005));
    CHECK(nand.pin("Z") == nullptr);
    // The file's table has the load first: at 5 fF, 1.5 ns the rise is between 0..2 and 10..12 -> 6.5 fJ; mean with 0.
    CHECK(nand.pin("Y")->energies.at(0).perToggle(1.5, 0.005) == doctest::Approx(0.5 * 6.5e-3));
    CHECK(nand.pin("Y")->energies.at(0).rise.at(99, 99) == doctest::Approx(12e-3));
    const LibraryCell& flop = library.cells.at("FLOP");
    CHECK(flop.sequential());
    CHECK(flop.leakage_nw == doctest::Approx(2000));
    CHECK(flop.flip_flops.at(0).clear.operands() == std::vector<std::string>{"R"});
}

TEST_CASE("liberty: cells are taken out by pattern and the rest stays readable") {
    const LibertyGroup group = parseLiberty(kSmall, "small.lib");
    const std::string text = withoutCells(kSmall, group, {"NA*"});
    const Library library = libraryOf(parseLiberty(text, "small.lib"), "small.lib");
    CHECK(library.cells.count("NAND") == 0);
    CHECK(library.cells.count("FLOP") == 1);
    CHECK(matchesPattern("sky130_fd_sc_hd__probe_p_8", "*probe*"));
    CHECK(matchesPattern("AOI211_X1", "AOI211_X?"));
    CHECK_FALSE(matchesPattern("AOI211_X1", "AOI211"));
}

TEST_CASE("liberty: functions follow Liberty's precedence") {
    const uint64_t a = 0b0011, b = 0b0101;
    CHECK((valueOf("A B", {a, b}) & 15) == 0b0001);
    CHECK((valueOf("(A B)'", {a, b}) & 15) == 0b1110);
    CHECK((valueOf("!A+B", {a, b}) & 15) == 0b1101);
    CHECK((valueOf("A^B", {a, b}) & 15) == 0b0110);
    CHECK((valueOf("A & B ^ B", {a, b}) & 15) == 0b0000);  // A & (B ^ B)
    CHECK((valueOf("A' * B | A", {a, b}) & 15) == 0b0111);
    CHECK(valueOf("1", {}) == ~uint64_t{0});
    CHECK_THROWS_AS(LogicFunction("A + ", "x"), base::InputError);
    CHECK_THROWS_AS(LogicFunction("(A", "x"), base::InputError);
    CHECK_THROWS_AS(LogicFunction(std::string(1000, '('), "x"), base::InputError);
}

TEST_CASE("liberty: broken files are refused with the line") {
    CHECK_THROWS_AS(parseLiberty("", "x.lib"), base::InputError);
    CHECK_THROWS_AS(parseLiberty("library (a) { cell (b) {", "x.lib"), base::InputError);
    CHECK_THROWS_AS(parseLiberty("library (a) { /* ", "x.lib"), base::InputError);
    CHECK_THROWS_WITH_AS(parseLiberty("library (a) {\n ) }", "x.lib"), "x.lib: line 2: not valid Liberty: unexpected ')'",
                         base::InputError);
    CHECK_THROWS_AS(libraryOf(parseLiberty("cell (a) { }", "x.lib"), "x.lib"), base::InputError);
}

TEST_CASE("liberty: osu018 has the cells that synthesis needs") {
    const fs::path file = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";
    if (!fs::exists(file)) DNA_SKIP("qflow-tech-osu018 is not installed");
    const Library library = readLibrary(file);
    CHECK(library.cells.size() == 32);
    CHECK(library.voltage == doctest::Approx(1.8));
    const LibraryCell& nand = library.cells.at("AND2X1");
    CHECK(nand.area_um2 == 32);
    CHECK(nand.pin("A")->capacitance_pf == doctest::Approx(0.0129077));
    CHECK(nand.pin("Y")->energies.size() == 2);
    // First row, first column of the file: 5 fF, 0.06 ns.
    CHECK(nand.pin("Y")->energies[0].rise.at(0.06, 0.005) == doctest::Approx(0.012351));
    CHECK(library.cells.at("DFFPOSX1").flip_flops.size() == 1);
    CHECK(library.cells.at("DFFPOSX1").pin("CLK")->energies.size() == 1);
}
