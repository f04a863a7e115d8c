// Layers whose weights stand two in the place of one: words by hand for every template, and what is not packed.
#include <doctest/doctest.h>

#include "core/mapping/cycles.h"
#include "core/mapping/descriptor.h"
#include "core/mapping/transfers.h"
#include "core/mapping/values.h"
#include "core/nn/integer/integer_network.h"
#include "costmodel/counts.h"
#include "tests/core/mapping/lowered.h"

using namespace dna;
using mapping::ArrayMode;
using mapping::Layer;
using mapping::LayerPlan;

namespace {

/// 3x3 convolution of 16 to 16 channels on a 4x4 map with 4-bit weights.
Layer narrow() {
    Layer layer;
    layer.name = "narrow";
    layer.in_channels = layer.out_channels = 16;
    layer.in_height = layer.in_width = layer.out_height = layer.out_width = 4;
    layer.kernel = layer.kernel_width = 3, layer.pad = 1;
    layer.weight_bits = 4;
    layer.subs = {{0, 16, 0, 16, 1, 0}};
    return layer;
}

design::Chunk chunkOf(design::Template array, int rows, int cols) {
    design::Chunk chunk;
    chunk.array = array, chunk.rows = rows, chunk.cols = cols;
    chunk.input_words = 256, chunk.packed_weights = true;
    return chunk;
}

LayerPlan planOf(const Layer& layer, const design::Chunk& chunk) {
    return ::planOf(layer, chunk, {.tile_rows = 4, .tile_channels = 16});
}

/// Words of a unit behind its parameters.
int vectorWords(const LayerPlan& plan) { return plan.subs[0].unit_words - design::timingOf(plan.chunk).parameter_words; }

}  // namespace

TEST_CASE("packed weights: words of a unit by hand") {
    using enum design::Template;
    const Layer layer = narrow();
    // 9 taps of 16 channels are 144 vectors; a word of 128 bits holds 2 of 16 or 4 of 8 packed weights.
    CHECK(vectorWords(planOf(layer, chunkOf(OutputArray, 8, 16))) == 72);
    CHECK(vectorWords(planOf(layer, chunkOf(OutputArray, 8, 8))) == 36);
    // 18 sets of 8 rows are 4 or 2 words each.
    CHECK(vectorWords(planOf(layer, chunkOf(DotLanes, 8, 16))) == 72);
    CHECK(vectorWords(planOf(layer, chunkOf(WeightStationary, 8, 8))) == 36);
    // A row-stationary set begins with a word of its own.
    const LayerPlan folded = planOf(layer, chunkOf(RowStationary, 8, 8));
    CHECK(vectorWords(folded) == folded.subs[0].reduction * ((folded.subs[0].fold.setVectors() + 3) / 4));

    SUBCASE("an odd number of vectors fills its last word by half") {
        Layer picture = layer;
        picture.in_channels = 3, picture.subs = {{0, 16, 0, 3, 1, 0}}, picture.narrow_input = true;
        CHECK(vectorWords(planOf(picture, chunkOf(OutputArray, 8, 16))) == 14);  // 27 vectors
        CHECK(vectorWords(planOf(picture, chunkOf(OutputArray, 8, 8))) == 7);
    }
    SUBCASE("transfers, counted accesses and cycles follow") {
        const LayerPlan packed = planOf(layer, chunkOf(OutputArray, 8, 16));
        design::Chunk plain = packed.chunk;
        plain.packed_weights = false;
        const LayerPlan whole = planOf(layer, plain);
        CHECK(vectorWords(whole) == 144);
        const auto wordsOf = [](const LayerPlan& plan) {
            return mapping::weightTransfer(plan, plan.subs[0], mapping::jobsOf(plan, plan.subs[0])[0], 0).words;
        };
        CHECK(wordsOf(packed) == 8 + 72);
        const costmodel::AccessCounts n = costmodel::countAccesses(packed), before = costmodel::countAccesses(whole);
        CHECK(n.weight_writes == 8 + 72);
        CHECK(n.dram_weight_reads == 8 + 72);
        CHECK(n.weight_reads - 8 == (before.weight_reads - 8) / 2);
        CHECK(n.noc_weights == before.noc_weights);
        CHECK(n.mac_cycles == before.mac_cycles);
        // One job that waits for its weights: as many cycles fewer as there are words fewer.
        const design::MemoryModel memory;
        CHECK(mapping::networkCycles({whole}, memory)[0].done - mapping::networkCycles({packed}, memory)[0].done == 72);
    }
}

TEST_CASE("packed weights: what stays as it is") {
    using enum design::Template;
    Layer layer = narrow();
    CHECK(planOf(layer, chunkOf(OutputArray, 8, 16)).packsWeights());
    SUBCASE("a design without the hardware") {
        design::Chunk chunk = chunkOf(OutputArray, 8, 16);
        chunk.packed_weights = false;
        CHECK(!planOf(layer, chunk).packsWeights());
    }
    SUBCASE("weights that need more than half of the operands' width") {
        layer.weight_bits = 8;
        CHECK(!planOf(layer, chunkOf(OutputArray, 8, 16)).packsWeights());
    }
    SUBCASE("depthwise sets of one word, where weights stay") {
        layer.mode = ArrayMode::Depthwise;
        layer.subs[0].in_channels = 16;
        CHECK(!planOf(layer, chunkOf(DotLanes, 8, 16)).packsWeights());
        CHECK(!planOf(layer, chunkOf(WeightStationary, 8, 16)).packsWeights());
        CHECK(planOf(layer, chunkOf(OutputArray, 8, 16)).packsWeights());
        CHECK(planOf(layer, chunkOf(RowStationary, 8, 16)).packsWeights());
    }
    SUBCASE("two weights to a 16-bit operand, however narrow they are") {
        layer.operand_bits = 16, layer.subs = {{0, 16, 0, 16, 1, 0}};
        design::Chunk chunk = chunkOf(OutputArray, 8, 8);
        chunk.operand_bits = 16, chunk.accumulator_bits = 48;
        const LayerPlan plan = planOf(layer, chunk);
        CHECK(plan.storedWeightBits() == 8);
        CHECK(vectorWords(plan) == 72);
        layer.weight_bits = 8;
        CHECK(vectorWords(planOf(layer, chunk)) == 72);
    }
}

TEST_CASE("packed weights: the image holds every weight, two a byte, lower column first") {
    network::Node input{.name = "input", .op = network::Op::Input}, conv{.name = "c", .op = network::Op::Conv2d, .out_channels = 16};
    input.shape = {3, 4, 4};
    conv.kernel = 1, conv.weight_bits = 4;
    const network::Node pool{.name = "p", .op = network::Op::GlobalAveragePool}, linear{.name = "l", .op = network::Op::Linear, .out_channels = 4};
    const network::Network graph =
        network::makeNetwork("n", {input, conv, pool, linear}, {{}, {"input"}, {"c"}, {"p"}}, "test");
    const nn::IntegerNetwork net = nn::randomIntegerNetwork(graph, 7);
    const std::vector<Layer> layers = mapping::extractLayers(net.graph);
    CHECK(layers[0].weight_bits == 4);
    CHECK(layers[1].weight_bits == 4);  // the ones of a pool
    CHECK(layers[2].weight_bits == 8);
    const LayerPlan plan = planOf(layers[0], chunkOf(design::Template::OutputArray, 8, 16));
    const std::vector<uint8_t> image = mapping::weightImage(plan, plan.subs[0], net);
    const uint8_t* weights = image.data() + 8 * 16;
    for (int in = 0; in < 3; ++in)
        for (int out = 0; out < 16; ++out) CHECK(mapping::getValue(weights, in * 16 + out, 4) == net.nodes[1].weight_q[size_t(out * 3 + in)]);
}

TEST_CASE("weights wider than the chip's operands are refused, quantised or only stated") {
    network::Node input{.name = "input", .op = network::Op::Input}, linear{.name = "l", .op = network::Op::Linear, .out_channels = 4};
    input.shape = {3, 1, 1};
    linear.weight_bits = 16;
    const network::Network graph = network::makeNetwork("n", {input, linear}, {{}, {"input"}}, "test");
    for (const network::Network& net : {graph, nn::randomIntegerNetwork(graph, 7).graph}) {
        CHECK(refusalOf(mapping::extractLayers(net)[0], chunkOf(design::Template::OutputArray, 8, 16), {}) == "its values need 16 bits, the design's operands have 8");
    }
}
