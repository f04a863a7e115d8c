#include "core/base/rng.h"

#include <bit>
#include <limits>

#include "core/base/error.h"

namespace dna::base {
namespace {

/// FNV-1a, 64 bits: turns the purpose of a stream into a number.
uint64_t hashOf(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return hash;
}

/// SplitMix64 finaliser: spreads seed and purpose over all key bits.
uint64_t mixed(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(uint64_t seed, std::string_view purpose, uint64_t step) {
    const uint64_t key = mixed(mixed(seed) ^ hashOf(purpose));
    key_[0] = static_cast<uint32_t>(key);
    key_[1] = static_cast<uint32_t>(key >> 32);
    counter_[0] = counter_[1] = 0;
    counter_[2] = static_cast<uint32_t>(step);
    counter_[3] = static_cast<uint32_t>(step >> 32);
}

void Rng::refill() {
    uint32_t x[4] = {counter_[0], counter_[1], counter_[2], counter_[3]};
    uint32_t k0 = key_[0], k1 = key_[1];
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53u} * x[0];
        const uint64_t p1 = uint64_t{0xCD9E8D57u} * x[2];
        const uint32_t y0 = static_cast<uint32_t>(p1 >> 32) ^ x[1] ^ k0;
        const uint32_t y2 = static_cast<uint32_t>(p0 >> 32) ^ x[3] ^ k1;
        x[0] = y0, x[1] = static_cast<uint32_t>(p1), x[2] = y2, x[3] = static_cast<uint32_t>(p0);
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; ++i) block_[i] = x[i];
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
}

uint32_t Rng::next() {
    if (used_ == 4) refill();
    return block_[used_++];
}

uint64_t Rng::next64() {
    const uint64_t low = next();
    return low | uint64_t{next()} << 32;
}

double Rng::uniform() { return static_cast<double>(next64() >> 11) * 0x1.0p-53; }

uint64_t Rng::below(uint64_t bound) {
    DNA_CHECK(bound >= 1, "Rng::below needs a positive bound");
    const uint64_t threshold = (0 - bound) % bound;  // 2^64 mod bound: values below it would favour small results
    uint64_t value = next64();
    while (value < threshold) value = next64();
    return value % bound;
}

double Rng::normal() {
    const double radius2 = -2.0 * portableLog(1.0 - uniform());
    // The square root is correctly rounded by IEEE 754, hence portable.
    return __builtin_sqrt(radius2) * portableCosTurn(uniform());
}

double Rng::gumbel() {
    double u = uniform();
    while (u == 0.0) u = uniform();
    return -portableLog(-portableLog(u));
}

double portableLog(double x) {
    if (!(x > 0.0)) return x == 0.0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    if (x == std::numeric_limits<double>::infinity()) return x;
    int exponent = 0;
    if (x < 0x1.0p-1022) x *= 0x1.0p54, exponent -= 54;
    const uint64_t bits = std::bit_cast<uint64_t>(x);
    exponent += static_cast<int>(bits >> 52) - 1023;
    double m = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
    if (m > 1.4142135623730951) m *= 0.5, ++exponent;
    // log(m) = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.1716: 11 odd terms leave less than 1e-17.
    const double s = (m - 1.0) / (m + 1.0), s2 = s * s;
    double sum = 0.0;
    for (int k = 21; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
    const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
    return exponent * ln2_high + (2.0 * s * sum + exponent * ln2_low);
}

double portableExp(double x) {
    if (x != x) return x;
    if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
    if (x < -745.2) return 0.0;
    const double scaled = x * 1.4426950408889634;
    const int n = static_cast<int>(scaled + (scaled >= 0 ? 0.5 : -0.5));
    const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
    const double r = (x - n * ln2_high) - n * ln2_low;  // |r| <= 0.35: 14 terms leave less than 1e-17
    double sum = 1.0;
    for (int k = 14; k >= 1; --k) sum = 1.0 + sum * r / k;
    const int half = n / 2;  // in two steps, so that results near the ends of the range neither overflow nor lose bits early
    const auto power = [](int e) { return std::bit_cast<double>(static_cast<uint64_t>(e + 1023) << 52); };
    return sum * power(half) * power(n - half);
}

double portableCosTurn(double u) {
    // cos(2 pi u) by symmetry from an angle in [0, pi/4].
    double t = u - static_cast<double>(static_cast<int64_t>(u));
    if (t < 0.0) t += 1.0;
    if (t > 0.5) t = 1.0 - t;
    const bool negative = t > 0.25;
    if (negative) t = 0.5 - t;
    const double two_pi = 6.283185307179586476925286766559;
    double value = 0.0;
    if (t <= 0.125) {
        const double a2 = (two_pi * t) * (two_pi * t);
        value = 1.0;
        for (int k = 18; k >= 2; k -= 2) value = 1.0 - value * a2 / (k * (k - 1));
    } else {
        const double a = two_pi * (0.25 - t), a2 = a * a;
        value = 1.0;
        for (int k = 19; k >= 3; k -= 2) value = 1.0 - value * a2 / (k * (k - 1));
        value *= a;
    }
    return negative ? -value : value;
}

}  // namespace dna::base
