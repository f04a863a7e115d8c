#pragma once

#include "flows/onnx/reader.h"

namespace dna::flows::onnx {

inline const std::vector<std::string> kConvAttributes{"auto_pad",     "dilations", "group",
                                                      "kernel_shape", "pads",      "strides"};

/// Adds the convolution that Conv and QLinearConv describe with kConvAttributes.
void addConvolution(GraphReader& reader, const Node& node, const MapValue& x, const ConstantValue& weight,
                    const std::optional<ConstantValue>& bias);

}  // namespace dna::flows::onnx
