// Relu and Clip: they become part of the layer before them.

#include <fmt/format.h>

#include <limits>

#include "flows/onnx/codes.h"
#include "flows/onnx/weights.h"

namespace dna::flows::onnx {
namespace {

using network::Op;

/// Nothing below zero leaves this layer.
bool nonNegative(const std::vector<Layer>& layers, int index) {
    const Layer* layer = &layers[static_cast<size_t>(index)];
    while (!hasWeights(*layer) && layer->node.op != Op::Add && layer->node.op != Op::Input)
        layer = &layers[static_cast<size_t>(layer->node.inputs[0])];  // pools and shuffles
    return layer->node.relu;
}

void rectify(Layer& layer) {
    if (layer.node.op == Op::Linear) layer.node.op = Op::Conv2d;  // the same product on a 1x1 map
    layer.node.relu = true;
    limitCodes(layer);
}

/// The layer that a ReLU joins; a max pool hands it on to the convolution before it, whose order doesn't matter.
Layer* rectifiable(GraphReader& reader, const Node& node, const MapValue& x) {
    Layer* layer = reader.fusable(node, x);
    if (!layer) return nullptr;
    if (layer->node.op == Op::MaxPool && layer->input_is_its_own && !layer->node.quantization)
        layer = &reader.layers()[static_cast<size_t>(layer->node.inputs[0])];
    if ((hasWeights(*layer) || layer->node.op == Op::Add) && !layer->bounds) return layer;
    reader.problem(
        node, fmt::format("expected it behind a convolution, linear layer or add, found it behind {}", layer->place));
    return nullptr;
}

void readRelu(GraphReader& reader, const Node& node) {
    reader.expect(node, {}, 1, 1);
    const std::optional<MapValue> x = reader.map(node, 0);
    if (!x) return;
    if (!nonNegative(reader.layers(), x->layer)) {
        Layer* layer = rectifiable(reader, node, *x);
        if (!layer) return;
        rectify(*layer);
    }
    reader.putMap(node, *x);
}

/// A bound of Clip: an attribute before opset 11, an input since; `fallback` when it is left out.
std::optional<float> bound(GraphReader& reader, const Node& node, const char* name, size_t input, float fallback) {
    if (node.attributes.contains(name)) return static_cast<float>(reader.real(node, name, 0));
    if (!reader.has(node, input)) return fallback;
    const auto values = reader.floats(node, input, 1);
    return values ? std::optional((*values)[0]) : std::nullopt;
}

void readClip(GraphReader& reader, const Node& node) {
    reader.expect(node, {"max", "min"}, 1, 3);
    constexpr float kMost = std::numeric_limits<float>::max();
    const std::optional<float> low = bound(reader, node, "min", 1, -kMost), high = bound(reader, node, "max", 2, kMost);
    const std::optional<MapValue> x = reader.map(node, 0);
    if (!low || !high || !x) return;
    if (!(*low <= *high)) return reader.problem(node, fmt::format("min {} is above max {}", *low, *high));
    const bool picture = reader.layer(*x).node.op == Op::Input && x->exclusive;
    Layer* layer = picture ? &reader.layer(*x) : reader.fusable(node, *x);
    if (!layer) return;
    const bool six = *low == 0.0f && *high == 6.0f && hasWeights(*layer);
    if (six || (*low == 0.0f && *high == kMost)) {
        layer = rectifiable(reader, node, *x);
        if (!layer) return;
        rectify(*layer);
        layer->node.relu6 = layer->node.relu6 || six;
        limitCodes(*layer);
    } else if (layer->bounds || layer->node.quantization) {
        return reader.problem(
            node,
            fmt::format("expected one Clip behind a layer, before QuantizeLinear; found it behind {}", layer->place));
    } else {
        layer->bounds = {*low, *high};
    }
    reader.putMap(node, *x);
}

}  // namespace

void register_activation(OpReaders& readers) {
    readers.add("Relu", readRelu);
    readers.add("Clip", readClip);
}

}  // namespace dna::flows::onnx
