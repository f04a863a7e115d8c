#include "core/nn/integer/quantized_forward.h"

#include <limits>

#include "core/base/error.h"
#include "core/nn/integer/folding.h"
#include "core/nn/ops.h"
#include "core/nn/straight_through.h"

namespace dna::nn {
namespace {

using network::Node;
using network::Op;

class RoundedRunner {
public:
    RoundedRunner(Tape<float>& tape, network::TrainedNetwork& folded, const std::vector<network::Quantization>& ranges)
        : tape_(tape), network_(folded), ranges_(ranges) {}

    Var run(Var pictures) {
        values_ = {rounded(0, pictures)};
        for (size_t i = 1; i < network_.graph.nodes.size(); ++i) values_.push_back(node(i));
        return values_.back();
    }

private:
    Var input(const Node& node, int k = 0) const { return values_[static_cast<size_t>(node.inputs[k])]; }

    Var rounded(size_t i, Var x) {
        const network::Quantization& q = ranges_[i];
        return roundToGrid(tape_, x, {q.scale, q.zero_point, q.low, q.high});
    }

    /// ReLU and ReLU6 are the ends of a node's range.
    Var node(size_t i) {
        const Node& node = network_.graph.nodes[i];
        switch (node.op) {
            case Op::Conv2d:
                return rounded(i, conv(node, i));
            case Op::Linear: {
                const bool logits = i + 1 == network_.graph.nodes.size();
                const Product product = bind(node, i, logits);
                const Var y = linear(tape_, input(node), product.weight, product.bias, node.out_channels);
                return logits ? y : rounded(i, y);
            }
            case Op::Add:
                return rounded(i, add(tape_, input(node, 0), input(node, 1)));
            case Op::Concat: {
                std::vector<Var> parts;
                for (size_t k = 0; k < node.inputs.size(); ++k) parts.push_back(input(node, static_cast<int>(k)));
                return concat(tape_, parts);
            }
            case Op::ChannelShuffle:
                return channelShuffle(tape_, input(node), node.groups);
            case Op::MaxPool:
                return maxPool(tape_, input(node), {.out_channels = 0, .kernel = node.kernel, .stride = node.stride, .pad = node.pad});
            case Op::AveragePool:
                return rounded(i, averagePool(node));
            case Op::GlobalAveragePool:
                return rounded(i, globalAveragePool(tape_, input(node)));
            case Op::Input:
                break;
        }
        DNA_CHECK(false, "the input node is not run");
        return {};
    }

    /// Weights, and biases in steps of the accumulator.
    struct Product {
        Var weight, bias;
    };

    Product bind(const Node& node, size_t i, bool logits) {
        Parameters<float>& parameters = network_.parameters;
        const network::Quantization& in = ranges_[static_cast<size_t>(node.inputs[0])];
        const int bits = network::weightBits(node, in.bits);
        std::vector<double> scales = weightScales(fold(network_, i), logits, in, bits);
        const Var weight = parameters.bind(tape_, parameters.index(node.name + ".weight"), true),
                  bias = parameters.bind(tape_, parameters.index(node.name + ".bias"), true);
        Product product;
        product.weight = roundWeights(tape_, weight, scales, network::greatestOf(bits));
        for (double& scale : scales) scale *= in.scale;
        product.bias = roundWeights(tape_, bias, scales, std::numeric_limits<int32_t>::max());
        return product;
    }

    Var conv(const Node& node, size_t i) {
        const Product product = bind(node, i, false);
        Var kernel = product.weight;
        if (node.dilation > 1) kernel = spreadKernel(tape_, kernel, node.kernel, node.dilation);
        const Var y = conv2d(tape_, input(node), kernel,
                             {.out_channels = node.out_channels, .kernel = network::span(node), .stride = node.stride, .pad = node.pad, .groups = node.groups});
        return addBias(tape_, y, product.bias);
    }

    /// A depthwise convolution with equal weights.
    Var averagePool(const Node& node) {
        const int channels = node.shape.channels, taps = node.kernel * node.kernel;
        const Tensor<float> shares = tape_.allocateFlat(static_cast<size_t>(channels) * static_cast<size_t>(taps));
        shares.array().setConstant(1.0f / static_cast<float>(taps));
        return depthwiseConv2d(tape_, input(node), tape_.constant(shares),
                               {.out_channels = channels, .kernel = node.kernel, .stride = node.stride, .pad = node.pad, .groups = channels});
    }

    Tape<float>& tape_;
    network::TrainedNetwork& network_;
    const std::vector<network::Quantization>& ranges_;
    std::vector<Var> values_;
};

}  // namespace

Var runRounded(Tape<float>& tape, network::TrainedNetwork& folded, const std::vector<network::Quantization>& ranges,
               Var pictures) {
    DNA_CHECK(ranges.size() == folded.graph.nodes.size(), "one range per node");
    return RoundedRunner(tape, folded, ranges).run(pictures);
}

}  // namespace dna::nn
