#pragma once

#include <cmath>

namespace dna::costmodel::loopnest {

/// Value of a scalar for decisions that go in steps: which loop is the innermost one that moves a tile, common
/// divisors. Fractional factors stand for the nearest integer there.
inline double nearestInteger(double x) { return std::nearbyint(x); }
template <class T>
double nearestInteger(const T& x) {
    return std::nearbyint(x.value);
}
template <class T>
T maximum(const T& a, const T& b) {
    return a < b ? b : a;
}
template <class T>
T minimum(const T& a, const T& b) {
    return b < a ? b : a;
}

}  // namespace dna::costmodel::loopnest
