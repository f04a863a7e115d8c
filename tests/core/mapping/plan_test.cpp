#include "core/mapping/plan.h"

#include <doctest/doctest.h>

#include "core/mapping/cycles.h"
#include "core/mapping/transfers.h"
#include "core/mapping/values.h"
#include "core/network/space.h"
#include "tests/core/mapping/lowered.h"

using namespace dna;
using mapping::ArrayMode;
using mapping::Layer;
using mapping::LayerMapping;
using mapping::LayerPlan;

namespace {

/// 1x1 convolution of 32 to 48 channels on an 8x8 map.
Layer pointwise() {
    Layer layer;
    layer.name = "pointwise";
    layer.in_channels = 32, layer.out_channels = 48;
    layer.in_height = layer.in_width = layer.out_height = layer.out_width = 8;
    layer.subs = {{0, 48, 0, 32, 1, 0}};
    layer.macs = 32 * 48 * 64;
    return layer;
}

design::Chunk chunk16() {
    design::Chunk chunk;
    chunk.rows = 16, chunk.cols = 16, chunk.input_words = 64, chunk.weight_words = 512, chunk.output_words = 256;
    return chunk;
}

}  // namespace

TEST_CASE("a pointwise layer by hand: blocks, words and cycles") {
    // 8 lanes across, 2 down: 8 rows are 4 pixel blocks of 32 MAC cycles; 48 channels are 3 units.
    const LayerPlan plan = planOf(pointwise(), chunk16(), {.tile_rows = 8, .tile_channels = 48, .log2_x_lanes = 3});
    const mapping::SubPlan& sub = plan.subs.front();
    CHECK(sub.x_blocks == 1);
    CHECK(sub.y_blocks_full == 4);
    CHECK(sub.units_full == 3);
    CHECK(sub.reduction == 32);
    CHECK(sub.bubble == 0);
    CHECK(sub.unit_words == 8 + 32);
    CHECK(sub.plane_words == 4);  // 8 rows in 2 banks each, one word across
    CHECK(mapping::macCycles(plan) == 3 * 4 * 32);
    CHECK(mapping::jobIssueCycles(plan, sub, 0, 0) == 3 * 4 * 32 + 3 * (8 + 1));
    CHECK(mapping::weightTransfer(plan, sub, mapping::jobsOf(plan, sub)[0], 0).words == 3 * 40);
    CHECK(mapping::inputTransfer(plan, sub, mapping::jobsOf(plan, sub)[0]).totalWords() == 2 * 64);
}

TEST_CASE("tiles that do not fit are refused with buffer and words, or legalised") {
    design::Chunk chunk = chunk16();
    chunk.output_words = 128;
    const LayerMapping whole{.tile_rows = 8, .tile_channels = 48, .log2_x_lanes = 3};
    CHECK(refusalOf(pointwise(), chunk, whole) == "the output buffer holds 128 words, the tile needs 192 (64 over)");
    const auto legal = mapping::legalize(pointwise(), chunk, whole);
    REQUIRE(std::holds_alternative<LayerMapping>(legal));
    CHECK(std::holds_alternative<LayerPlan>(mapping::lower(pointwise(), chunk, std::get<LayerMapping>(legal))));
}

TEST_CASE("what the hardware does not have is refused") {
    const LayerMapping m{.tile_rows = 8, .tile_channels = 16, .log2_x_lanes = 3};
    Layer layer = pointwise();
    layer.kernel = 17;
    CHECK(std::holds_alternative<mapping::Refusal>(mapping::lower(layer, chunk16(), m)));
    CHECK(std::holds_alternative<mapping::Refusal>(
        mapping::lower(pointwise(), chunk16(), {.tile_rows = 3, .tile_channels = 16, .log2_x_lanes = 3})));
    CHECK(std::holds_alternative<mapping::Refusal>(
        mapping::lower(pointwise(), chunk16(), {.tile_rows = 8, .tile_channels = 20, .log2_x_lanes = 3})));
    CHECK(std::holds_alternative<mapping::Refusal>(
        mapping::lower(pointwise(), chunk16(), {.tile_rows = 8, .tile_channels = 16, .log2_x_lanes = 5})));
    layer = pointwise();
    layer.dilation = 3;
    CHECK(std::holds_alternative<mapping::Refusal>(mapping::lower(layer, chunk16(), m)));
    design::Chunk narrow = chunk16();
    narrow.accumulator_bits = 18;
    CHECK(std::holds_alternative<mapping::Refusal>(mapping::lower(pointwise(), narrow, m)));
}

TEST_CASE("max pools need PEs that can take maxima") {
    Layer pool = pointwise();
    pool.mode = ArrayMode::Depthwise, pool.pool = pool.max_pool = true, pool.out_channels = 32;
    pool.kernel = pool.kernel_width = pool.stride = 2, pool.out_height = pool.out_width = 4;
    pool.subs = {{0, 32, 0, 32, 1, 0}};
    const LayerMapping m{.tile_rows = 4, .tile_channels = 32, .log2_x_lanes = 2};
    CHECK(refusalOf(pool, chunk16(), m).find("max_pool") != std::string::npos);
    design::Chunk chunk = chunk16();
    chunk.max_pool = true;
    CHECK(planOf(pool, chunk, m).subs.front().reduction == 4);
}

TEST_CASE("bursts: 4 KiB boundaries and the longest burst") {
    std::vector<mapping::Burst> bursts;
    mapping::forEachBurst({4096 - 32, 600}, design::MemoryModel{}, 1,
                          [&](const mapping::Burst& b) { bursts.push_back(b); });
    REQUIRE(bursts.size() == 4);
    CHECK(bursts[0].words == 2);
    CHECK(bursts[1].words == 256);
    CHECK(bursts[2].words == 256);
    CHECK(bursts[3].words == 86);
    for (const mapping::Burst& b : bursts) CHECK(b.offset / 4096 == (b.offset + b.words * 16 - 1) / 4096);
}

TEST_CASE("bursts on a narrow bus have at most 256 beats") {
    std::vector<mapping::Burst> bursts;
    mapping::forEachBurst({1024 - 32, 200}, design::MemoryModel{}, 4,
                          [&](const mapping::Burst& b) { bursts.push_back(b); });
    REQUIRE(bursts.size() == 5);  // 2, 64, 64, 64 and 6 words of four beats
    CHECK(bursts[1].words == 64);
    CHECK(bursts[4].words == 6);
    for (const mapping::Burst& b : bursts) CHECK(b.offset / 4096 == (b.offset + b.words * 16 - 1) / 4096);
}

TEST_CASE("values of 4, 8 and 16 bits are read as they were written") {
    for (const int bits : {4, 8, 16}) {
        std::vector<uint8_t> bytes(32, 0xaa);
        for (int i = 0; i < 9; ++i) mapping::putValue(bytes.data(), i, bits, i % 2 == 0 ? -i : i - 1);
        for (int i = 0; i < 9; ++i) CHECK(mapping::getValue(bytes.data(), i, bits) == (i % 2 == 0 ? -i : i - 1));
        CHECK(bytes[size_t(9 * bits + 7) / 8] == 0xaa);
    }
}

TEST_CASE("jobs load what changed and release what nobody needs") {
    const LayerPlan rows_outer =
        planOf(pointwise(), chunk16(), {.tile_rows = 4, .tile_channels = 16, .log2_x_lanes = 3});
    const auto jobs = mapping::jobsOf(rows_outer, rows_outer.subs.front());
    REQUIRE(jobs.size() == 6);
    int inputs = 0, weights = 0, released = 0;
    for (const mapping::Job& job : jobs)
        inputs += job.input_changed, weights += job.weights_changed, released += job.input_released;
    CHECK(inputs == 2);
    CHECK(weights == 6);
    CHECK(released == 2);
    const LayerPlan channels_outer = planOf(
        pointwise(), chunk16(),
        {.tile_rows = 4, .tile_channels = 16, .log2_x_lanes = 3, .tile_order = mapping::TileOrder::ChannelsOuter});
    int other = 0;
    for (const mapping::Job& job : mapping::jobsOf(channels_outer, channels_outer.subs.front()))
        other += job.weights_changed;
    CHECK(other == 3);
}

TEST_CASE(
    "grouped convolutions become descriptors of one group each where blocks allow it; a folded shuffle reads two "
    "runs") {
    const network::NetworkSpace space = network::readSpace("mini");
    int g2 = 0;
    while (space.candidates[size_t(g2)].name != "k3_e1_g2") ++g2;
    const auto layers = mapping::extractLayers(network::buildOperator(space, 6, g2));  // 96 channels
    REQUIRE(layers.size() == 3);
    CHECK(layers[0].subs.size() == 2);
    CHECK(layers[0].subs[1] == mapping::SubLayer{48, 48, 48, 48, 1, 0});
    CHECK(layers[1].mode == ArrayMode::Depthwise);
    CHECK(layers[2].subs[0] == mapping::SubLayer{0, 48, 0, 24, 2, 48});
    CHECK(layers[2].subs[1] == mapping::SubLayer{48, 48, 24, 24, 2, 48});
    CHECK(layers[2].residual_node >= 0);
}
