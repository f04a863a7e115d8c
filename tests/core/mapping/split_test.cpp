// Splitting the reduction over input channels, with partial sums in DRAM.
#include <doctest/doctest.h>

#include "core/mapping/cycles.h"
#include "core/mapping/transfers.h"
#include "tests/core/mapping/lowered.h"

using namespace dna;
using mapping::Layer;
using mapping::LayerMapping;
using mapping::LayerPlan;

namespace {

/// 3x3 convolution of 80 to 24 channels on an 8x8 map.
Layer wide() {
    Layer layer;
    layer.name = "wide";
    layer.in_channels = 80, layer.out_channels = 24;
    layer.in_height = layer.in_width = layer.out_height = layer.out_width = 8;
    layer.kernel = layer.kernel_width = 3, layer.pad = 1;
    layer.subs = {{0, 24, 0, 80, 1, 0}};
    layer.macs = 80 * 24 * 64 * 9;
    return layer;
}

/// A unit of the whole reduction has 8 + 720 weight words.
design::Chunk smallChunk() {
    design::Chunk chunk;
    chunk.rows = 8, chunk.cols = 16, chunk.input_words = 64, chunk.weight_words = 600, chunk.output_words = 256;
    chunk.split_reduction = true;
    return chunk;
}

}  // namespace

TEST_CASE("a split reduction: passes, their words and their cycles by hand") {
    const LayerMapping m{.tile_rows = 2, .tile_channels = 32, .log2_x_lanes = 3, .tile_reduction = 32};
    const LayerPlan plan = planOf(wide(), smallChunk(), m);
    REQUIRE(plan.subs.size() == 3);
    CHECK(plan.splitsReduction());
    const int channels[] = {32, 32, 16};
    for (int i = 0; i < 3; ++i) {
        const mapping::SubPlan& sub = plan.subs[size_t(i)];
        CHECK(sub.spills == (i < 2));
        CHECK(sub.reloads == (i > 0));
        CHECK(sub.sub.in_begin == 32 * i);
        CHECK(sub.reduction == 9 * channels[i]);
        CHECK(sub.input_block == 2 * i);
        CHECK(sub.pace == 4);  // 16 sums of 32 bits are four words
        CHECK(sub.gap == 1);  // units of several blocks
    }
    // 32 drain cycles against 144 MAC cycles a block.
    CHECK(plan.subs[2].bubble == 0);
    // A tile: 2 rows of 8 pixels, 2 words of channels, four words of sums each. Sums of the map: 2 x 64 x 4 words.
    const mapping::Job job = mapping::jobsOf(plan, plan.subs[1])[1];
    CHECK(mapping::outputTransfer(plan, plan.subs[1], job).totalWords() == 2 * 16 * 4);
    CHECK(mapping::outputTransfer(plan, plan.subs[1], job).offset == 16 * 4 * 16);
    CHECK(mapping::residualTransfer(plan, plan.subs[1], job).offset == 16 * 4 * 16);
    CHECK(mapping::residualTransfer(plan, plan.subs[1], job).pitch == 64 * 4 * 16);
    CHECK(mapping::outputTransfer(plan, plan.subs[2], job).totalWords() == 2 * 16);
    CHECK(mapping::sumsMapBytes(wide()) == 2 * 64 * 4 * 16);
}

TEST_CASE("short reductions of a pass wait for the slower drain") {
    Layer layer = wide();
    layer.kernel = layer.kernel_width = 1, layer.pad = 0;
    const LayerPlan plan =
        planOf(layer, smallChunk(), {.tile_rows = 1, .tile_channels = 16, .log2_x_lanes = 3, .tile_reduction = 16});
    CHECK(plan.subs[0].bubble == 4 * 8 - 16);
}

TEST_CASE("what can't be split is refused with the reason") {
    const LayerMapping m{.tile_rows = 1, .tile_channels = 16, .log2_x_lanes = 3, .tile_reduction = 32};
    design::Chunk chunk = smallChunk();
    Layer layer = wide();
    CHECK(refusalOf(layer, chunk, {1, 16, 3, {}, {}, 24}).find("multiple of 16") != std::string::npos);
    layer.residual_node = 1;
    CHECK(refusalOf(layer, chunk, m).find("residual") != std::string::npos);
    chunk.split_reduction = false;
    CHECK(refusalOf(wide(), chunk, m).find("split_reduction") != std::string::npos);
    chunk.array = design::Template::DotLanes;
    CHECK(refusalOf(wide(), chunk, {1, 16, 0, {}, {}, 32}).find("output_array") != std::string::npos);
    // Four rows of 8 pixels with 16 channels fit as values, not as sums.
    chunk = smallChunk(), chunk.output_words = 127;
    CHECK(refusalOf(wide(), chunk, {4, 16, 3, {}, {}, 32}).find("the output buffer holds 127 words") == 0);
}

TEST_CASE("legalize splits into the fewest passes that fit, and only when nothing else does") {
    const LayerMapping wanted{.tile_rows = 8, .tile_channels = 32, .log2_x_lanes = 3};
    const auto split = mapping::legalize(wide(), smallChunk(), wanted);
    REQUIRE(std::holds_alternative<LayerMapping>(split));
    CHECK(std::get<LayerMapping>(split).tile_reduction == 48);  // 8 + 432 words; two passes
    design::Chunk chunk = smallChunk();
    chunk.weight_words = 1024;
    CHECK(std::get<LayerMapping>(mapping::legalize(wide(), chunk, wanted)).tile_reduction == 0);
    chunk.weight_words = 600, chunk.split_reduction = false;
    CHECK(std::holds_alternative<mapping::Refusal>(mapping::legalize(wide(), chunk, wanted)));
}
