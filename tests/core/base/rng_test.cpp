#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/base/rng.h"

using namespace dna::base;

TEST_CASE("rng: streams depend on seed, purpose and step alone") {
    Rng a(1, "weights", 7), b(1, "weights", 7);
    std::vector<uint32_t> first;
    for (int i = 0; i < 9; ++i) first.push_back(a.next());
    for (int i = 0; i < 9; ++i) CHECK(b.next() == first[i]);
    CHECK(Rng(2, "weights", 7).next() != first[0]);
    CHECK(Rng(1, "logits", 7).next() != first[0]);
    CHECK(Rng(1, "weights", 8).next() != first[0]);
}

TEST_CASE("rng: uniform, normal and Gumbel have the moments of their laws") {
    // 200,000 draws: standard error of a mean below 0.003, five of them are allowed.
    const int n = 200000;
    Rng rng(3, "moments");
    double u1 = 0, u2 = 0, n1 = 0, n2 = 0, n4 = 0, g1 = 0;
    for (int i = 0; i < n; ++i) {
        const double u = rng.uniform(), z = rng.normal();
        CHECK_UNARY(u >= 0.0 && u < 1.0);
        u1 += u, u2 += u * u, n1 += z, n2 += z * z, n4 += z * z * z * z, g1 += rng.gumbel();
    }
    CHECK(u1 / n == doctest::Approx(0.5).epsilon(0.01));
    CHECK(u2 / n == doctest::Approx(1.0 / 3).epsilon(0.01));
    CHECK(std::abs(n1 / n) < 0.015);
    CHECK(n2 / n == doctest::Approx(1.0).epsilon(0.02));
    CHECK(n4 / n == doctest::Approx(3.0).epsilon(0.05));
    CHECK(g1 / n == doctest::Approx(0.5772156649).epsilon(0.03));
}

TEST_CASE("rng: below is in range and hits every value alike") {
    Rng rng(4, "below");
    std::vector<int> hits(7);
    for (int i = 0; i < 70000; ++i) ++hits[rng.below(7)];
    for (const int h : hits) CHECK(std::abs(h - 10000) < 600);  // six standard deviations of 92
    CHECK(rng.below(1) == 0);
}

TEST_CASE("rng: portable log, exp and cosine agree with the C library") {
    Rng rng(5, "portable");
    double worst_log = 0, worst_exp = 0, worst_cos = 0;
    for (int i = 0; i < 100000; ++i) {
        const double x = std::exp((rng.uniform() - 0.5) * 1400), y = (rng.uniform() - 0.5) * 1400, u = rng.uniform();
        if (std::abs(std::log(x)) > 1e-3) worst_log = std::max(worst_log, std::abs(portableLog(x) / std::log(x) - 1));
        worst_exp = std::max(worst_exp, std::abs(portableExp(y) / std::exp(y) - 1));
        worst_cos = std::max(worst_cos, std::abs(portableCosTurn(u) - std::cos(2 * M_PI * u)));
    }
    CHECK(worst_log < 1e-14);
    CHECK(worst_exp < 1e-14);
    CHECK(worst_cos < 1e-14);
    CHECK(portableLog(1.0) == 0.0);
    CHECK(portableExp(0.0) == 1.0);
    CHECK(std::isinf(portableLog(0.0)));
    CHECK(portableExp(-800) == 0.0);
    CHECK(portableLog(5e-324) == doctest::Approx(std::log(5e-324)));
    CHECK(portableExp(-744.0) == doctest::Approx(std::exp(-744.0)));
}
