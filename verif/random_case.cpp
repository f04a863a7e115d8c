#include "verif/random_case.h"

#include <algorithm>
#include <bit>

#include "core/base/error.h"
#include "verif/network_sketch.h"

namespace dna::verif {

using mapping::Layer;
using network::Node;
using network::Op;

network::Network everyOperator(base::Rng& rng, const std::string& name, bool max_pool) {
    const int height = 7 + int(rng.below(14)), width = 7 + int(rng.below(14));
    const int a = 4 * (1 + int(rng.below(8))), expand = 4 * (1 + int(rng.below(12))), b = 4 * (2 + int(rng.below(10)));
    const int kernel = 2 + int(rng.below(6)), small = 2 + int(rng.below(2));
    NetworkSketch s;
    Node input;
    input.shape = {3, height, width};
    s.node("input", Op::Input, {}, input);
    s.conv("stem", "input", a, rng.below(2) != 0 ? 7 : 3, 1 + int(rng.below(2)), 1);
    s.relu6();
    s.conv("expand", "stem", expand, 1, 1, 1);
    s.conv("depthwise", "expand", expand, 5 - 2 * int(rng.below(2)), 1, expand);
    s.dilate(1 + int(rng.below(2)));
    s.conv("project", "depthwise", a, 1, 1, 1, false);
    s.node(
        "add", Op::Add,
        rng.below(2) != 0 ? std::vector<std::string>{"project", "stem"} : std::vector<std::string>{"stem", "project"});
    s.pool("max", "add", max_pool ? Op::MaxPool : Op::AveragePool, small, 1 + int(rng.below(2)), int(rng.below(2)));
    s.conv("grouped", "max", a, 1, 1, 2);
    Node shuffle;
    shuffle.groups = 2;
    s.node("shuffle", Op::ChannelShuffle, {"grouped"}, shuffle);
    s.conv("spatial", "shuffle", a, kernel, 2, a);
    s.conv("regroup", "spatial", b, 1, 1, 2, false);
    s.pool("average", "regroup", Op::AveragePool, small, 1 + int(rng.below(2)), 1);
    s.conv("multiplied", "average", 2 * b, 3, 1, b);
    s.conv("down", "multiplied", b, 1, 2, 1);
    s.conv("side", "down", 32, 1, 1, 1);  // whole words of any operand width
    s.node("joined", Op::Concat, {"side", "down"});
    s.conv("dense", "joined", b, 3, 1, rng.below(2) != 0 ? 2 : 1);
    s.dilate(1 + int(rng.below(2)));
    s.node("pool", Op::GlobalAveragePool, {"dense"});
    Node classes;
    classes.out_channels = 3 + int(rng.below(20));
    s.node("classifier", Op::Linear, {"pool"}, classes);
    network::Network net = s.build(name);
    for (Node& node : net.nodes)
        if (hasWeights(node) && rng.below(2) != 0) node.weight_bits = 4;
    return net;
}

namespace {

int powerOfTwo(base::Rng& rng, int least, int most) {
    return least << rng.below(uint64_t(std::bit_width(unsigned(most / least))));
}

/// As many small sizes as large ones: an octave, then a size in it.
int between(base::Rng& rng, const Words& words) {
    const int low = powerOfTwo(rng, words.least, words.most);
    return low + int(rng.below(uint64_t(std::min(words.most, 2 * low - 1) - low + 1)));
}

/// Half of the chunks have their descriptors in DRAM, as those of the space do.
void drawDescriptors(design::Chunk& chunk, base::Rng& rng, const ChunkRange& range) {
    const uint64_t drawn = rng.below(4);
    if (drawn >= 2) chunk.descriptors = range.rom && drawn == 3 ? design::DescriptorSource::Rom : design::DescriptorSource::Ram;
    const int slots = between(rng, range.descriptor_slots);
    if (chunk.descriptors == design::DescriptorSource::Ram) chunk.descriptor_slots = slots;
}

design::Chunk draw(base::Rng& rng, const ChunkRange& range) {
    design::Chunk chunk;
    const design::Template any = design::Template(1 + rng.below(4));
    chunk.array = range.array.value_or(any);
    chunk.operand_bits = range.operand_bits[rng.below(range.operand_bits.size())];
    chunk.rows = powerOfTwo(rng, 4, chunk.weightsStay() ? std::min(range.max_rows, chunk.block()) : range.max_rows);
    chunk.cols = chunk.block() >> (range.max_cols < 16 ? 1 : rng.below(2));
    chunk.multiplier_bits = 16 << rng.below(2);
    chunk.multiplier_cut = 4 << rng.below(3);
    chunk.axi_bits = 32 << rng.below(3);
    chunk.pe_cut = rng.below(4) != 0;
    chunk.psum_words = std::max(8, chunk.rows << rng.below(4));
    chunk.tree_cut = 1 + int(rng.below(4));
    chunk.rf_words = powerOfTwo(rng, 8, 64);
    chunk.input_words = between(rng, range.input_words);
    chunk.weight_words = between(rng, range.weight_words);
    chunk.output_words = between(rng, range.output_words);
    const int least = chunk.leastAccumulatorBits() + range.accumulator_room;
    chunk.accumulator_bits = least + int(rng.below(uint64_t(chunk.mostAccumulatorBits() - least + 1)));
    chunk.max_pool = chunk.array == design::Template::OutputArray && rng.below(4) != 0;
    chunk.split_reduction = chunk.array == design::Template::OutputArray && rng.below(2) != 0;
    const int shares = std::countr_zero(unsigned(chunk.rawWords())) + 1;
    if (!chunk.rowStationary() && rng.below(2) != 0) chunk.columns_per_lane = 1 << rng.below(uint64_t(shares));
    chunk.packed_weights = chunk.operand_bits > 4 && rng.below(3) != 0;
    chunk.input_slots = rng.below(3) != 0 ? 2 : 1;
    chunk.weight_slots = rng.below(3) != 0 ? 2 : 1;
    chunk.output_slots = rng.below(3) != 0 ? 2 : 1;
    drawDescriptors(chunk, rng, range);
    for (int* banks : {&chunk.input_banks, &chunk.weight_banks, &chunk.output_banks})
        if (rng.below(2) != 0) *banks = 1 << rng.below(4);
    return chunk;
}

bool readerAccepts(const design::Chunk& chunk) {
    design::Design design;
    design.chunks = {chunk};
    try {
        design::readDesign(base::JsonDocument::parse(toJson(design).dump(), "random design", "design"));
    } catch (const base::InputError&) {
        return false;
    }
    return true;
}

}  // namespace

design::Chunk randomChunk(base::Rng& rng, const ChunkRange& range) {
    while (true)
        if (const design::Chunk chunk = draw(rng, range); readerAccepts(chunk)) return chunk;
}

std::vector<mapping::Descriptor> randomDescriptors(base::Rng& rng) {
    std::vector<mapping::Descriptor> descriptors(1 + rng.below(5));
    for (mapping::Descriptor& descriptor : descriptors)
        for (uint32_t& word : descriptor) word = uint32_t(rng.next64());
    return descriptors;
}

std::vector<mapping::LayerPlan> randomPlans(const std::vector<Layer>& layers, const design::Chunk& chunk,
                                            base::Rng& rng) {
    std::vector<mapping::LayerPlan> plans;
    for (const Layer& layer : layers) {
        mapping::LayerMapping wanted;
        wanted.log2_x_lanes = int(rng.below(uint64_t(mapping::maxLog2XLanes(chunk)) + 1));
        wanted.tile_rows = 1 + int(rng.below(uint64_t(layer.out_height) + 3));
        wanted.tile_channels = 1 + int(rng.below(uint64_t(layer.out_channels) + 16));
        wanted.tile_order = rng.below(2) != 0 ? mapping::TileOrder::RowsOuter : mapping::TileOrder::ChannelsOuter;
        wanted.block_order = rng.below(2) != 0 ? mapping::BlockOrder::ChannelsOuter : mapping::BlockOrder::PixelsOuter;
        if (rng.below(2) != 0)
            wanted.tile_reduction = mapping::reductionOfPasses(layer, 2 + int(rng.below(3)));
        auto legal = mapping::legalize(layer, chunk, wanted);
        if (std::holds_alternative<mapping::Refusal>(legal)) {
            wanted.log2_x_lanes = mapping::bestLog2XLanes(layer, chunk);
            legal = mapping::legalize(layer, chunk, wanted);
        }
        if (const auto* refusal = std::get_if<mapping::Refusal>(&legal))
            throw base::InputError("random mapping", layer.name, refusal->reason);
        plans.push_back(
            std::get<mapping::LayerPlan>(mapping::lower(layer, chunk, std::get<mapping::LayerMapping>(legal))));
    }
    return plans;
}

std::vector<uint8_t> randomPicture(const network::Network& network, base::Rng& rng) {
    std::vector<uint8_t> picture(size_t(network.inputShape().elements()));
    for (uint8_t& byte : picture) byte = uint8_t(rng.below(256));
    return picture;
}

}  // namespace dna::verif
