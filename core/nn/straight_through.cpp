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

Var roundWeights(Tape<float>& tape, Var weight, const std::vector<double>& scales, int greatest) {
    const Tensor<float> in = tape.value(weight), y = tape.allocateFlat(in.size);
    DNA_CHECK(!scales.empty() && in.size % scales.size() == 0, "weights: one scale per output channel");
    const size_t reduction = in.size / scales.size();
    for (size_t i = 0; i < in.size; ++i) {
        const double scale = scales[i / reduction];
        const double code = std::clamp(std::floor(static_cast<double>(in.data[i]) / scale + 0.5),
                                       -static_cast<double>(greatest), static_cast<double>(greatest));
        y.data[i] = static_cast<float>(scale * code);
    }
    return tape.record(y, {weight}, [weight](const Tensor<float>& dy, Gradients<float>& gradients) {
        const auto to = gradients.target(weight);
        for (size_t i = 0; i < dy.size; ++i) to.data[i] = (to.base ? to.base[i] : 0.0f) + dy.data[i];
    });
}

}  // namespace dna::nn
