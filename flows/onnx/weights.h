#pragma once

#include "flows/onnx/reader.h"

namespace dna::flows::onnx {

constexpr int kMaxKernel = 63, kMaxPad = 62;  ///< of a convolution or pool, as network.json has them

inline bool hasWeights(const Layer& layer) {
    return layer.node.op == network::Op::Conv2d || layer.node.op == network::Op::Linear;
}

/// Gives a layer its weights: real ones, or integers with their scales when DequantizeLinear made them; `axis` is the
/// dimension of the output channels. The bias becomes zeros. False when the layer can't hold them: the problem is
/// recorded.
bool takeWeights(GraphReader& reader, const Node& node, const ConstantValue& weight, int axis, Layer& layer);

/// Adds a bias: a constant with a value for every output channel, or one for all.
bool takeBias(GraphReader& reader, const Node& node, const ConstantValue& bias, Layer& layer);

}  // namespace dna::flows::onnx
