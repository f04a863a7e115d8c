#include "core/autodiff/dual.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace dna;
using autodiff::Dual;

namespace {

/// A formula with every function of the differentiable scalar.
template <class S>
S formula(const S& x, const S& y, const S& z) {
    using autodiff::exp;
    using autodiff::log;
    using autodiff::max;
    using autodiff::min;
    S sum = x * y / z - S(3) * x;
    sum += max(x, y * S(2)) + min(log(z), exp(x / S(10)));
    sum -= autodiff::relaxedTiles(x / y);
    return -sum;
}

}  // namespace

TEST_CASE("dual: slopes agree with central differences, values with double") {
    const double at[3] = {1.7, 2.3, 3.1};
    const auto dual = formula(Dual<3>::variable(at[0], 0), Dual<3>::variable(at[1], 1), Dual<3>::variable(at[2], 2));
    CHECK(dual.value == formula(at[0], at[1], at[2]));
    for (int i = 0; i < 3; ++i) {
        double above[3] = {at[0], at[1], at[2]}, below[3] = {at[0], at[1], at[2]};
        above[i] += 1e-6;
        below[i] -= 1e-6;
        const double numeric = (formula(above[0], above[1], above[2]) - formula(below[0], below[1], below[2])) / 2e-6;
        CHECK(dual.slope[i] == doctest::Approx(numeric).epsilon(1e-6));
    }
}

TEST_CASE("dual: tiles count exactly and pass the slope through") {
    const auto tiles = autodiff::ceilTiles(Dual<1>::variable(12.0, 0) / Dual<1>(5));
    CHECK(tiles.value == 3);
    CHECK(tiles.slope[0] == doctest::Approx(0.2));
    CHECK(autodiff::relaxedTiles(Dual<1>::variable(10.0, 0) / Dual<1>(5)).value ==
          autodiff::ceilTiles(10.0 / 5));  // equal at integers
}

TEST_CASE("dual: a formula is one op of the tape with its Jacobian") {
    autodiff::Workers workers(1);
    autodiff::Tape<double> tape(workers);
    double inputs[3] = {1.7, 2.3, 3.1};
    const autodiff::Var x = tape.leaf({inputs, 3, {}});
    const autodiff::Var y =
        autodiff::recordFormula<3>(tape, x, [](const auto& v) { return formula(v[0], v[1], v[2]); });
    tape.backward(y, 2.0);
    const auto dual = formula(Dual<3>::variable(1.7, 0), Dual<3>::variable(2.3, 1), Dual<3>::variable(3.1, 2));
    CHECK(tape.rulesRun() == 1);
    for (int i = 0; i < 3; ++i) CHECK(tape.gradient(x)[i] == doctest::Approx(2 * dual.slope[i]));
}
