#pragma once

#include <vector>

#include "core/autodiff/tape.h"

/// Rounding on the tape for quantisation-aware training. The gradient passes as if nothing was rounded (straight-through
/// estimate, Bengio et al. 2013), so it is not the derivative of the value: these are no ops of core/nn/ops, whose
/// gradients are checked against differences.
namespace dna::nn {

/// Codes of an activation: code = floor(x / scale + 0.5) + zero_point, clamped to [low,
/// high]; it stands for scale * (code - zero_point).
struct RoundingGrid {
    double scale = 1;
    int zero_point = 0, low = -128, high = 127;
};

/// y = the nearest value of the grid; dx = dy where the code needed no clamping, else 0.
autodiff::Var roundToGrid(autodiff::Tape<float>& tape, autodiff::Var x, const RoundingGrid& grid);

/// Weights of `scales.size()` output channels, each rounded to a multiple of its scale of at most `greatest` steps;
/// dx = dy.
template <class T>
autodiff::Var roundWeights(autodiff::Tape<T>& tape, autodiff::Var weight, const std::vector<double>& scales,
                           int greatest);

/// Scale of each of `channels` output channels: its largest weight becomes the greatest code of `bits`. A batch norm
/// behind the layer multiplies weights and scale alike, so these are the codes of the folded weights too.
template <class T>
std::vector<double> roundingScales(const autodiff::Tensor<T>& weight, int channels, int bits);

/// y = sum_b gates[b] Q_b(weight), Q_b the rounding to bits[b] at roundingScales: a layer between several widths.
/// d gates[b] = <dy, Q_b(weight)>, exact; d weight = sum_b gates[b] dy, the straight-through estimate of each rounding.
template <class T>
autodiff::Var mixRoundings(autodiff::Tape<T>& tape, autodiff::Var weight, int channels, const std::vector<int>& bits,
                           autodiff::Var gates);

}  // namespace dna::nn
