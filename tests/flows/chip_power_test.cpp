#include "flows/chip_power.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "costmodel/cost.h"
#include "tests/flows/osu018.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::flows;
namespace fs = std::filesystem;

namespace {

/// A post-processing unit of the library, mapped as part of a chip.
YosysResult mappedPpu(int columns, int columns_per_lane, const Platform& platform, const PreparedPlatform& prepared, const fs::path& folder) {
    base::SilentLog log;
    YosysOptions options{.sources = {folder / "top.v"}, .top = "wrapped", .clock_mhz = platform.clock_mhz, .folder = folder};
    const int accumulator = design::Chunk{}.accumulator_bits;
    base::writeFileAtomic(folder / "top.v", fmt::format(
        "module wrapped (input clk, input rst_n, input write_i, input [4:0] index_i, input [127:0] data_i, input activate_i, input valid_i, input [8:0] addr_i,\n"
        "    input half_i, input [{0}:0] row_i, input raw_i, input residual_i, input [77:0] settings_i, output residual_read_o, output [8:0] residual_addr_o,\n"
        "    input [127:0] residual_data_i, output write_o, output [15:0] write_mask_o, output [8:0] write_addr_o, output [127:0] write_data_o);\n"
        "  dna_ppu #(.COLS({1}), .SHARE({2}), .ACC_BITS({3}), .STAGES({4})) u_ppu (.clk(clk), .rst_n(rst_n), .parameter_write_i(write_i),\n"
        "    .parameter_index_i(index_i), .parameter_data_i(data_i), .activate_i(activate_i), .valid_i(valid_i), .addr_i(addr_i), .half_i(half_i),\n"
        "    .slot_i(1'b0), .residual_slot_i(1'b0), .row_i(row_i), .raw_i(raw_i), .residual_i(residual_i), .zero_i(settings_i[7:0]),\n"
        "    .low_i(settings_i[15:8]), .high_i(settings_i[23:16]), .zero_b_i(settings_i[31:24]), .multiplier_a_i(settings_i[47:32]),\n"
        "    .multiplier_b_i(settings_i[63:48]), .shift_i(settings_i[69:64]), .sum_zero_i(settings_i[77:70]), .sum_low_i(settings_i[77:70]),\n"
        "    .sum_high_i(settings_i[77:70]), .residual_read_o(residual_read_o), .residual_slot_o(), .residual_addr_o(residual_addr_o),\n"
        "    .residual_data_i(residual_data_i), .write_o(write_o), .write_slot_o(), .write_mask_o(write_mask_o), .write_addr_o(write_addr_o),\n"
        "    .write_data_o(write_data_o));\nendmodule\n",
        columns * accumulator - 1, columns, columns_per_lane, accumulator, 11 + (columns_per_lane > 1 ? columns_per_lane : 0)));
    for (const char* source : {"dna_ppu.v", "dna_ppu_lane.v", "dna_multiply.v", "dna_requantize.v"}) {
        fs::copy_file(fs::path(DNA_SOURCE_DIR) / "rtlgen/rtl" / source, folder / source);
        options.sources.push_back(folder / source);
    }
    return synthesise(options, platform, prepared, log);
}

void writeVerified(const fs::path& run, base::Json layer) {
    base::Json json = base::makeDocument("verify");
    json["totals"] = {{"cycles_rtl", 100}};
    json["layers"] = base::Json::array();
    json["layers"].push_back(std::move(layer));
    base::writeJson(run / "verify.json", json);
}

}  // namespace

TEST_CASE("lanes: the model's prices are those of mapped lanes, of one column or of several and however few they are") {
    if (!haveOsu018()) DNA_SKIP("yosys or qflow-tech-osu018 is not installed");
    const Platform platform = builtinPlatform("osu018");
    const PreparedPlatform prepared = preparePlatform(platform, platformFolder(platform, std::nullopt));
    for (const auto& [columns, shared] : {std::pair{8, 1}, std::pair{8, 2}, std::pair{16, 4}}) {
        CAPTURE(columns);
        CAPTURE(shared);
        const TemporaryFolder folder;
        const YosysResult mapped = mappedPpu(columns, shared, platform, prepared, folder.path);
        const LaneEnergy lane = laneEnergy(*mapped.netlist.find("dna_ppu_lane"), prepared.library, platform.input_slew_ns);
        design::Chunk chunk;
        chunk.cols = columns, chunk.columns_per_lane = shared;
        const costmodel::ChunkPrices prices = costmodel::pricesOf(chunk, costmodel::builtinTechnology("osu018"), "lpddr4", 100);
        REQUIRE(prices.lanes == columns / shared);
        CHECK(prices.lane_pj == doctest::Approx(lane.busy.total()).epsilon(0.03));
        CHECK(prices.lane_idle_pj == doctest::Approx(lane.idle.total()).epsilon(0.03));
        for (const ModuleArea& module : moduleAreas(mapped.netlist, mapped.areas, prepared.library))
            if (module.module == "dna_ppu_lane") CHECK(prices.area.ppu == doctest::Approx(prices.lanes * module.total_um2).epsilon(0.03));
    }
}

TEST_CASE("chip power: values and partial sums are what the simulation counted") {
    const TemporaryFolder folder;
    base::Json layer{{"name", "a"}, {"values", 320}};
    layer["accesses_rtl"] = {{"output_writes", 40}, {"macs", 6400}, {"psum_reads", 30}, {"psum_writes", 31}};
    writeVerified(folder.path, layer);
    const RunCounters counters = readRunCounters(folder.path).value();
    CHECK(counters.cycles == 100);
    CHECK(counters.values == 320);  // eight columns: not a word's sixteen a write
    CHECK(counters.buffers.at("psum").reads == 30);
    ChipPrices prices;
    prices.lanes = 4;
    prices.lane.busy.switching_pj = 3, prices.lane.idle.clock_pj = 1;
    prices.buffers["psum"].read_pj = 2, prices.buffers["psum"].write_pj = 5;
    const ChipEnergy energy = chipEnergy(prices, counters, 100);
    CHECK(energy.lane_pj == 320 * 3 + (4 * 100 - 320) * 1);
    CHECK(energy.memory_pj == 30 * 2 + 31 * 5);

    layer.erase("values");
    writeVerified(folder.path, layer);
    CHECK_THROWS_WITH_AS(readRunCounters(folder.path), doctest::Contains("run dna verify again"), base::InputError);
}

TEST_CASE("chip power: a memory belongs to the buffer named nearest to it, not to the template") {
    CHECK(bufferOf("/u_chunk/gen_weight_stationary.u_engine/u_datapath/u_psum/gen_half[0].u_sram") == "psum");
    CHECK(bufferOf("/u_chunk/gen_weight_stationary.u_engine/u_datapath/u_output_buffer/u_sram") == "output");
    CHECK(bufferOf("/u_chunk/gen_output_array.u_engine/u_datapath/u_residual_buffer/u_sram") == "residual");
    CHECK(bufferOf("/u_chunk/gen_output_array.u_engine/u_datapath/u_input_buffer/u_sram") == "input");
    CHECK(bufferOf("/u_chunk/u_descriptors/u_sram").empty());
}
