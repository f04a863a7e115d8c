#include "tests/verif/cases.h"

#include <bit>
#include <stdexcept>

namespace dna::tests {

using mapping::Layer;
using network::Node;
using network::Op;

namespace {

class Sketch {
public:
    void node(const std::string& name, Op op, std::vector<std::string> inputs, Node rest = {}) {
        rest.name = name;
        rest.op = op;
        nodes_.push_back(rest);
        inputs_.push_back(std::move(inputs));
    }
    void conv(const std::string& name, const std::string& from, int out, int kernel, int stride, int groups,
              bool relu = true) {
        Node n;
        n.out_channels = out, n.kernel = kernel, n.stride = stride, n.pad = kernel / 2, n.groups = groups;
        n.batch_norm = true, n.relu = relu;
        node(name, Op::Conv2d, {from}, n);
    }
    /// The convolution added last gets a dilation, and the padding that keeps its size.
    void dilate(int dilation) {
        nodes_.back().dilation = dilation;
        nodes_.back().pad = dilation * (nodes_.back().kernel - 1) / 2;
    }
    void relu6() { nodes_.back().relu = nodes_.back().relu6 = true; }
    void pool(const std::string& name, const std::string& from, Op op, int kernel, int stride, int pad) {
        Node n;
        n.kernel = kernel, n.stride = stride, n.pad = pad;
        node(name, op, {from}, n);
    }
    network::Network build(const std::string& name) { return network::makeNetwork(name, nodes_, inputs_, name); }

private:
    std::vector<Node> nodes_;
    std::vector<std::vector<std::string>> inputs_;
};

}  // namespace

network::Network everyOperator(base::Rng& rng, const std::string& name, bool max_pool) {
    const int height = 7 + int(rng.below(14)), width = 7 + int(rng.below(14));
    const int a = 4 * (1 + int(rng.below(8))), expand = 4 * (1 + int(rng.below(12))), b = 4 * (2 + int(rng.below(10)));
    const int kernel = 2 + int(rng.below(6)), small = 2 + int(rng.below(2));
    Sketch s;
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
    s.conv("dense", "down", b, 3, 1, rng.below(2) != 0 ? 2 : 1);
    s.dilate(1 + int(rng.below(2)));
    s.node("pool", Op::GlobalAveragePool, {"dense"});
    Node classes;
    classes.out_channels = 3 + int(rng.below(20));
    s.node("classifier", Op::Linear, {"pool"}, classes);
    return s.build(name);
}

design::Chunk randomChunk(base::Rng& rng) {
    design::Chunk chunk;
    chunk.array = design::Template(1 + rng.below(3));
    chunk.rows = 4 << rng.below(chunk.weightsStay() ? 3 : 4);
    chunk.psum_words = std::max(8, chunk.rows << rng.below(4));
    chunk.tree_cut = 1 + int(rng.below(4));
    chunk.cols = rng.below(2) != 0 ? 16 : 8;
    chunk.input_words = 128 << rng.below(3);
    chunk.weight_words = 1024 << rng.below(2);
    chunk.output_words = 256 << rng.below(3);
    chunk.accumulator_bits = 28 + int(rng.below(5));
    chunk.max_pool = !chunk.weightsStay();
    return chunk;
}

std::vector<mapping::LayerPlan> randomPlans(const std::vector<Layer>& layers, const design::Chunk& chunk,
                                            base::Rng& rng) {
    std::vector<mapping::LayerPlan> plans;
    for (const Layer& layer : layers) {
        mapping::LayerMapping wanted;
        wanted.log2_x_lanes = int(rng.below(uint64_t(std::bit_width(unsigned(chunk.lanes())))));
        wanted.tile_rows = 1 + int(rng.below(uint64_t(layer.out_height) + 3));
        wanted.tile_channels = 1 + int(rng.below(uint64_t(layer.out_channels) + 16));
        wanted.tile_order = rng.below(2) != 0 ? mapping::TileOrder::RowsOuter : mapping::TileOrder::ChannelsOuter;
        wanted.block_order = rng.below(2) != 0 ? mapping::BlockOrder::ChannelsOuter : mapping::BlockOrder::PixelsOuter;
        auto legal = mapping::legalize(layer, chunk, wanted);
        if (std::holds_alternative<mapping::Refusal>(legal)) {
            wanted.log2_x_lanes = mapping::bestLog2XLanes(layer, chunk);
            legal = mapping::legalize(layer, chunk, wanted);
        }
        if (const auto* refusal = std::get_if<mapping::Refusal>(&legal))
            throw std::runtime_error(layer.name + ": " + refusal->reason);
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

}  // namespace dna::tests
