// Conv, and BatchNormalization behind it.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "flows/onnx/convolution.h"
#include "flows/onnx/weights.h"
#include "flows/onnx/window.h"

namespace dna::flows::onnx {
namespace {

bool weightsFit(GraphReader& reader, const Node& node, const Constant& weight, int64_t channels, int64_t groups) {
    const std::vector<int64_t>& dims = weight.dims;
    const bool fits = dims.size() == 4 && groups >= 1 && channels % groups == 0 && dims[1] == channels / groups &&
                      dims[0] >= 1 && dims[0] <= 65536 && dims[0] % groups == 0;
    if (!fits)
        reader.problem(node,
                       fmt::format("weights [outputs, inputs / groups, height, width] for {} input channels in {} "
                                   "group(s): found [{}]",
                                   channels, groups, fmt::join(dims, ", ")));
    return fits;
}

void readConv(GraphReader& reader, const Node& node) {
    reader.expect(node, kConvAttributes, 2, 3);
    const std::optional<MapValue> x = reader.paddedMap(node, 0);
    const std::optional<ConstantValue> weight = reader.constant(node, 1);
    std::optional<ConstantValue> bias;
    if (reader.has(node, 2) && !(bias = reader.constant(node, 2))) return;
    if (x && weight) addConvolution(reader, node, *x, *weight, bias);
}

void readBatchNormalization(GraphReader& reader, const Node& node) {
    reader.expect(node, {"epsilon", "momentum", "spatial", "training_mode"}, 5, 5);
    if (reader.integer(node, "training_mode", 0) != 0)
        reader.problem(node, "is in training mode; export the network in evaluation mode (model.eval())");
    if (reader.integer(node, "spatial", 1) != 1) reader.problem(node, "attribute \"spatial\": expected 1");
    const std::optional<MapValue> x = reader.map(node, 0);
    if (!x) return;
    Layer* layer = reader.fusable(node, *x);
    if (!layer) return;
    if (!hasWeights(*layer) || layer->batch_norm || layer->node.relu || layer->bounds)
        return reader.problem(
            node,
            fmt::format("expected it right behind a convolution or linear layer, found it behind {}", layer->place));
    if (!layer->weight_codes.empty()) return reader.problem(node, "expected it folded into the quantised weights");
    BatchNorm norm;
    norm.epsilon = reader.real(node, "epsilon", 1e-5);
    if (!(norm.epsilon >= 0 && norm.epsilon <= 1))
        return reader.problem(node, fmt::format("epsilon: expected a number in [0, 1], found {}", norm.epsilon));
    const auto take = [&](size_t input, std::vector<float>& to) {
        auto values = reader.floats(node, input, layer->node.out_channels);
        if (values) to = std::move(*values);
    };
    take(1, norm.gamma), take(2, norm.beta), take(3, norm.mean), take(4, norm.variance);
    for (const float value : norm.variance)
        if (!(static_cast<double>(value) + norm.epsilon > 0))
            return reader.problem(node, fmt::format("variance: expected positive numbers, found {}", value));
    layer->node.op = network::Op::Conv2d;
    layer->batch_norm = std::move(norm);
    layer->node.batch_norm = true;
    reader.putMap(node, *x);
}

}  // namespace

void addConvolution(GraphReader& reader, const Node& node, const MapValue& x, const ConstantValue& weight,
                    const std::optional<ConstantValue>& bias) {
    if (x.dims.size() != 4)
        return reader.problem(node, fmt::format("expected a map [N, C, H, W], found [{}]", fmt::join(x.dims, ", ")));
    const int64_t groups = reader.integer(node, "group", 1);
    if (!weightsFit(reader, node, *weight.values, x.dims[1], groups)) return;
    const std::vector<int64_t>& dims = weight.values->dims;
    const std::optional<Window> window = readWindow(reader, node, x, {dims[2], dims[3]});
    if (!window) return;
    const int pad = window->pad + x.pad;
    if (dims[2] != dims[3] || dims[2] > kMaxKernel || pad > kMaxPad)
        return reader.problem(
            node, fmt::format("expected a square kernel of at most {} and at most {} zeros around, found {}x{} and {}",
                              kMaxKernel, kMaxPad, dims[2], dims[3], pad));
    Layer layer;
    layer.node.op = network::Op::Conv2d;
    layer.node.out_channels = static_cast<int>(dims[0]);
    layer.node.kernel = window->kernel_height, layer.node.stride = window->stride;
    layer.node.pad = pad, layer.node.dilation = window->dilation;
    layer.node.groups = static_cast<int>(groups);
    if (!takeWeights(reader, node, weight, 0, layer)) return;
    if (bias && !takeBias(reader, node, *bias, layer)) return;
    reader.addLayer(node, std::move(layer), {x}, weight.name);
}

void register_convolution(OpReaders& readers) {
    readers.add("Conv", readConv);
    readers.add("BatchNormalization", readBatchNormalization);
}

}  // namespace dna::flows::onnx
