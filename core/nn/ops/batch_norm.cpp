// Batch normalisation with the ReLU that follows it. The normalised map is not written: readers apply the factors as
// they read (autodiff::Activation), and the gradient of the input is a combination that its reader computes
// (autodiff::Combination). Statistics come from the op that made the input where it measured them; planes are merged in
// double in a fixed order.

#include <algorithm>
#include <cmath>

#include "core/autodiff/activation.h"
#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::Activation;
using autodiff::Combination;
using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::kernels;
using autodiff::kLanes;
using autodiff::kSlots;
using autodiff::kSumValues;
using autodiff::Moments;

size_t paddedChannels(const MapShape& map) { return static_cast<size_t>(map.blocks()) * kLanes; }

template <class T>
const Moments* measure(Tape<T>& tape, const Tensor<T>& x) {
    Moments* moments = autodiff::takeMoments(tape.arena(), x.map);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < x.map.blocks(); ++b)
                autodiff::measurePlane<T>(kernels<T>(), x.plane(n, b), x.map.pixels(),
                                          moments[static_cast<size_t>(slot) * x.map.blocks() + b]);
    });
    return moments;
}

/// Mean and variance of the batch per channel; updates the running statistics when asked.
template <class T>
void mergeStatistics(const MapShape& map, const Moments* moments, const BatchNormOptions<T>& options, T* mean,
                     T* variance) {
    for (int b = 0; b < map.blocks(); ++b) {
        Moments total;
        for (int slot = 0; slot < kSlots; ++slot) total.merge(moments[static_cast<size_t>(slot) * map.blocks() + b]);
        for (int i = 0; i < kLanes && b * kLanes + i < map.channels; ++i) {
            const int c = b * kLanes + i;
            mean[c] = static_cast<T>(total.mean[i]);
            variance[c] = static_cast<T>(total.squares[i] / total.count);
            if (!options.update_running) continue;
            const double unbiased = total.squares[i] / std::max(total.count - 1, 1.0);
            options.running_mean[c] += options.momentum * (mean[c] - options.running_mean[c]);
            options.running_variance[c] += options.momentum * (static_cast<T>(unbiased) - options.running_variance[c]);
        }
    }
}

/// Factors of the normalisation, and the inverse deviation that the gradient needs; zero in the padding.
template <class T>
struct Factors {
    T *scale, *shift, *mean, *inverse_deviation;
};

template <class T>
Factors<T> takeFactors(Tape<T>& tape, const Tensor<T>& x, const T* gamma, const T* beta,
                       const BatchNormOptions<T>& options) {
    const size_t size = paddedChannels(x.map);
    T* memory = tape.arena().template takeZero<T>(5 * size);
    const Factors<T> f{memory, memory + size, memory + 2 * size, memory + 3 * size};
    T* variance = memory + 4 * size;
    if (options.training) {
        mergeStatistics(x.map, x.moments ? x.moments : measure(tape, x), options, f.mean, variance);
    } else {
        std::copy_n(options.running_mean, x.map.channels, f.mean);
        std::copy_n(options.running_variance, x.map.channels, variance);
    }
    for (int c = 0; c < x.map.channels; ++c) {
        f.inverse_deviation[c] = T(1) / std::sqrt(variance[c] + options.epsilon);
        f.scale[c] = gamma[c] * f.inverse_deviation[c];
        f.shift[c] = beta[c] - f.mean[c] * f.scale[c];
    }
    return f;
}

/// Sums over pictures and pixels of g (dL/dbeta) and of g * xhat (dL/dgamma), per padded channel.
template <class T>
void addSlots(const MapShape& map, const double* sums, const Factors<T>& factors, T* sum_g, T* sum_gx) {
    for (size_t c = 0; c < paddedChannels(map); ++c) {
        double g = 0, gx = 0;
        for (int slot = 0; slot < kSlots; ++slot) {
            const double* from =
                sums + (static_cast<size_t>(slot) * map.blocks() + c / kLanes) * kSumValues + c % kLanes;
            g += from[0];
            gx += from[kLanes];
        }
        sum_g[c] = static_cast<T>(g);
        sum_gx[c] = static_cast<T>(gx * static_cast<double>(factors.inverse_deviation[c]));
    }
}

/// Training: dx = gamma / sigma * (g - mean(g) - xhat * mean(g xhat)); with running statistics: dx = gamma / sigma * g.
template <class T>
Combination<T> inputGradient(Tape<T>& tape, const Tensor<T>& x, const Factors<T>& f, bool training, const T* sum_g,
                             const T* sum_gx) {
    const size_t size = paddedChannels(x.map);
    T* memory = tape.arena().template takeZero<T>(2 * size);
    T *slope = memory, *offset = memory + size;
    const T inverse_count = T(1) / static_cast<T>(static_cast<double>(x.map.pictures) * x.map.pixels());
    for (size_t c = 0; training && c < size; ++c) {
        slope[c] = -(f.scale[c] * (f.inverse_deviation[c] * sum_gx[c] * inverse_count));
        offset[c] = -(f.scale[c] * (sum_g[c] * inverse_count)) - slope[c] * f.mean[c];
    }
    return {f.scale, slope, offset, x.data};
}

template <class T>
void addTo(const GradientTarget<T>& target, const T* gradient, int channels) {
    for (int c = 0; c < channels; ++c) target.data[c] = (target.base ? target.base[c] : T(0)) + gradient[c];
}

}  // namespace

template <class T>
Var batchNorm(Tape<T>& tape, Var x, Var gamma, Var beta, const BatchNormOptions<T>& options) {
    const Tensor<T> in = tape.value(x), scale = tape.value(gamma), shift = tape.value(beta);
    DNA_CHECK(scale.size == static_cast<size_t>(in.map.channels) && shift.size == scale.size, "batch norm: sizes");
    const Factors<T> factors = takeFactors(tape, in, scale.data, shift.data, options);
    auto* activation = tape.arena().template take<Activation<T>>(1);
    *activation = {factors.scale, factors.shift, factors.mean, options.relu};
    Tensor<T> y = in;
    y.moments = nullptr;
    y.activation = activation;
    const bool training = options.training;
    return tape.record(y, {x, gamma, beta},
                       [&tape, x, gamma, beta, in, factors, training](const Tensor<T>& dy, Gradients<T>& gradients) {
                           const size_t size = paddedChannels(in.map);
                           T* sums = tape.arena().template takeZero<T>(2 * size);
                           addSlots(in.map, dy.sums, factors, sums, sums + size);
                           if (gradients.wants(beta)) addTo(gradients.target(beta), sums, in.map.channels);
                           if (gradients.wants(gamma)) addTo(gradients.target(gamma), sums + size, in.map.channels);
                           if (!gradients.wants(x)) return;
                           auto* combination = tape.arena().template take<Combination<T>>(1);
                           *combination = inputGradient(tape, in, factors, training, sums, sums + size);
                           gradients.passCombined(x, dy, combination);
                       });
}

template Var batchNorm<float>(Tape<float>&, Var, Var, Var, const BatchNormOptions<float>&);
template Var batchNorm<double>(Tape<double>&, Var, Var, Var, const BatchNormOptions<double>&);

void register_batch_norm(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"batch_norm", "normalisation over pictures and pixels, with the ReLU after it", [] {
                 const auto sample = [](const std::string& name, MapShape in, bool relu) {
                     const size_t channels = static_cast<size_t>(in.channels);
                     return GradientSample{name,
                                           {{in, 0, 0.3}, {{}, channels, 1.0, 0.3}, {{}, channels}},
                                           [relu](Tape<double>& tape, const std::vector<Var>& v) {
                                               return batchNorm<double>(tape, v[0], v[1], v[2], {.relu = relu});
                                           }};
                 };
                 GradientSample running{"running statistics",
                                        {{{2, 3, 2, 3}}, {{}, 3, 1.0, 0.3}, {{}, 3}},
                                        [](Tape<double>& tape, const std::vector<Var>& v) {
                                            double* statistics = tape.arena().take<double>(6);
                                            for (int i = 0; i < 6; ++i) statistics[i] = 0.4 + 0.2 * i;
                                            return batchNorm<double>(tape, v[0], v[1], v[2],
                                                                     {.training = false,
                                                                      .relu = true,
                                                                      .running_mean = statistics,
                                                                      .running_variance = statistics + 3});
                                        }};
                 return std::vector<GradientSample>{sample("batch statistics", {3, 18, 3, 3}, false),
                                                    sample("with ReLU", {9, 5, 2, 3}, true), running};
             }});
}

}  // namespace dna::nn
