#include "flows/characterize.h"

#include <doctest/doctest.h>

#include "tests/flows/osu018.h"
#include "tests/skip.h"

using namespace dna;

TEST_CASE("characterize: prices of every template's PE and of shared lanes, from the cells of osu018") {
    if (!haveOsu018()) DNA_SKIP("yosys or qflow-tech-osu018 is not installed");
    base::SilentLog log;
    const costmodel::LogicPrices found = flows::characterizePes({.platform = "osu018", .pdk_root = {}}, log);
    // The built-in technology was characterised like this.
    const costmodel::LogicPrices built_in = costmodel::builtinTechnology("osu018").logic;
    const auto near = [](double value, double of) { return value == doctest::Approx(of).epsilon(0.1); };
    CHECK(near(found.pe_area_um2, built_in.pe_area_um2));
    CHECK(near(found.mac_energy_pj, built_in.mac_energy_pj));
    CHECK(near(found.dot_area_um2, built_in.dot_area_um2));
    CHECK(near(found.dot_mac_energy_pj, built_in.dot_mac_energy_pj));
    CHECK(near(found.systolic_area_um2, built_in.systolic_area_um2));
    CHECK(near(found.row_area_um2, built_in.row_area_um2));
    CHECK(near(found.row_mac_energy_pj, built_in.row_mac_energy_pj));
    CHECK(near(found.psum_area_um2, built_in.psum_area_um2));
    CHECK(near(found.pick_area_per_bit_um2, built_in.pick_area_per_bit_um2));
    CHECK(near(found.shared_lane_area_um2, built_in.shared_lane_area_um2));
    CHECK(near(found.shared_lane_energy_pj, built_in.shared_lane_energy_pj));
    CHECK(near(found.shared_lane_energy_per_column_pj, built_in.shared_lane_energy_per_column_pj));
    CHECK(near(found.shared_lane_idle_energy_pj, built_in.shared_lane_idle_energy_pj));
    CHECK(found.mac_energy_per_accumulator_bit_pj > 0);
    CHECK(found.row_area_per_word_um2 > 0);
}
