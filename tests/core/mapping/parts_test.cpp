#include <doctest/doctest.h>

#include "core/mapping/cycles.h"
#include "core/mapping/plan.h"
#include "tests/core/mapping/lowered.h"

using namespace dna;
using mapping::ArrayMode;
using mapping::BlockOrder;
using mapping::Layer;
using mapping::LayerMapping;
using mapping::LayerPlan;

namespace {

/// A layer of 64 channels on a 4x4 map: 3x3 depthwise, or 1x1 dense.
Layer layerOf(ArrayMode mode, int input_node, int output_node) {
    Layer layer;
    layer.mode = mode;
    layer.input.node = input_node, layer.output_node = output_node;
    layer.in_channels = layer.out_channels = 64;
    layer.in_height = layer.in_width = layer.out_height = layer.out_width = 4;
    if (mode == ArrayMode::Depthwise) layer.kernel = layer.kernel_width = 3, layer.pad = 1, layer.groups = 64;
    layer.subs = {{0, 64, 0, 64, 1, 0}};
    return layer;
}

design::Chunk chunk16() {
    design::Chunk chunk;
    chunk.rows = 16, chunk.cols = 16, chunk.input_words = 64, chunk.weight_words = 512, chunk.output_words = 256;
    return chunk;
}

constexpr LayerMapping kWhole{.tile_rows = 4, .tile_channels = 64, .log2_x_lanes = 2};

}  // namespace

TEST_CASE("parts of a tile by hand: as few channel blocks as are stored in time") {
    // A unit: 9 MAC cycles and 7 of a bubble, a gap of 3, 8 words of parameters = 27; stored in 16. A part's last row follows
    // its last MAC by 10 stages, 15 rows and 11 stages of post-processing, less the bubble: 30 with a cycle to spare.
    // 30 + n (16 - 27) <= 27 n / 16 from n = 3 on.
    const LayerPlan plan = planOf(layerOf(ArrayMode::Depthwise, 0, 1), chunk16(), kWhole);
    const mapping::SubPlan& sub = plan.subs.front();
    CHECK(sub.part_blocks == 3);
    CHECK(plan.parts(sub, 0) == 2);
    CHECK(plan.partBlocks(sub, 0, 0) == 3);
    CHECK(plan.partBlocks(sub, 0, 1) == 1);
    SUBCASE("a long reduction leaves time to store every block by itself") {
        CHECK(planOf(layerOf(ArrayMode::Dense, 0, 1), chunk16(), kWhole).subs.front().part_blocks == 1);
    }
    SUBCASE("tiles whose blocks of channels are complete together are stored whole") {
        LayerMapping mapping = kWhole;
        mapping.block_order = BlockOrder::PixelsOuter;
        const LayerPlan whole = planOf(layerOf(ArrayMode::Depthwise, 0, 1), chunk16(), mapping);
        CHECK(whole.subs.front().part_blocks == 0);
        CHECK(whole.parts(whole.subs.front(), 0) == 1);
        CHECK(whole.partBlocks(whole.subs.front(), 0, 0) == 4);
    }
}

TEST_CASE("a depthwise layer reads blocks of channels of what one descriptor before it writes") {
    LayerMapping by_block = kWhole;
    by_block.tile_channels = 16;
    const LayerPlan before = planOf(layerOf(ArrayMode::Dense, 0, 1), chunk16(), by_block);
    const LayerPlan depthwise = planOf(layerOf(ArrayMode::Depthwise, 1, 2), chunk16(), by_block);
    const LayerPlan older = planOf(layerOf(ArrayMode::Depthwise, 0, 2), chunk16(), by_block);
    CHECK(mapping::readsBlocks(depthwise, before));
    CHECK(!mapping::readsBlocks(older, before));
    CHECK(!mapping::readsBlocks(planOf(layerOf(ArrayMode::Dense, 1, 2), chunk16(), by_block), before));
    LayerPlan of_two = before;
    of_two.subs.push_back(of_two.subs.front());
    CHECK(!mapping::readsBlocks(depthwise, of_two));
    const design::MemoryModel memory;
    CHECK(mapping::networkLatency({&before, &depthwise}, memory) < mapping::networkLatency({&before, &older}, memory));
}

TEST_CASE("chains of layers go on independently and agree with the whole network") {
    const LayerPlan first = planOf(layerOf(ArrayMode::Dense, 0, 1), chunk16(), kWhole);
    const LayerPlan second = planOf(layerOf(ArrayMode::Depthwise, 1, 2), chunk16(), kWhole);
    const design::MemoryModel memory;
    const mapping::LayerChain begin = mapping::LayerChain(memory).with(first);
    const mapping::LayerChain two = begin.with(second), other = begin.with(first);
    CHECK(begin.done() == mapping::networkLatency({&first}, memory));
    CHECK(two.done() == mapping::networkLatency({&first, &second}, memory));
    CHECK(other.done() == mapping::networkLatency({&first, &first}, memory));
    CHECK(two.done() == mapping::networkCycles({first, second}, memory).back().done);
}

TEST_CASE("pixels of a word of the picture are written at once where they belong to banks of their own") {
    Layer picture = layerOf(ArrayMode::Dense, 0, 1);
    picture.narrow_input = true, picture.in_channels = 3, picture.subs = {{0, 64, 0, 3, 1, 0}};
    const auto cycles = [&](int log2_x_lanes, int pixels) {
        const LayerMapping mapping{.tile_rows = 16, .tile_channels = 64, .log2_x_lanes = log2_x_lanes};
        const LayerPlan plan = planOf(picture, chunk16(), mapping);
        return plan.narrowCycles(plan.subs.front(), pixels);
    };
    CHECK(cycles(2, 4) == 1);
    CHECK(cycles(2, 1) == 1);
    CHECK(cycles(1, 4) == 4);  // two banks across
    picture.stride = 2, picture.out_height = picture.out_width = 2;
    CHECK(cycles(2, 4) == 2);  // even columns, then odd ones
    CHECK(cycles(1, 4) == 2);
    CHECK(cycles(0, 3) == 3);
}
