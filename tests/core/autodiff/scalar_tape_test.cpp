#include "core/autodiff/scalar_tape.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/autodiff/dual.h"

using namespace dna;
using autodiff::Dual;
using autodiff::Recorded;
using autodiff::ScalarTape;

namespace {

/// A formula with every operation, shared subexpressions and constants on both sides.
template <class S>
S formula(const S& x, const S& y, const S& z) {
    S sum = x * y / z - S(3.0) * x + 1.0;
    const S shared = (x + 2.0) * (y - 0.5);
    sum += shared * shared / (1.0 - z);
    sum -= y < z ? shared : x;
    sum *= -z / 7.0;
    sum /= 1.0 + x > y ? x : y;
    return -(5.0 - sum) * 1.0 + 0.0;
}

}  // namespace

TEST_CASE("scalar tape: values as with double, derivatives as in forward mode") {
    ScalarTape tape(100);
    std::vector<double> slopes(101);
    for (const std::array<double, 3>& at : {std::array{1.7, 2.3, 3.1}, {4.0, 1.0, 0.5}, {-2.5, 3.0, -1.0}}) {
        tape.reset();
        const Recorded x = tape.variable(at[0]), y = tape.variable(at[1]), z = tape.variable(at[2]);
        const Recorded result = formula(x, y, z);
        CHECK(result.value == formula(at[0], at[1], at[2]));
        tape.gradient(result, slopes);
        const auto dual =
            formula(Dual<3>::variable(at[0], 0), Dual<3>::variable(at[1], 1), Dual<3>::variable(at[2], 2));
        CHECK(slopes[x.node] == doctest::Approx(dual.slope[0]).epsilon(1e-13));
        CHECK(slopes[y.node] == doctest::Approx(dual.slope[1]).epsilon(1e-13));
        CHECK(slopes[z.node] == doctest::Approx(dual.slope[2]).epsilon(1e-13));
    }
}

TEST_CASE("scalar tape: by hand, with a variable used three times and one not at all") {
    ScalarTape tape(10);
    const Recorded x = tape.variable(3), unused = tape.variable(5);
    const Recorded cube = x * x * x;
    std::vector<double> slopes(11, -1);
    tape.gradient(cube, slopes);
    CHECK(slopes[x.node] == 27);
    CHECK(slopes[unused.node] == 0);
    // A second result on the same tape; the sweep begins anew.
    tape.gradient(x / 6.0, slopes);
    CHECK(slopes[x.node] == 1.0 / 6);
    CHECK(slopes[cube.node] == 0);
}

TEST_CASE("scalar tape: constants and neutral operations record nothing") {
    ScalarTape tape(10);
    const Recorded x = tape.variable(2);
    const size_t before = tape.size();
    Recorded constant = Recorded(2.0) * 3.0 + 4.0;
    constant /= 5.0;
    CHECK(constant.constant());
    CHECK(constant.value == 2);
    CHECK((x + 0.0 - 0.0).node == x.node);
    CHECK((0.0 + x * 1.0).node == x.node);
    CHECK((1.0 * x / 1.0).node == x.node);
    CHECK(tape.size() == before);
    // The gradient of a constant is zero everywhere.
    std::vector<double> slopes(11, -1);
    tape.gradient(constant, slopes);
    CHECK(slopes[x.node] == 0);
    // x * 0 is no neutral operation: it depends on x where x is not finite.
    CHECK((x * 0.0).value == 0);
    CHECK(tape.size() == before + 1);
}

TEST_CASE("scalar tape: a full arena and foreign numbers are bugs, and are noticed") {
    ScalarTape tape(3), other(3);
    const Recorded x = tape.variable(1);
    const Recorded y = x + 1.0;
    const Recorded z = y * x;
    CHECK_THROWS_AS(z + x, base::InternalError);
    std::vector<double> slopes(4);
    tape.gradient(z, slopes);
    CHECK(slopes[x.node] == 3);
    CHECK_THROWS_AS(other.gradient(z, slopes), base::InternalError);
    CHECK_THROWS_AS(tape.gradient(z, std::span<double>(slopes.data(), 3)), base::InternalError);
    tape.reset();
    CHECK(tape.size() == 0);
    CHECK((tape.variable(4) - 1.0).value == 3);
}

TEST_CASE("scalar tape: what no derivative reaches does no harm, even where it is infinite") {
    ScalarTape tape(10);
    const Recorded x = tape.variable(8), unlimited = tape.variable(std::numeric_limits<double>::infinity());
    const Recorded time = x / unlimited, other = x * 2.0;
    const Recorded slower = time < other ? other : time;
    std::vector<double> slopes(11);
    tape.gradient(slower, slopes);
    CHECK(slopes[x.node] == 2);
    CHECK(slopes[unlimited.node] == 0);
}
