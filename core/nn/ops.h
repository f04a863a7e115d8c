#pragma once

#include <cstdint>
#include <vector>

#include "core/autodiff/tape.h"

/// The ops of networks. Each is in core/nn/ops/<name>.cpp with its gradient beside its value; `x` are feature maps
/// ([picture][block][pixel][lane], see core/autodiff/tensor.h), parameters are flat lists.
namespace dna::nn {

using autodiff::MapShape;
using autodiff::Tape;
using autodiff::Tensor;
using autodiff::Var;

struct ConvGeometry {
    int out_channels = 1, kernel = 1, stride = 1, pad = 0, groups = 1;
    bool measure = false;  ///< take the statistics for a batch norm of the result on the way
};

/// y = x convolved with weight (OIHW, [out][in / groups][kernel][kernel]), zero padding. Depthwise (one channel a
/// group) takes the path of depthwiseConv2d.
template <class T>
Var conv2d(Tape<T>& tape, Var x, Var weight, const ConvGeometry& geometry);

/// One kernel x kernel filter per channel; weight is [channels][kernel][kernel].
template <class T>
Var depthwiseConv2d(Tape<T>& tape, Var x, Var weight, const ConvGeometry& geometry);

/// y[k] = x[k] + bias[k] for every channel k.
template <class T>
Var addBias(Tape<T>& tape, Var x, Var bias);

template <class T>
struct BatchNormOptions {
    bool training = true;  ///< statistics of the batch; else the running ones
    bool relu = false;     ///< y = max(0, .) in the same pass
    T epsilon = T(1e-5);
    T momentum = T(0.1);        ///< share of the new batch in the running statistics
    T* running_mean = nullptr;  ///< [channels]; read when not training; updated when training and `update_running`
    T* running_variance = nullptr;
    bool update_running = false;
};

/// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel over pictures and pixels (biased variance; the
/// running variance is the unbiased one). The value is stored as x with an activation.
template <class T>
Var batchNorm(Tape<T>& tape, Var x, Var gamma, Var beta, const BatchNormOptions<T>& options);

/// y = max(x, 0).
template <class T>
Var relu(Tape<T>& tape, Var x);

/// y = min(max(x, 0), 6).
template <class T>
Var relu6(Tape<T>& tape, Var x);

template <class T>
Var add(Tape<T>& tape, Var a, Var b);

/// The channels of all maps, one map behind the other.
template <class T>
Var concat(Tape<T>& tape, const std::vector<Var>& parts);

/// Channels seen as [groups][n] become [n][groups].
template <class T>
Var channelShuffle(Tape<T>& tape, Var x, int groups);

/// Largest value of every kernel x kernel window of a channel; the padding never wins. Uses kernel, stride and pad.
template <class T>
Var maxPool(Tape<T>& tape, Var x, const ConvGeometry& geometry);

/// Mean over the pixels of every channel: a map of 1x1.
template <class T>
Var globalAveragePool(Tape<T>& tape, Var x);

/// y = weight x + bias on 1x1 maps; weight is [out][in].
template <class T>
Var linear(Tape<T>& tape, Var x, Var weight, Var bias, int outputs);

/// Mean over the pictures of -log softmax(x)[label]; a scalar. With smoothing s the wanted distribution is
/// (1 - s) on the label plus s / classes on every class.
template <class T>
Var softmaxCrossEntropy(Tape<T>& tape, Var x, const std::vector<uint16_t>& labels, T smoothing = T(0));

/// y = sum_k gates[k] * paths[k]; gates is a flat list. A path whose gate has the value 0 gets no gradient (it would be
/// 0), so its rules never run; d gates[k] = <dy, paths[k]> for all.
template <class T>
Var gatedSum(Tape<T>& tape, const std::vector<Var>& paths, Var gates);

/// Class of each picture of a batch of logits: the largest, ties to the lower class.
template <class T>
std::vector<int> classify(const Tensor<T>& logits);

/// Correct answers of a batch of logits (ties go to the lower class).
template <class T>
int countCorrect(const Tensor<T>& logits, const std::vector<uint16_t>& labels);

/// Flat list of kernel x kernel filters becomes one of filters with dilation - 1 zeros between neighbouring taps.
template <class T>
Var spreadKernel(Tape<T>& tape, Var x, int kernel, int dilation);

/// Flat list seen as [rows][columns] becomes [columns][rows].
template <class T>
Var transposeFlat(Tape<T>& tape, Var x, int rows, int columns);

}  // namespace dna::nn
