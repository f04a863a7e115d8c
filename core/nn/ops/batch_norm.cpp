// Batch normalisation with the ReLU that follows it in one pass. Statistics: each plane gives its mean and its sum of
// squared deviations (both passes while the plane is in cache); planes are merged in double by Chan's rule in order.

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/nn/lanes.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::ArenaScope;
using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::kSlots;

/// Sum over the pixels of a plane of f(pixel), with four partial sums in a fixed order.
template <class T, class F>
Lanes<T> sumPlane(int pixels, const F& f) {
    Lanes<T> sums[4] = {};
    int p = 0;
    for (; p + 4 <= pixels; p += 4)
        for (int i = 0; i < 4; ++i) sums[i] += f(static_cast<size_t>(p + i) * kLanes);
    for (; p < pixels; ++p) sums[0] += f(static_cast<size_t>(p) * kLanes);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Running mean and sum of squared deviations of `count` values in each lane.
struct Moments {
    double count = 0;
    double mean[kLanes] = {};
    double squares[kLanes] = {};

    void merge(double other_count, const double* other_mean, const double* other_squares) {
        if (other_count == 0) return;
        const double total = count + other_count, share = other_count / total, cross = count * share;
        for (int i = 0; i < kLanes; ++i) {
            const double delta = other_mean[i] - mean[i];
            mean[i] += delta * share;
            squares[i] += other_squares[i] + delta * delta * cross;
        }
        count = total;
    }
};

template <class T>
void addPlane(const T* plane, int pixels, Moments& moments) {
    const T inverse = T(1) / static_cast<T>(pixels);
    const Lanes<T> mean = sumPlane<T>(pixels, [&](size_t at) { return load(plane + at); }) * inverse;
    const Lanes<T> squares = sumPlane<T>(pixels, [&](size_t at) {
        const Lanes<T> d = load(plane + at) - mean;
        return d * d;
    });
    double mean_d[kLanes], squares_d[kLanes];
    for (int i = 0; i < kLanes; ++i)
        mean_d[i] = static_cast<double>(mean[i]), squares_d[i] = static_cast<double>(squares[i]);
    moments.merge(pixels, mean_d, squares_d);
}

/// Per channel (padded): y = x * scale + shift, and what the gradient needs.
template <class T>
struct Affine {
    T *scale, *shift, *mean, *inverse_deviation;
};

template <class T>
Affine<T> takeAffine(Tape<T>& tape, const MapShape& map) {
    const size_t size = static_cast<size_t>(map.blocks()) * kLanes;
    T* memory = tape.arena().template takeZero<T>(4 * size);
    return {memory, memory + size, memory + 2 * size, memory + 3 * size};
}

/// Mean and variance of the batch per channel; updates the running statistics when asked.
template <class T>
void measure(Tape<T>& tape, const Tensor<T>& x, const BatchNormOptions<T>& options, T* mean, T* variance) {
    const int blocks = x.map.blocks(), pixels = x.map.pixels();
    std::vector<Moments> moments(static_cast<size_t>(kSlots) * blocks);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < blocks; ++b)
                addPlane(x.plane(n, b), pixels, moments[static_cast<size_t>(slot) * blocks + b]);
    });
    for (int b = 0; b < blocks; ++b) {
        Moments total;
        for (int slot = 0; slot < kSlots; ++slot) {
            const Moments& part = moments[static_cast<size_t>(slot) * blocks + b];
            total.merge(part.count, part.mean, part.squares);
        }
        for (int i = 0; i < kLanes && b * kLanes + i < x.map.channels; ++i) {
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

template <class T>
Lanes<T> rectified(const Lanes<T>& y, const Lanes<T>& value) {
    return y > T(0) ? value : Lanes<T>{};
}

template <class T>
void normalize(Tape<T>& tape, const Tensor<T>& x, const Affine<T>& affine, bool relu, const Tensor<T>& y) {
    forSlots(tape.workers(), x.map.pictures, [&](int, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < x.map.blocks(); ++b) {
                const Lanes<T> scale = load(affine.scale + b * kLanes), shift = load(affine.shift + b * kLanes);
                const T* from = x.plane(n, b);
                T* to = y.plane(n, b);
                for (size_t at = 0; at < x.map.planeSize(); at += kLanes) {
                    Lanes<T> value = shift;
                    addProduct(value, load(from + at), scale);
                    store<T>(to + at, relu ? rectified<T>(value, value) : value);
                }
            }
    });
}

/// The gradient behind the ReLU: dy where y > 0. y is computed again from x, exactly as in the forward pass.
template <class T>
Lanes<T> maskedGradient(const Lanes<T>& x, const Lanes<T>& dy, const Lanes<T>& scale, const Lanes<T>& shift,
                        bool relu) {
    if (!relu) return dy;
    Lanes<T> y = shift;
    addProduct(y, x, scale);
    return rectified<T>(y, dy);
}

/// Sums over pictures and pixels of g (dL/dbeta) and of g * xhat (dL/dgamma), per padded channel.
template <class T>
void sumGradients(Tape<T>& tape, const Tensor<T>& x, const Tensor<T>& dy, const Affine<T>& affine, bool relu, T* sum_g,
                  T* sum_gx) {
    const int blocks = x.map.blocks(), pixels = x.map.pixels();
    std::vector<double> partial(static_cast<size_t>(kSlots) * blocks * kLanes * 2);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        for (int b = 0; b < blocks; ++b) {
            const Lanes<T> scale = load(affine.scale + b * kLanes), shift = load(affine.shift + b * kLanes),
                           mean = load(affine.mean + b * kLanes);
            double* to = partial.data() + (static_cast<size_t>(slot) * blocks + b) * kLanes * 2;
            for (int n = begin; n < end; ++n) {
                const T *px = x.plane(n, b), *pd = dy.plane(n, b);
                Lanes<T> centred[4] = {};
                int turn = 0;
                const Lanes<T> g_sum = sumPlane<T>(pixels, [&](size_t at) {
                    const Lanes<T> value = load(px + at),
                                   g = maskedGradient<T>(value, load(pd + at), scale, shift, relu);
                    addProduct(centred[turn++ & 3], g, value - mean);
                    return g;
                });
                const Lanes<T> gx = (centred[0] + centred[1]) + (centred[2] + centred[3]);
                for (int i = 0; i < kLanes; ++i)
                    to[i] += static_cast<double>(g_sum[i]), to[kLanes + i] += static_cast<double>(gx[i]);
            }
        }
    });
    for (int c = 0; c < blocks * kLanes; ++c) {
        double g = 0, gx = 0;
        for (int slot = 0; slot < kSlots; ++slot) {
            const double* from =
                partial.data() + (static_cast<size_t>(slot) * blocks + c / kLanes) * kLanes * 2 + c % kLanes;
            g += from[0];
            gx += from[kLanes];
        }
        sum_g[c] = static_cast<T>(g);
        sum_gx[c] = static_cast<T>(gx * static_cast<double>(affine.inverse_deviation[c]));
    }
}

/// Training: dx = gamma / sigma * (g - mean(g) - xhat * mean(g xhat)); with running statistics: dx = gamma / sigma * g.
template <class T>
void writeInputGradient(Tape<T>& tape, const Tensor<T>& x, const Tensor<T>& dy, const Affine<T>& affine, bool relu,
                        bool training, const T* sum_g, const T* sum_gx, const GradientTarget<T>& target) {
    const T inverse_count = T(1) / static_cast<T>(static_cast<double>(x.map.pictures) * x.map.pixels());
    forSlots(tape.workers(), x.map.pictures, [&](int, int begin, int end) {
        for (int b = 0; b < x.map.blocks(); ++b) {
            const Lanes<T> scale = load(affine.scale + b * kLanes), shift = load(affine.shift + b * kLanes),
                           mean = load(affine.mean + b * kLanes);
            const Lanes<T> share =
                training ? load(affine.inverse_deviation + b * kLanes) * load(sum_gx + b * kLanes) * inverse_count
                         : Lanes<T>{};
            // dx = scale * g + slope * x + offset
            const Lanes<T> slope = -(scale * share);
            const Lanes<T> offset =
                training ? -(scale * (load(sum_g + b * kLanes) * inverse_count)) - slope * mean : Lanes<T>{};
            for (int n = begin; n < end; ++n) {
                const T *px = x.plane(n, b), *pd = dy.plane(n, b);
                const size_t first = static_cast<size_t>(px - x.data);
                for (size_t at = 0; at < x.map.planeSize(); at += kLanes) {
                    const Lanes<T> value = load(px + at),
                                   g = maskedGradient<T>(value, load(pd + at), scale, shift, relu);
                    Lanes<T> dx = target.base ? offset + load(target.base + first + at) : offset;
                    addProduct(dx, g, scale);
                    addProduct(dx, value, slope);
                    store<T>(target.data + first + at, dx);
                }
            }
        }
    });
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
    const Affine<T> affine = takeAffine(tape, in.map);
    std::vector<T> variance(in.map.channels);
    if (options.training)
        measure(tape, in, options, affine.mean, variance.data());
    else {
        std::copy_n(options.running_mean, in.map.channels, affine.mean);
        std::copy_n(options.running_variance, in.map.channels, variance.data());
    }
    for (int c = 0; c < in.map.channels; ++c) {
        affine.inverse_deviation[c] = T(1) / std::sqrt(variance[c] + options.epsilon);
        affine.scale[c] = scale.data[c] * affine.inverse_deviation[c];
        affine.shift[c] = shift.data[c] - affine.mean[c] * affine.scale[c];
    }
    const Tensor<T> y = tape.allocate(in.map);
    normalize(tape, in, affine, options.relu, y);
    const bool relu = options.relu, training = options.training;
    return tape.record(
        y, {x, gamma, beta},
        [&tape, x, gamma, beta, in, affine, relu, training](const Tensor<T>& dy, Gradients<T>& gradients) {
            const size_t size = static_cast<size_t>(in.map.blocks()) * kLanes;
            T* sums = tape.arena().template takeZero<T>(2 * size);
            const bool parameters = gradients.wants(gamma) || gradients.wants(beta);
            if (parameters || training) sumGradients(tape, in, dy, affine, relu, sums, sums + size);
            if (gradients.wants(gamma)) addTo(gradients.target(gamma), sums + size, in.map.channels);
            if (gradients.wants(beta)) addTo(gradients.target(beta), sums, in.map.channels);
            if (gradients.wants(x))
                writeInputGradient(tape, in, dy, affine, relu, training, sums, sums + size, gradients.target(x));
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
