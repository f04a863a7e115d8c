#include "core/mapping/fold.h"

#include <doctest/doctest.h>

#include <map>
#include <tuple>

#include "core/base/rng.h"
#include "core/mapping/plan.h"

using namespace dna;
using mapping::Fold;
using mapping::Layer;

namespace {

design::Chunk rowStationary(int rows, int rf_words) {
    design::Chunk chunk;
    chunk.array = design::Template::RowStationary;
    chunk.rows = rows, chunk.cols = 16, chunk.rf_words = rf_words, chunk.psum_words = 128;
    chunk.input_words = 4096, chunk.weight_words = 16384, chunk.output_words = 4096;
    return chunk;
}

Layer convolution(int channels, int size, int kernel, int stride = 1, int dilation = 1) {
    Layer layer;
    layer.name = "layer";
    layer.in_channels = channels, layer.out_channels = 16;
    layer.kernel = layer.kernel_width = kernel, layer.stride = stride, layer.dilation = dilation;
    layer.pad = dilation * (kernel / 2);
    layer.in_height = layer.in_width = size;
    layer.out_height = layer.out_width = (size + 2 * layer.pad - layer.span()) / stride + 1;
    layer.subs = {{.out_channels = 16, .in_channels = channels}};
    return layer;
}

Fold foldOf(const Layer& layer, const design::Chunk& chunk, int tile_rows) {
    return bestFold(layer, layer.subs[0], chunk, tile_rows, 0, 0);
}

int64_t unitCycles(const Layer& layer, const Fold& fold, int tile_rows) {
    const int sets = fold.taps() * setsOfRun(layer.subs[0], layer.mode, 0, 0, fold.setChannels());
    return foldUnitCycles(fold, sets, foldSteps(fold, tile_rows, layer.out_width));
}

/// How often the array adds each product (filter row, filter column, channel) into output row 0, walking over array
/// rows.
std::map<std::tuple<int, int, int>, int> products(const Layer& layer, const Fold& fold) {
    std::map<std::tuple<int, int, int>, int> count;
    const int sets = setsOfRun(layer.subs[0], layer.mode, 0, 0, fold.setChannels());
    for (int down = 0; down < fold.row_passes; ++down)
        for (int across = 0; across < fold.column_passes; ++across)
            for (int set = 0; set < sets; ++set)
                for (int place = 0; place < fold.chain(); ++place)
                    for (int i = 0; i < fold.stepMacs(); ++i) {
                        const int y = down * fold.filter_rows + place % fold.filter_rows;
                        const int x = across * fold.filter_columns + i / fold.channels;
                        const int c =
                            set * fold.setChannels() + place / fold.filter_rows * fold.channels + i % fold.channels;
                        if (y < layer.kernel && x < layer.kernel_width && c < layer.in_channels) ++count[{y, x, c}];
                    }
    return count;
}

}  // namespace

TEST_CASE("folds use the array rows that kernel and tile allow, counted by hand") {
    // 15 output rows, 32 channels: 3 filter rows x 5 output rows; every product once on 15 of 16 rows.
    const Layer small = convolution(32, 15, 3);
    const Fold three = foldOf(small, rowStationary(16, 32), 15);
    CHECK(three.filter_rows == 3);
    CHECK(three.groups == 5);
    CHECK(unitCycles(small, three, 15) == 15 * 15 * 9 * 32 / 15);
    const Layer middle = convolution(32, 15, 5);
    CHECK(unitCycles(middle, foldOf(middle, rowStationary(16, 32), 15), 15) == 15 * 15 * 25 * 32 / 15);
    // 7 x 2 would be 14 rows; one filter row and 8 slices of channels for each of 2 output rows are 16.
    const Layer large = convolution(32, 14, 7);
    CHECK(unitCycles(large, foldOf(large, rowStationary(16, 32), 14), 14) == 14 * 14 * 49 * 32 / 16);
    // One pixel: a channel a cycle, because that is how fast weights are written.
    const Layer linear = convolution(64, 1, 1);
    CHECK(unitCycles(linear, foldOf(linear, rowStationary(16, 32), 1), 1) == 64);
    // A kernel taller than the array takes passes.
    const Fold tall = foldOf(convolution(16, 15, 15), rowStationary(8, 64), 8);
    CHECK(tall.row_passes * tall.filter_rows >= 15);
    CHECK(tall.row_passes > 1);
}

TEST_CASE("random folds fit the array and make every product exactly once") {
    base::Rng rng(1, "fold test");
    for (int i = 0; i < 400; ++i) {
        CAPTURE(i);
        const int kernel = 1 + int(rng.below(15)), stride = 1 + int(rng.below(2)), dilation = 1 + int(rng.below(2));
        const Layer layer = convolution(1 + int(rng.below(40)), 1 + int(rng.below(30)), kernel, stride, dilation);
        const design::Chunk chunk = rowStationary(4 << rng.below(4), 8 << rng.below(4));
        const int tile_rows = 1 + int(rng.below(uint64_t(layer.out_height)));
        const Fold fold = foldOf(layer, chunk, tile_rows);
        CHECK(fold.groups * fold.chain() <= chunk.rows);
        CHECK((fold.groups - 1) * stride + (fold.filter_rows - 1) * dilation + 1 <= chunk.rows);
        CHECK(2 * fold.stepMacs() <= chunk.rf_words);
        CHECK(16 % fold.setChannels() == 0);
        CHECK(fold.step_cycles >= fold.stepMacs());
        CHECK(fold.step_cycles >= fold.groups + fold.chain() - 1);
        const int sets = fold.taps() * setsOfRun(layer.subs[0], layer.mode, 0, 0, fold.setChannels());
        if (sets > 1) CHECK(fold.block_steps * fold.groups <= chunk.psum_words);
        const auto count = products(layer, fold);
        CHECK(int(count.size()) == kernel * kernel * layer.in_channels);
        for (const auto& [product, times] : count) CHECK(times == 1);
    }
}

TEST_CASE("row-stationary: what can't be mapped is refused with the reason") {
    Layer pool = convolution(16, 8, 2, 2);
    pool.mode = mapping::ArrayMode::Depthwise, pool.pool = pool.max_pool = true;
    const auto refused = mapping::lower(pool, rowStationary(8, 16), {.tile_rows = 4, .tile_channels = 16});
    REQUIRE(std::holds_alternative<mapping::Refusal>(refused));
    CHECK(std::get<mapping::Refusal>(refused).reason.find("output_array") != std::string::npos);
    const Layer layer = convolution(16, 8, 3);
    const auto lanes =
        mapping::lower(layer, rowStationary(8, 16), {.tile_rows = 4, .tile_channels = 16, .log2_x_lanes = 1});
    CHECK(std::holds_alternative<mapping::Refusal>(lanes));
    CHECK(std::holds_alternative<mapping::LayerPlan>(
        mapping::lower(layer, rowStationary(8, 16), {.tile_rows = 3, .tile_channels = 16})));
}
