#include "core/nn/integer/fixed_point.h"

#include <algorithm>
#include <cmath>

namespace dna::nn {
namespace {

constexpr int kMantissaBits = 15;
constexpr int kMinShift = 1, kMaxShift = 62;

/// floor(x + 0.5): ties go up, like the hardware's rounding.
int64_t roundHalfUp(double x) { return static_cast<int64_t>(std::floor(x + 0.5)); }

int shiftFor(double factor) {
    int exponent = 0;
    std::frexp(factor, &exponent);  // factor = m * 2^exponent, m in [0.5, 1)
    return std::clamp(kMantissaBits - exponent, kMinShift, kMaxShift);
}

int32_t mantissa(double factor, int shift) {
    return static_cast<int32_t>(
        std::min<double>(static_cast<double>(roundHalfUp(std::min(std::ldexp(factor, shift), 1e9))), 1 << 20));
}

}  // namespace

double FixedPoint::value() const { return std::ldexp(static_cast<double>(multiplier), -shift); }

FixedPoint toFixedPoint(double factor) {
    int shift = shiftFor(factor);
    int32_t multiplier = mantissa(factor, shift);
    if (multiplier >= (1 << kMantissaBits) && shift > kMinShift)
        multiplier = mantissa(factor, --shift);  // rounded up to 2^15
    return {std::clamp(multiplier, 1, (1 << kMantissaBits) - 1), shift};
}

FixedPointPair toFixedPoints(double factor_a, double factor_b) {
    const FixedPoint larger = toFixedPoint(std::max(factor_a, factor_b));
    const int32_t limit = (1 << kMantissaBits) - 1;
    return {std::min(mantissa(factor_a, larger.shift), limit), std::min(mantissa(factor_b, larger.shift), limit),
            larger.shift};
}

}  // namespace dna::nn
