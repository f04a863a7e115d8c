#pragma once

#include <optional>

#include "flows/onnx/reader.h"

namespace dna::flows::onnx {

/// A square window with the same zeros on all four sides, as layers have it.
struct Window {
    int kernel_height = 1, kernel_width = 1;  ///< differ only where a pool covers the whole map
    int stride = 1, pad = 0, dilation = 1;
};

/// Reads kernel_shape, strides, pads, auto_pad and dilations of a convolution or pool over `map`; a Pad before the node
/// counts. Nothing when a layer can't say it: the problems are recorded.
std::optional<Window> readWindow(GraphReader& reader, const Node& node, const MapValue& map,
                                 const std::vector<int64_t>& kernel);

}  // namespace dna::flows::onnx
