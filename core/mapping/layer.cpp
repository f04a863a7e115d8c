#include "core/mapping/layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"

namespace dna::mapping {

using base::InputError;
using network::Network;
using network::Node;
using network::Op;

int TensorRef::physical(int logical, int channels) const {
    if (shuffle_groups == 1) return logical;
    const int per_group = channels / shuffle_groups;
    return (logical % shuffle_groups) * per_group + logical / shuffle_groups;
}

std::string Layer::shapeKey() const {
    return fmt::format("{}{}{}{} b{}w{} C{} H{} W{} M{} k{}x{} s{} p{} d{} g{} sh{} r{}",
                       mode == ArrayMode::Dense ? "d" : "w", max_pool ? "m" : pool ? "p" : "", raw_output ? "r" : "",
                       narrow_input ? "n" : "", operand_bits, weight_bits, in_channels, in_height, in_width, out_channels, kernel, kernel_width,
                       stride, pad, dilation, groups, input.shuffle_groups, residual_node >= 0);
}

namespace {

[[noreturn]] void refuse(const Network& network, const Node& node, const std::string& why) {
    throw InputError(network.name, "/nodes/" + node.name, why);
}

/// The groups [first, last] that a block of output channels belongs to.
struct GroupRange {
    int first, last;
    bool operator==(const GroupRange&) const = default;
};

/// Input channels of a set of groups in physical order. A single group behind a folded shuffle of g = 2 is two runs.
SubLayer subLayerOf(const Network& network, const Node& node, const Layer& layer, GroupRange groups) {
    SubLayer sub;
    const int per_group = layer.in_channels / layer.groups;
    sub.in_channels = per_group * (groups.last - groups.first + 1);
    sub.in_begin = groups.first * per_group;
    const int shuffle = layer.input.shuffle_groups;
    const bool all = sub.in_channels == layer.in_channels;
    if (shuffle == 1 || all) return sub;
    if (shuffle != 2)
        refuse(network, node,
               fmt::format("a grouped convolution behind a channel shuffle needs one of 2 groups, found {}", shuffle));
    // Even and odd channels are a run each. At odd ends a run has a channel of another group, whose weights are zero.
    const int end = sub.in_begin + sub.in_channels;
    sub.runs = 2;
    sub.in_begin /= 2;
    sub.in_channels = (end + 1) / 2 - sub.in_begin;
    sub.run_stride = layer.in_channels / 2;
    return sub;
}

std::vector<SubLayer> splitByGroups(const Network& network, const Node& node, const Layer& layer) {
    const int out_per_group = layer.out_channels / layer.groups;
    std::vector<SubLayer> subs;
    GroupRange previous{-1, -1};
    for (int begin = 0; begin < layer.out_channels; begin += layer.block()) {
        const int end = std::min(begin + layer.block(), layer.out_channels);
        const GroupRange groups{begin / out_per_group, (end - 1) / out_per_group};
        if (!subs.empty() && groups == previous) {
            subs.back().out_channels += end - begin;
        } else {
            SubLayer sub = subLayerOf(network, node, layer, groups);
            sub.out_begin = begin;
            sub.out_channels = end - begin;
            subs.push_back(sub);
        }
        previous = groups;
    }
    return subs;
}

class Extractor {
public:
    Extractor(const Network& network, int operand_bits)
        : network_(network), operand_bits_(operand_bits), consumers_(network.consumers()) {
        tensors_.resize(network.nodes.size());
    }

    std::vector<Layer> run() {
        for (int i = 0; i < int(network_.nodes.size()); ++i) {
            visit(i);
        }
        return std::move(layers_);
    }

private:
    void visit(int index) {
        const Node& node = network_.nodes[index];
        switch (node.op) {
            case Op::Input:
                tensors_[index] = {index, 1};
                break;
            case Op::Concat:
                visitConcat(index);
                break;
            case Op::ChannelShuffle:
                visitShuffle(index);
                break;
            case Op::Add:
                visitAdd(index);
                break;
            default:
                visitCompute(index);
        }
    }

    /// Nothing is moved: the inputs are written where the concat reads them (core/mapping/joined.h).
    void visitConcat(int index) {
        const Node& node = network_.nodes[index];
        const int block = 8 * design::kWordBytes / operand_bits_;
        int begin = 0;
        for (const int input : node.inputs) {
            const Node& part = network_.nodes[input];
            if (tensors_[input].node != input || tensors_[input].shuffle_groups != 1)
                refuse(network_, node, "joins \"" + part.name + "\", whose channels were shuffled: not supported");
            if (part.op == Op::Input || !joined_.insert(input).second)
                refuse(network_, node,
                       fmt::format("joins \"{}\", which {}: a copy has to stand between (`dna quantize` adds it)",
                                   part.name, part.op == Op::Input ? "is the picture" : "is joined once already"));
            if (begin % block != 0)
                refuse(network_, node,
                       fmt::format("\"{}\" would begin at channel {}: maps in front of others need a multiple of {} "
                                   "channels (those of a word of {}-bit values)",
                                   part.name, begin, block, operand_bits_));
            begin += part.shape.channels;
        }
        tensors_[index] = {index, 1};
    }

    void visitShuffle(int index) {
        const Node& node = network_.nodes[index];
        const TensorRef in = tensors_[node.inputs[0]];
        if (in.shuffle_groups != 1) refuse(network_, node, "two channel shuffles in a row are not supported");
        tensors_[index] = {in.node, node.groups};
    }

    void visitCompute(int index) {
        const Node& node = network_.nodes[index];
        Layer layer = shapeOf(index);
        layer.input = tensors_[node.inputs[0]];
        layer.narrow_input = network_.nodes[layer.input.node].op == Op::Input && layer.in_channels <= 4;
        layer.name = node.name;
        layer.node = layer.output_node = index;
        if (layer.mode == ArrayMode::Depthwise) {
            layer.output = {index, layer.input.shuffle_groups};
            layer.subs = {SubLayer{0, layer.out_channels, 0, layer.in_channels, 1, 0}};
        } else {
            layer.output = {index, 1};
            layer.subs = splitByGroups(network_, node, layer);
        }
        tensors_[index] = layer.output;
        place_[index] = int(layers_.size());
        layers_.push_back(std::move(layer));
    }

    Layer shapeOf(int index) const {
        const Node& node = network_.nodes[index];
        const network::Shape& in = network_.inputShapeOf(index);
        Layer layer;
        layer.operand_bits = operand_bits_;
        layer.value_bits = valueBits(index);
        layer.weight_bits = weightBits(node);
        layer.in_channels = in.channels, layer.in_height = in.height, layer.in_width = in.width;
        layer.out_channels = node.shape.channels, layer.out_height = node.shape.height,
        layer.out_width = node.shape.width;
        layer.macs = network::macs(network_, index);
        if (node.op == Op::Conv2d) {
            setWindow(layer, node);
            layer.groups = node.groups;
            // With a channel multiplier: a grouped convolution, whose columns of other groups see zero weights.
            if (node.groups > 1 && node.groups == in.channels && node.shape.channels == in.channels)
                layer.mode = ArrayMode::Depthwise;
        } else if (node.op == Op::MaxPool || node.op == Op::AveragePool || node.op == Op::GlobalAveragePool) {
            setWindow(layer, node);
            if (node.op == Op::GlobalAveragePool) layer.kernel = in.height, layer.kernel_width = in.width;
            layer.mode = ArrayMode::Depthwise, layer.pool = true, layer.max_pool = node.op == Op::MaxPool;
            layer.groups = in.channels;
            layer.macs = node.shape.elements() * layer.taps();
        } else {  // linear
            if (in.height * in.width != 1)
                refuse(network_, node, "a linear layer needs a 1x1 map: put a global pool before it");
            layer.raw_output = index + 1 == int(network_.nodes.size());
        }
        return layer;
    }

    /// Container of a node's weights; those of pools are ones.
    int weightBits(const Node& node) const {
        return network::containerBits(network::hasWeights(node) ? network::weightBits(node, operand_bits_) : 1);
    }

    /// Widest container of the values that a node reads, holds and writes; maps have the chip's width when not quantised.
    int valueBits(int index) const {
        const Node& node = network_.nodes[index];
        if (!node.quantization) return std::max(operand_bits_, weightBits(node));
        const int bits = std::max(node.quantization->bits, network_.nodes[node.inputs[0]].quantization->bits);
        return std::max(network::containerBits(bits), weightBits(node));
    }

    static void setWindow(Layer& layer, const Node& node) {
        layer.kernel = layer.kernel_width = node.kernel;
        layer.stride = node.stride, layer.pad = node.pad, layer.dilation = node.dilation;
    }

    /// Fuses the add behind the later of its operands when that is a convolution nobody else reads.
    void visitAdd(int index) {
        const Node& node = network_.nodes[index];
        for (int operand : {1, 0}) {
            const int conv = node.inputs[operand];
            const int other = node.inputs[1 - operand];
            const auto place = place_.find(conv);
            const bool fusable = place != place_.end() && consumers_[conv].size() == 1 && conv != other &&
                                 place->second == int(layers_.size()) - 1 && layers_.back().residual_node < 0;
            if (!fusable) continue;
            Layer& layer = layers_.back();
            if (tensors_[other].shuffle_groups != layer.output.shuffle_groups)
                refuse(network_, node,
                       "an add of maps in different channel order (after a channel shuffle) is not supported");
            layer.residual_node = tensors_[other].node;
            layer.value_bits = std::max(layer.value_bits, valueBits(index));
            layer.residual_is_first = operand == 1;
            layer.output_node = index;
            layer.output.node = index;
            layer.name = node.name;
            tensors_[index] = layer.output;
            return;
        }
        refuse(network_, node,
               "the add can't be fused: one operand must be a convolution computed just before it and read by "
               "nobody else");
    }

    const Network& network_;
    int operand_bits_;
    std::vector<std::vector<int>> consumers_;
    std::vector<TensorRef> tensors_;
    std::map<int, int> place_;
    std::set<int> joined_;  ///< nodes that stand in a concat
    std::vector<Layer> layers_;
};

}  // namespace

std::vector<Layer> extractLayers(const Network& network, int operand_bits) {
    return Extractor(network, operand_bits).run();
}

bool hasNarrowWeights(const std::vector<Layer>& layers) {
    return std::any_of(layers.begin(), layers.end(),
                       [](const Layer& layer) { return !layer.pool && 2 * layer.weight_bits <= layer.operand_bits; });
}

}  // namespace dna::mapping
