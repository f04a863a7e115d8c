#pragma once

#include "core/nn/weight_panel.h"

namespace dna::nn {

/// Convolution with a window or a stride as a matrix product over patches, picture by picture; otherwise as
/// pointwiseForward() and pointwiseBackward().
template <class T>
void patchForward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight, const Tensor<T>& y,
                  autodiff::Moments* moments);
template <class T>
void patchBackward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight, const Tensor<T>& dy,
                   const autodiff::GradientTarget<T>& dx, const autodiff::GradientTarget<T>& dweight);

}  // namespace dna::nn
