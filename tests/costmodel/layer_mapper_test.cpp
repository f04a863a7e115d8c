#include "costmodel/layer_mapper.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "core/base/rng.h"
#include "core/network/network.h"

using namespace dna;
using namespace dna::costmodel;

namespace {

/// A convolution of random shape between an input and a classifier.
mapping::Layer randomLayer(base::Rng& rng) {
    network::Node input, conv, pool, linear;
    const int channels = 4 * (1 + int(rng.below(12))), size = 4 + int(rng.below(13));
    input.name = "input", input.shape = {channels, size, size};
    conv.name = "conv", conv.op = network::Op::Conv2d, conv.kernel = 1 + 2 * int(rng.below(3)),
    conv.pad = conv.kernel / 2;
    conv.stride = 1 + int(rng.below(2)), conv.relu = conv.batch_norm = true;
    const bool depthwise = rng.below(3) == 0;
    conv.out_channels = depthwise ? channels : 4 * (1 + int(rng.below(20)));
    conv.groups = depthwise ? channels : 1;
    pool.name = "pool", pool.op = network::Op::GlobalAveragePool;
    linear.name = "linear", linear.op = network::Op::Linear, linear.out_channels = 10;
    const auto graph =
        network::makeNetwork("random", {input, conv, pool, linear}, {{}, {"input"}, {"conv"}, {"pool"}}, "test");
    return mapping::extractLayers(graph).front();
}

design::Chunk randomChunk(base::Rng& rng) {
    design::Chunk chunk;
    chunk.array = design::Template(1 + rng.below(4));
    chunk.rows = 4 << rng.below(3);
    chunk.cols = 8 << rng.below(2);
    chunk.input_words = 32 << rng.below(4);
    if (chunk.weightsStay()) chunk.input_words *= 8;
    chunk.weight_words = 512 << rng.below(3);
    chunk.output_words = 128 << rng.below(3);
    chunk.psum_words = 16 << rng.below(3);
    chunk.input_slots = 1 + int(rng.below(2)), chunk.weight_slots = 1 + int(rng.below(2));
    chunk.output_slots = 1 + int(rng.below(2));
    return chunk;
}

}  // namespace

TEST_CASE("mapping on a design: branch and bound finds what exhaustive pricing finds, for every objective") {
    base::Rng rng(7, "layer mapper");
    const Technology technology = builtinTechnology("osu018");
    using Kind = LayerObjective::Kind;
    int feasible = 0, cases = 0;
    for (; cases < 120; ++cases) {
        const mapping::Layer layer = randomLayer(rng);
        const design::Chunk chunk = randomChunk(rng);
        const ChunkPrices prices = pricesOf(chunk, technology, "lpddr4", 100);
        const LayerObjective objective{Kind(rng.below(4)), 50.0 * double(rng.below(100))};
        double best = std::numeric_limits<double>::infinity();
        forEachMapping(layer, chunk, [&](const mapping::LayerPlan& plan) {
            const LayerPrice price = priceLayer(plan, prices, true);
            best = std::min(best, objective.value(price.energyPj(), price.cycles));
        });
        const MappedLayer found = mapLayer(layer, chunk, prices, {.objective = objective});
        CAPTURE(cases);
        CHECK(found.mapping.has_value() == (best < std::numeric_limits<double>::infinity()));
        if (!found.mapping) {
            CHECK(!found.refusal.reason.empty());
            continue;
        }
        ++feasible;
        CHECK(found.objective == best);
        CHECK(found.optimal);
        CHECK(found.bound == best);
        const MappedLayer near = mapLayer(layer, chunk, prices, {.objective = objective, .gap = 0.02});
        CHECK(near.bound <= best);
        CHECK(near.objective * 0.98 <= best);
        CHECK(near.evaluated <= found.evaluated);
    }
    CHECK(feasible >= 100);
}

TEST_CASE("mapping on a design: reductions are split only when nothing else fits, into the fewest passes") {
    mapping::Layer layer;
    layer.name = "wide";
    layer.in_channels = 64, layer.out_channels = 16;
    layer.in_height = layer.in_width = layer.out_height = layer.out_width = 8;
    layer.kernel = layer.kernel_width = 3, layer.pad = 1;
    layer.subs = {{0, 16, 0, 64, 1, 0}};
    layer.macs = 64 * 16 * 64 * 9;
    design::Chunk chunk;
    chunk.cols = 16, chunk.weight_words = 400, chunk.output_words = 256;  // a unit of all channels: 8 + 576 words
    const auto passesOf = [&] {
        std::vector<size_t> passes;
        forEachMapping(layer, chunk, [&](const mapping::LayerPlan& plan) { passes.push_back(plan.subs.size()); });
        std::sort(passes.begin(), passes.end());
        passes.erase(std::unique(passes.begin(), passes.end()), passes.end());
        return passes;
    };
    CHECK(passesOf().empty());
    chunk.split_reduction = true;
    CHECK(passesOf() == std::vector<size_t>{2});
    chunk.weight_words = 600;
    CHECK(passesOf() == std::vector<size_t>{1});
}
