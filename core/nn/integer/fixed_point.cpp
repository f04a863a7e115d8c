#include "core/nn/integer/fixed_point.h"

#include <algorithm>
#include <cmath>

namespace dna::nn {
namespace {

constexpr int kMinShift = 1, kMaxShift = 62;

/// floor(x + 0.5): ties go up, like the hardware's rounding.
int64_t roundHalfUp(double x) { return static_cast<int64_t>(std::floor(x + 0.5)); }

int shiftFor(double factor, int mantissa_bits) {
    int exponent = 0;
    std::frexp(factor, &exponent);  // factor = m * 2^exponent, m in [0.5, 1)
    return std::clamp(mantissa_bits - exponent, kMinShift, kMaxShift);
}

/// Not above 2^33, so that what is too large is seen as such.
int64_t mantissa(double factor, int shift) { return roundHalfUp(std::min(std::ldexp(factor, shift), 0x1p33)); }

}  // namespace

double FixedPoint::value() const { return std::ldexp(static_cast<double>(multiplier), -shift); }

FixedPoint toFixedPoint(double factor, int multiplier_bits) {
    const int mantissa_bits = multiplier_bits - 1;
    const int64_t limit = (int64_t{1} << mantissa_bits) - 1;
    int shift = shiftFor(factor, mantissa_bits);
    int64_t multiplier = mantissa(factor, shift);
    if (multiplier > limit && shift > kMinShift) multiplier = mantissa(factor, --shift);  // rounded up to a power of two
    return {static_cast<int32_t>(std::clamp<int64_t>(multiplier, 1, limit)), shift};
}

FixedPointPair toFixedPoints(double factor_a, double factor_b, int multiplier_bits) {
    const FixedPoint larger = toFixedPoint(std::max(factor_a, factor_b), multiplier_bits);
    const int64_t limit = (int64_t{1} << (multiplier_bits - 1)) - 1;
    const auto multiplier = [&](double factor) {
        return static_cast<int32_t>(std::min(mantissa(factor, larger.shift), limit));
    };
    return {multiplier(factor_a), multiplier(factor_b), larger.shift};
}

}  // namespace dna::nn
