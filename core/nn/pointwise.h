#pragma once

#include "core/nn/weight_panel.h"

namespace dna::nn {

/// 1x1 convolution chunk by chunk: activation and gradient combination are applied as lines are read, statistics are
/// taken while the results are in cache. `moments` ([slot][block], or nullptr) gets those of y.
template <class T>
void pointwiseForward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight,
                      const Tensor<T>& y, autodiff::Moments* moments);

/// Gradients of the input and of the weights, whichever is wanted (data != nullptr), on the same chunk.
template <class T>
void pointwiseBackward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight,
                       const Tensor<T>& dy, const autodiff::GradientTarget<T>& dx,
                       const autodiff::GradientTarget<T>& dweight);

}  // namespace dna::nn
