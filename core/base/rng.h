#pragma once

#include <cstdint>
#include <string_view>

namespace dna::base {

/// Counter-based random numbers (Philox4x32-10, Salmon et al., SC 2011) keyed by (seed, purpose, step): a stream
/// never depends on how many numbers another stream drew, so that a resumed or re-threaded run draws the same ones.
class Rng {
public:
    Rng(uint64_t seed, std::string_view purpose, uint64_t step = 0);

    uint32_t next();
    uint64_t next64();
    /// Uniform in [0, 1), 53 bits.
    double uniform();
    /// Uniform integer in [0, bound), bound >= 1, unbiased.
    uint64_t below(uint64_t bound);
    /// Standard normal (Box-Muller on portableLog).
    double normal();
    /// Standard Gumbel: -log(-log(u)).
    double gumbel();

private:
    void refill();

    uint32_t key_[2];
    uint32_t counter_[4];
    uint32_t block_[4];
    int used_ = 4;
};

/// Own log and exp in double, built from +, -, *, / only: the same bits on every machine (error below 1e-14 relative).
double portableLog(double x);
double portableExp(double x);
/// The same for sin/cos of 2*pi*u, u in [0, 1).
double portableCosTurn(double u);

}  // namespace dna::base
