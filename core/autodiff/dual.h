#pragma once

#include <array>
#include <cmath>

#include "core/autodiff/tape.h"
#include "core/base/error.h"
#include "core/base/rng.h"

namespace dna::autodiff {

/// A value and its derivatives by N independent variables (forward mode, fixed width, no allocation): cost formulas are
/// templates over `double` and this, so that the cost that is searched is the cost that is reported.
template <int N>
struct Dual {
    double value = 0;
    std::array<double, N> slope{};

    Dual() = default;
    Dual(double constant) : value(constant) {}  // NOLINT: constants mix with variables in formulas
    /// The i-th independent variable.
    static Dual variable(double value, int i) {
        Dual x(value);
        x.slope[i] = 1;
        return x;
    }

    Dual& operator+=(const Dual& o) { return *this = *this + o; }
    Dual& operator-=(const Dual& o) { return *this = *this - o; }
    Dual& operator*=(const Dual& o) { return *this = *this * o; }
    Dual& operator/=(const Dual& o) { return *this = *this / o; }

    friend Dual operator+(const Dual& a, const Dual& b) { return combine(a, b, a.value + b.value, 1, 1); }
    friend Dual operator-(const Dual& a, const Dual& b) { return combine(a, b, a.value - b.value, 1, -1); }
    friend Dual operator-(const Dual& a) { return combine(a, a, -a.value, -1, 0); }
    friend Dual operator*(const Dual& a, const Dual& b) { return combine(a, b, a.value * b.value, b.value, a.value); }
    friend Dual operator/(const Dual& a, const Dual& b) {
        const double ratio = a.value / b.value;
        return combine(a, b, ratio, 1 / b.value, -ratio / b.value);
    }
    friend bool operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
    friend bool operator>(const Dual& a, const Dual& b) { return a.value > b.value; }

    /// value, with da * (slope of a) + db * (slope of b).
    static Dual combine(const Dual& a, const Dual& b, double value, double da, double db) {
        Dual result(value);
        for (int i = 0; i < N; ++i) result.slope[i] = da * a.slope[i] + db * b.slope[i];
        return result;
    }
};

/// The same functions for both scalars. Where the maximum is shared, the first argument's slope counts.
inline double max(double a, double b) { return a < b ? b : a; }
inline double min(double a, double b) { return b < a ? b : a; }
inline double log(double x) { return base::portableLog(x); }
inline double exp(double x) { return base::portableExp(x); }
template <int N>
Dual<N> max(const Dual<N>& a, const Dual<N>& b) {
    return a.value < b.value ? b : a;
}
template <int N>
Dual<N> min(const Dual<N>& a, const Dual<N>& b) {
    return b.value < a.value ? b : a;
}
template <int N>
Dual<N> log(const Dual<N>& x) {
    return Dual<N>::combine(x, x, base::portableLog(x.value), 1 / x.value, 0);
}
template <int N>
Dual<N> exp(const Dual<N>& x) {
    const double e = base::portableExp(x.value);
    return Dual<N>::combine(x, x, e, e, 0);
}

/// Number of tiles that cover x: the exact count for `double`; for Dual the same value with the slope of x itself
/// (straight through), so that a gradient sees the trend behind the steps.
inline double ceilTiles(double x) { return std::ceil(x); }
template <int N>
Dual<N> ceilTiles(const Dual<N>& x) {
    return Dual<N>::combine(x, x, std::ceil(x.value), 1, 0);
}

/// The relaxed count: x itself, equal to the exact one at integers, differentiable everywhere.
template <class S>
S relaxedTiles(const S& x) {
    return x;
}

/// Puts a formula of N numbers on the tape as one op: its value, and its Jacobian as the gradient rule.
/// `formula` takes std::array<Dual<N>, N> and returns Dual<N>; `inputs` is a flat list of N values.
template <int N, class T, class Formula>
Var recordFormula(Tape<T>& tape, Var inputs, const Formula& formula) {
    const Tensor<T> x = tape.value(inputs);
    DNA_CHECK(x.size == static_cast<size_t>(N), "formula: number of inputs");
    std::array<Dual<N>, N> variables;
    for (int i = 0; i < N; ++i) variables[i] = Dual<N>::variable(static_cast<double>(x.data[i]), i);
    const Dual<N> result = formula(variables);
    const Tensor<T> y = tape.allocateFlat(1);
    *y.data = static_cast<T>(result.value);
    return tape.record(y, {inputs}, [inputs, slope = result.slope](const Tensor<T>& dy, Gradients<T>& gradients) {
        const GradientTarget<T> to = gradients.target(inputs);
        for (int i = 0; i < N; ++i) to.data[i] = (to.base ? to.base[i] : T(0)) + dy.data[0] * static_cast<T>(slope[i]);
    });
}

}  // namespace dna::autodiff
