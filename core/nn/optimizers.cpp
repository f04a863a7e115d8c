#include "core/nn/optimizers.h"

#include <algorithm>
#include <cmath>

#include "core/autodiff/kernels/dispatch.h"
#include "core/base/rng.h"

namespace dna::nn {
namespace {

/// Sum of squares with 16 partial sums, so that the order of additions is fixed and the loop is fast.
template <class T>
double squaredNorm(const T* values, size_t size) {
    double sums[16] = {};
    size_t i = 0;
    for (; i + 16 <= size; i += 16)
        for (int lane = 0; lane < 16; ++lane)
            sums[lane] += static_cast<double>(values[i + lane]) * static_cast<double>(values[i + lane]);
    for (; i < size; ++i) sums[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    double total = 0;
    for (double sum : sums) total += sum;
    return total;
}

}  // namespace

template <class T>
double sgdStep(Parameters<T>& parameters, double rate, const SgdOptions& options) {
    double squares = 0;
    for (int index : parameters.touched())
        squares += squaredNorm(parameters.gradients(index), parameters.infos()[index].size);
    const double norm = std::sqrt(squares);
    if (!std::isfinite(norm)) return norm;
    const double scale = options.clip > 0 && norm > options.clip ? options.clip / norm : 1.0;
    for (int index : parameters.touched()) {
        const ParameterInfo& info = parameters.infos()[index];
        autodiff::kernels<T>().descend(parameters.values(index), parameters.momentum(index),
                                       parameters.gradients(index), info.size, static_cast<T>(scale),
                                       static_cast<T>(rate), static_cast<T>(info.decay ? options.weight_decay : 0),
                                       static_cast<T>(options.momentum), options.nesterov);
    }
    return norm;
}

template double sgdStep<float>(Parameters<float>&, double, const SgdOptions&);
template double sgdStep<double>(Parameters<double>&, double, const SgdOptions&);

namespace {

double power(double base, double exponent) {
    double result = 1;
    for (long i = 0; i < std::lround(exponent) && result > 1e-30; ++i) result *= base;
    return result;
}

}  // namespace

void Adam::step(std::vector<double>& values, const std::vector<double>& gradient, const std::vector<char>& active) {
    DNA_CHECK(values.size() == first_.size() && gradient.size() == first_.size(), "Adam: sizes");
    for (size_t i = 0; i < values.size(); ++i) {
        if (!active.empty() && !active[i]) continue;
        ++steps_[i];
        const double g = gradient[i] + options_.weight_decay * values[i];
        first_[i] = options_.beta1 * first_[i] + (1 - options_.beta1) * g;
        second_[i] = options_.beta2 * second_[i] + (1 - options_.beta2) * g * g;
        const double mean = first_[i] / (1 - power(options_.beta1, steps_[i]));
        const double square = second_[i] / (1 - power(options_.beta2, steps_[i]));
        values[i] -= options_.rate * mean / (std::sqrt(square) + options_.epsilon);
    }
}

std::vector<double> Adam::state() const {
    std::vector<double> state = first_;
    state.insert(state.end(), second_.begin(), second_.end());
    state.insert(state.end(), steps_.begin(), steps_.end());
    return state;
}

void Adam::restore(const std::vector<double>& state) {
    const size_t size = first_.size();
    DNA_CHECK(state.size() == 3 * size, "Adam: size of the state");
    std::copy_n(state.begin(), size, first_.begin());
    std::copy_n(state.begin() + static_cast<std::ptrdiff_t>(size), size, second_.begin());
    std::copy_n(state.begin() + static_cast<std::ptrdiff_t>(2 * size), size, steps_.begin());
}

double CosineSchedule::at(long step) const {
    if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
    const double progress =
        std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(std::max(steps - warmup, 1L)));
    return floor + (peak - floor) * 0.5 * (1 + base::portableCosTurn(progress / 2));
}

}  // namespace dna::nn
