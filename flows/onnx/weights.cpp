#include "flows/onnx/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dna::flows::onnx {

bool takeWeights(GraphReader& reader, const Node& node, const ConstantValue& weight, int axis, Layer& layer) {
    const auto outputs = static_cast<size_t>(layer.node.out_channels);
    if (!weight.values->isFloat()) {
        reader.problem(node, "weights: expected float32 values");
        return false;
    }
    layer.weight = weight.values->floats;
    layer.bias.assign(outputs, 0.0f);
    if (!weight.codes) return true;
    if (weight.codes->type != ValueType::Int8) {
        reader.problem(node, "quantised weights: expected int8 values");
        return false;
    }
    const bool per_channel = weight.scales.size() > 1;
    if (per_channel && (weight.axis != axis || weight.scales.size() != outputs)) {
        reader.problem(
            node,
            fmt::format("scales of the weights: expected one, or one for each of the {} output channels", outputs));
        return false;
    }
    layer.weight_codes = weight.codes->integers;
    layer.weight_scales = weight.scales;
    return true;
}

bool takeBias(GraphReader& reader, const Node& node, const ConstantValue& bias, Layer& layer) {
    const auto outputs = static_cast<size_t>(layer.node.out_channels);
    if (!bias.values->isFloat() || (bias.values->size() != outputs && bias.values->size() != 1)) {
        reader.problem(node, fmt::format("bias: expected {} float values, found shape [{}]", outputs,
                                         fmt::join(bias.values->dims, ", ")));
        return false;
    }
    const bool first = std::all_of(layer.bias.begin(), layer.bias.end(), [](float value) { return value == 0.0f; });
    for (size_t k = 0; k < outputs; ++k) layer.bias[k] += bias.values->floats[bias.values->size() == 1 ? 0 : k];
    layer.bias_codes.clear();
    if (first && bias.codes && bias.codes->type == ValueType::Int32 && bias.codes->size() == outputs) {
        layer.bias_codes = bias.codes->integers;
        layer.bias_scales = bias.scales;
    }
    return true;
}

}  // namespace dna::flows::onnx
