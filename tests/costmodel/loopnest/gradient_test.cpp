#include "costmodel/loopnest/gradient.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "tests/costmodel/loopnest/random_nests.h"

using namespace dna;
using namespace dna::costmodel::loopnest;
using autodiff::Recorded;
using autodiff::ScalarTape;

namespace {

/// A place to take derivatives at: a nest with bounds that need not be integers.
struct Place {
    RandomNest nest;
    Nest flat;
    Convention rules;
    std::array<double, kMaxLoops> bounds{};
    Rates<double> rates;

    Cost<double> cost() const {
        return costOf(analyse<double>(nest.problem, nest.architecture, flat, bounds, rules), rates);
    }
};

Place placeOf(base::Rng& rng, bool fractional) {
    Place place;
    place.nest = rng.below(4) == 0 ? randomForwardingNest(rng) : randomNest(rng);
    const auto flag = [&] { return rng.below(2) == 1; };
    place.rules = {flag(), flag(), flag(), flag(), flag(), false};
    // Bandwidths without common factors: no two levels are equally slow by accident.
    for (MemoryLevel& level : place.nest.architecture.levels) {
        level.read_bandwidth *= 1 + 0.1 * rng.uniform();
        level.write_bandwidth *= 1 + 0.1 * rng.uniform();
    }
    place.flat = flatten(place.nest.mapping);
    place.bounds = place.flat.bounds;
    for (int i = 0; i < place.flat.loop_count && fractional; ++i) place.bounds[i] *= 0.8 + 0.5 * rng.uniform();
    place.rates = ratesOf<double>(place.nest.architecture);
    return place;
}

enum class Verdict { Agrees, Differs, Kink };

/// `slope` against the central difference of `f`, moving `x`; a kink where the one-sided differences disagree.
Verdict check(double slope, double& x, const std::function<double()>& f) {
    const double at = x, step = 2e-6 * at, value = f();
    x = at + step;
    const double above = (f() - value) / (x - at);
    x = at - step;
    const double below = (value - f()) / (at - x);
    x = at;
    const double central = (above + below) / 2;
    const double scale = std::max(std::abs(slope), std::abs(central));
    const double rounding = 1e-9 * std::abs(value / at);
    if (std::abs(above - below) > 1e-4 * scale + 10 * rounding) return Verdict::Kink;
    return std::abs(slope - central) <= 1e-6 * scale + rounding ? Verdict::Agrees : Verdict::Differs;
}

struct Tally {
    int agree = 0, differ = 0, kinks = 0, slopes = 0;  ///< slopes: not zero
    void count(Verdict verdict) {
        agree += verdict == Verdict::Agrees, differ += verdict == Verdict::Differs, kinks += verdict == Verdict::Kink;
    }
};

/// Every derivative of one place, `scale` times what it was found to be.
void checkAll(Place& place, const CostGradient& gradient, double scale, Tally& tally) {
    const auto both = [&](const CostSlope& slope, double& x) {
        tally.slopes += (slope.energy_pj != 0) + (slope.cycles != 0);
        tally.count(check(slope.energy_pj * scale, x, [&] { return place.cost().energy_pj; }));
        tally.count(check(slope.cycles * scale, x, [&] { return place.cost().cycles; }));
    };
    for (int i = 0; i < place.flat.loop_count; ++i) both(gradient.loops[i], place.bounds[i]);
    for (int l = 0; l < place.flat.level_count; ++l) {
        auto& rates = place.rates.levels[l];
        both(gradient.levels[l].read_bandwidth, rates.read_bandwidth);
        both(gradient.levels[l].write_bandwidth, rates.write_bandwidth);
        both(gradient.levels[l].read_pj, rates.read_pj);
        both(gradient.levels[l].fill_pj, rates.fill_pj);
        both(gradient.levels[l].update_pj, rates.update_pj);
    }
    both(gradient.mac_pj, place.rates.mac_pj);
}

CostGradient gradientOf(GradientEvaluator& evaluator, const Place& place) {
    return evaluator.evaluate(place.nest.problem, place.nest.architecture, place.flat, place.bounds, place.rules);
}

/// Whether all counts are the same bits with and without a tape.
bool sameCounts(const Place& place, ScalarTape& tape) {
    tape.reset();
    std::array<Recorded, kMaxLoops> bounds;
    for (int i = 0; i < place.flat.loop_count; ++i) bounds[i] = tape.variable(place.bounds[i]);
    const auto& [problem, architecture, mapping] = place.nest;
    const auto recorded = analyse<Recorded>(problem, architecture, place.flat, bounds, place.rules);
    const auto plain = analyse<double>(problem, architecture, place.flat, place.bounds, place.rules);
    bool same = recorded.compute_cycles.value == plain.compute_cycles && recorded.pes.value == plain.pes;
    for (int l = 0; l < plain.level_count; ++l) {
        same &= recorded.instances[l].value == plain.instances[l];
        for (int t = 0; t < kTensors; ++t) {
            const auto& a = recorded.counts[l][t];
            const auto& b = plain.counts[l][t];
            same &= a.tile_words.value == b.tile_words && a.reads.value == b.reads && a.fills.value == b.fills &&
                    a.updates.value == b.updates;
        }
    }
    return same;
}

}  // namespace

TEST_CASE("loop nest gradient: every derivative agrees with central differences at fractional bounds") {
    base::Rng rng(1, "loopnest gradient");
    GradientEvaluator evaluator;
    Tally tally;
    for (int i = 0; i < 10000; ++i) {
        Place place = placeOf(rng, true);
        const CostGradient gradient = gradientOf(evaluator, place);
        const Cost<double> cost = place.cost();
        CHECK(gradient.cost.energy_pj == cost.energy_pj);
        CHECK(gradient.cost.cycles == cost.cycles);
        const int before = tally.differ;
        checkAll(place, gradient, 1, tally);
        if (tally.differ > before && tally.differ < 20)
            FAIL_CHECK(drawNest(place.nest.architecture, place.nest.mapping));
    }
    MESSAGE(tally.agree << " derivatives agree, " << tally.slopes << " of them not zero, " << tally.kinks
                        << " at kinks, " << tally.differ << " differ");
    CHECK(tally.differ == 0);
    CHECK(tally.kinks < 0.01 * tally.agree);
    CHECK(tally.slopes > 150000);
}

TEST_CASE("loop nest gradient: the check sees a gradient that is wrong by a hundred-thousandth") {
    base::Rng rng(2, "loopnest gradient");
    GradientEvaluator evaluator;
    Place place = placeOf(rng, true);
    Tally right, wrong;
    checkAll(place, gradientOf(evaluator, place), 1, right);
    checkAll(place, gradientOf(evaluator, place), 1 + 1e-5, wrong);
    CHECK(right.differ == 0);
    CHECK(wrong.differ > 0);
}

TEST_CASE("loop nest gradient: relaxed counts are the exact ones, bit for bit, with and without a tape") {
    base::Rng rng(3, "loopnest gradient");
    ScalarTape tape(100000);
    for (int i = 0; i < 3000; ++i) {
        const Place place = placeOf(rng, i % 2 == 1);
        CHECK(sameCounts(place, tape));
        if (i % 2 == 1) continue;
        // The exact evaluation rounds averages over instances; nothing else differs.
        const auto exact = evaluate(place.nest.problem, place.nest.architecture, place.flat, place.rules).access;
        const auto relaxed =
            analyse<double>(place.nest.problem, place.nest.architecture, place.flat, place.bounds, place.rules);
        for (int l = 0; l < exact.level_count; ++l)
            for (int t = 0; t < kTensors; ++t) {
                TensorCounts<double> rounded = relaxed.counts[l][t];
                roundAverages(rounded, static_cast<Tensor>(t), place.rules);
                CHECK(exact.counts[l][t].reads == rounded.reads);
                CHECK(exact.counts[l][t].fills == rounded.fills);
                CHECK(exact.counts[l][t].updates == rounded.updates);
                CHECK(std::abs(rounded.reads - relaxed.counts[l][t].reads) < 1.5);
                CHECK(std::abs(rounded.fills - relaxed.counts[l][t].fills) < 2);
            }
    }
}

TEST_CASE("loop nest gradient: by hand") {
    // Two levels, 4 weights looped over 3 rows outside: DRAM reads them 3 x 4 times.
    RandomNest nest{{.name = "hand", .bounds = {1, 4, 3, 1, 1, 1, 1, 1}}, {}, {}};
    nest.mapping.levels = {{.loops = {{Dim::P, LoopKind::Temporal, 3}, {Dim::M, LoopKind::Temporal, 4}}}, {}};
    fitArchitecture(nest);
    nest.architecture.levels[0].energy.read_pj = 10;
    nest.architecture.mac_energy_pj = 1;
    nest.architecture.levels[0].read_bandwidth = 0.5;
    GradientEvaluator evaluator;
    const Nest flat = flatten(nest.mapping);
    const CostGradient found = evaluator.evaluate(nest.problem, nest.architecture, flat, flat.bounds, kTimeloop);
    // DRAM: weights P M, inputs P (they stay while M runs); outputs are written once. energy = 10 (P M + P) + P M,
    // cycles = (P M + P) / bandwidth.
    CHECK(found.cost.energy_pj == 10 * 15 + 12);
    CHECK(found.cost.cycles == 30);
    CHECK(found.loops[0].energy_pj == 10 * 5 + 4);
    CHECK(found.loops[1].energy_pj == 10 * 3 + 3);
    CHECK(found.loops[0].cycles == 10);
    CHECK(found.loops[1].cycles == 6);
    CHECK(found.levels[0].read_pj.energy_pj == 15);
    CHECK(found.levels[0].read_bandwidth.cycles == -60);
    CHECK(found.levels[1].read_bandwidth.cycles == 0);
    CHECK(found.mac_pj.energy_pj == 12);
    CHECK(found.mac_pj.cycles == 0);
}
