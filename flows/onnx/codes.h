#pragma once

#include "flows/onnx/draft.h"

namespace dna::flows::onnx {

/// Sets the clamp of a quantised layer's integers from its ReLU, ReLU6 or Clip; nothing when it is not quantised.
void limitCodes(Layer& layer);

}  // namespace dna::flows::onnx
