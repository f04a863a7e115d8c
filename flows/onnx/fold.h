#pragma once

#include "flows/onnx/reader.h"

namespace dna::flows::onnx {

/// Add, Sub, Mul or Div of two constant integers or lists (what exporters compute shapes with). False, and nothing
/// done, when an input is no constant.
bool foldArithmetic(GraphReader& reader, const Node& node);

}  // namespace dna::flows::onnx
