#include "flows/area_per_mac.h"

#include <doctest/doctest.h>

using namespace dna;
using flows::ModuleArea;

TEST_CASE("area per MAC: PEs of every template, dot lanes with their share of the adder trees") {
    const ModuleArea store{.module = "dna_store", .instances = 1, .own_um2 = 100, .total_um2 = 300};
    const auto perMac = [&](std::vector<ModuleArea> modules, const char* platform = "nangate45") {
        modules.insert(modules.begin(), store);
        return flows::areaPerMac(modules, 64000, platform);
    };
    CHECK(perMac({}).is_null());

    const auto output_array = perMac({{.module = "dna_pe", .instances = 64, .own_um2 = 57600, .total_um2 = 900}});
    CHECK(output_array.at("macs") == 64);
    CHECK(output_array.at("pe_um2") == 900.0);
    CHECK(output_array.at("all_logic_um2") == 1000.0);
    CHECK(output_array.at("other_logic_um2") == 100.0);
    CHECK(output_array.at("anchors_um2").contains("target_t3_broadcast_cut"));
    CHECK_FALSE(perMac({{.module = "dna_pe", .instances = 64, .total_um2 = 900}}, "osu018").contains("anchors_um2"));

    const ModuleArea ws{.module = "dna_pe_ws", .instances = 64, .own_um2 = 32000, .total_um2 = 500};
    const auto dot = perMac({ws, {.module = "dna_tree", .instances = 8, .own_um2 = 6400, .total_um2 = 800}});
    CHECK(dot.at("tree_um2") == 100.0);
    CHECK(dot.at("pe_um2") == 600.0);
    CHECK(dot.at("anchors_um2").contains("target_t1_dot_lane_cut"));

    const auto systolic = perMac({ws});
    CHECK_FALSE(systolic.contains("tree_um2"));
    CHECK(systolic.at("pe_um2") == 500.0);
    CHECK(systolic.at("anchors_um2").contains("target_t2_weight_stationary_cut"));

    const auto rows = perMac({{.module = "dna_pe_rs", .instances = 64, .total_um2 = 950}});
    CHECK(rows.at("pe_um2") == 950.0);
    CHECK(rows.at("anchors_um2").size() == 2);
}
