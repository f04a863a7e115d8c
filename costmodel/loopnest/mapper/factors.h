#pragma once

#include <functional>
#include <vector>

#include "costmodel/loopnest/problem.h"

namespace dna::costmodel::loopnest {

using Factors = PerDim<int64_t>;

constexpr Factors kOnes = {1, 1, 1, 1, 1, 1, 1, 1};

/// Divisors of n, ascending. n >= 1.
std::vector<int64_t> divisors(int64_t n);
/// For every count of tiles that n units can be cut into (the last one may be short) the smallest tile; ascending.
std::vector<int64_t> raggedTiles(int64_t n);

inline Factors times(const Factors& a, const Factors& b) {
    Factors out;
    for (int d = 0; d < kDims; ++d) out[d] = a[d] * b[d];
    return out;
}
/// a / b, rounded up where b does not divide a.
inline Factors over(const Factors& a, const Factors& b) {
    Factors out;
    for (int d = 0; d < kDims; ++d) out[d] = (a[d] + b[d] - 1) / b[d];
    return out;
}
inline bool divides(const Factors& a, const Factors& b) {
    for (int d = 0; d < kDims; ++d)
        if (b[d] % a[d] != 0) return false;
    return true;
}
inline double product(const Factors& f) {
    double all = 1;
    for (const int64_t x : f) all *= double(x);
    return all;
}
inline PerDim<double> asDoubles(const Factors& f) {
    PerDim<double> out;
    for (int d = 0; d < kDims; ++d) out[d] = double(f[d]);
    return out;
}

/// Calls `visit` for every vector of divisors of `whole` (raggedTiles instead, if `ragged`; 1 where not `allowed`) that
/// `fits` admits. `fits` must be monotone: a vector that does not fit has no multiple that does; dimensions not yet
/// chosen are 1.
void forEachFactors(const Factors& whole, const PerDim<bool>& allowed, bool ragged,
                    const std::function<bool(const Factors&)>& fits, const std::function<void(const Factors&)>& visit);

}  // namespace dna::costmodel::loopnest
