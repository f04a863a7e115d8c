#include "core/nn/straight_through.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace dna::nn {

using autodiff::Gradients;
using autodiff::Tape;
using autodiff::Tensor;
using autodiff::Var;

namespace {

/// Calls body(begin, end) for the values of the chunks of pictures.
template <class Body>
void forValues(Tape<float>& tape, const Tensor<float>& x, const Body& body) {
    const size_t picture = x.map.pictureSize();
    autodiff::forSlots(tape.workers(), x.map.pictures, [&](int, int begin, int end) {
        body(picture * static_cast<size_t>(begin), picture * static_cast<size_t>(end));
    });
}

/// Greatest code of so many bits; the least is its negative.
int greatestCode(int bits) { return (1 << (bits - 1)) - 1; }

constexpr double kLeastScale = 1e-12;  // of a channel whose weights are all 0

/// Every weight at the nearest multiple of its channel's scale, at most `greatest` steps from 0.
template <class T>
Tensor<T> rounded(Tape<T>& tape, const Tensor<T>& in, const std::vector<double>& scales, int greatest) {
    const Tensor<T> y = tape.allocateFlat(in.size);
    DNA_CHECK(!scales.empty() && in.size % scales.size() == 0, "weights: one scale per output channel");
    const size_t reduction = in.size / scales.size();
    for (size_t i = 0; i < in.size; ++i) {
        const double scale = scales[i / reduction];
        const double code = std::clamp(std::floor(static_cast<double>(in.data[i]) / scale + 0.5),
                                       -static_cast<double>(greatest), static_cast<double>(greatest));
        y.data[i] = static_cast<T>(scale * code);
    }
    return y;
}

/// One sum in the order of the list.
template <class T>
T dot(const Tensor<T>& a, const Tensor<T>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size; ++i) sum += static_cast<double>(a.data[i]) * static_cast<double>(b.data[i]);
    return static_cast<T>(sum);
}

}  // namespace

Var roundToGrid(Tape<float>& tape, Var x, const RoundingGrid& grid) {
    const Tensor<float> in = tape.value(x), y = tape.allocate(in.map);
    const auto scale = static_cast<float>(grid.scale), steps = static_cast<float>(1 / grid.scale);
    const auto low = static_cast<float>(grid.low - grid.zero_point),
               high = static_cast<float>(grid.high - grid.zero_point);
    forValues(tape, in, [&](size_t begin, size_t end) {
        const auto first = static_cast<Eigen::Index>(begin), count = static_cast<Eigen::Index>(end - begin);
        const auto codes = (in.array().segment(first, count) * steps + 0.5f).floor();
        y.array().segment(first, count) = codes.cwiseMax(low).cwiseMin(high) * scale;
    });
    // Codes low - 1 and high + 1 begin here.
    const float below = (low - 0.5f) * scale, above = (high + 0.5f) * scale;
    return tape.record(y, {x}, [&tape, x, in, below, above](const Tensor<float>& dy, Gradients<float>& gradients) {
        const auto to = gradients.target(x);
        forValues(tape, in, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i) {
                const float passed = in.data[i] >= below && in.data[i] < above ? dy.data[i] : 0.0f;
                to.data[i] = to.base ? to.base[i] + passed : passed;
            }
        });
    });
}

template <class T>
Var roundWeights(Tape<T>& tape, Var weight, const std::vector<double>& scales, int greatest) {
    const Tensor<T> y = rounded(tape, tape.value(weight), scales, greatest);
    return tape.record(y, {weight}, [weight](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto to = gradients.target(weight);
        for (size_t i = 0; i < dy.size; ++i) to.data[i] = (to.base ? to.base[i] : T(0)) + dy.data[i];
    });
}

template <class T>
std::vector<double> roundingScales(const Tensor<T>& weight, int channels, int bits) {
    const size_t reduction = weight.size / static_cast<size_t>(channels);
    std::vector<double> scales;
    for (int k = 0; k < channels; ++k) {
        const auto first = static_cast<Eigen::Index>(reduction) * k;
        const auto largest = weight.array().segment(first, static_cast<Eigen::Index>(reduction)).abs().maxCoeff();
        scales.push_back(std::max(static_cast<double>(largest) / greatestCode(bits), kLeastScale));
    }
    return scales;
}

template <class T>
Var mixRoundings(Tape<T>& tape, Var weight, int channels, const std::vector<int>& bits, Var gates) {
    const Tensor<T> in = tape.value(weight), g = tape.value(gates), y = tape.allocateFlat(in.size);
    DNA_CHECK(!bits.empty() && g.size == bits.size(), "mix of roundings: one gate a width");
    std::vector<Tensor<T>> roundings;
    y.array().setZero();
    T sum = T(0);
    for (size_t b = 0; b < bits.size(); ++b) {
        roundings.push_back(rounded(tape, in, roundingScales(in, channels, bits[b]), greatestCode(bits[b])));
        y.array() += g.data[b] * roundings[b].array();
        sum += g.data[b];
    }
    return tape.record(y, {weight, gates}, [=](const Tensor<T>& dy, Gradients<T>& gradients) {
        if (gradients.wants(gates)) {
            const auto to = gradients.target(gates);
            for (size_t b = 0; b < roundings.size(); ++b)
                to.data[b] = (to.base ? to.base[b] : T(0)) + dot(dy, roundings[b]);
        }
        if (!gradients.wants(weight)) return;
        const auto to = gradients.target(weight);
        for (size_t i = 0; i < dy.size; ++i) to.data[i] = (to.base ? to.base[i] : T(0)) + sum * dy.data[i];
    });
}

template Var roundWeights<float>(Tape<float>&, Var, const std::vector<double>&, int);
template Var roundWeights<double>(Tape<double>&, Var, const std::vector<double>&, int);
template std::vector<double> roundingScales<float>(const Tensor<float>&, int, int);
template std::vector<double> roundingScales<double>(const Tensor<double>&, int, int);
template Var mixRoundings<float>(Tape<float>&, Var, int, const std::vector<int>&, Var);
template Var mixRoundings<double>(Tape<double>&, Var, int, const std::vector<int>&, Var);

}  // namespace dna::nn
