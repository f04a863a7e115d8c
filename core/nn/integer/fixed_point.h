#pragma once

#include <cstdint>

namespace dna::nn {

/// Real factor as multiplier / 2^shift with a normalised multiplier of MB - 1 bits (MB = 16: 2^14 <= multiplier < 2^15).
struct FixedPoint {
    int32_t multiplier = 1 << 14;
    int32_t shift = 14;
    double value() const;
};

/// Nearest FixedPoint of factor > 0 for MB = `multiplier_bits` (16 or 32); factors too small for shift 62 get smaller
/// multipliers (at least 1), factors of 2^(MB - 2) and more saturate.
FixedPoint toFixedPoint(double factor, int multiplier_bits = 16);

/// Two factors with one shift: the larger is normalised. Both > 0.
struct FixedPointPair {
    int32_t multiplier_a = 0, multiplier_b = 0;
    int32_t shift = 14;
};
FixedPointPair toFixedPoints(double factor_a, double factor_b, int multiplier_bits = 16);

}  // namespace dna::nn
