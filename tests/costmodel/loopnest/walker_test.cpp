#include "tests/costmodel/loopnest/walker.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "costmodel/loopnest/evaluate.h"
#include "tests/costmodel/loopnest/boxes.h"
#include "tests/costmodel/loopnest/random_nests.h"

using namespace dna;
using namespace dna::costmodel::loopnest;

namespace {

/// Shares of an instance are quotients of whole numbers that both sides divide in their own order.
bool same(double a, double b) { return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b)); }

std::string rulesText(const Convention& r) {
    std::string out;
    const auto add = [&](const char* name, bool on) {
        out += std::string(out.empty() ? "" : ", ") + (on ? "" : "no ") + name;
    };
    add("halo_reuse", r.halo_reuse);
    add("second_iteration_is_last", r.second_iteration_is_last);
    add("first_read_elision", r.first_read_elision);
    add("refill_every_reducer", r.refill_every_reducer);
    add("neighbour_forwarding", r.neighbour_forwarding);
    return out;
}

/// What differs between the closed form and the walk, one line each.
std::string differences(const AccessAnalysis<double>& found, const Walked& walked) {
    std::string out;
    const auto compare = [&](const std::string& what, double formula, double walk) {
        if (!same(formula, walk))
            out += what + ": closed form " + std::to_string(formula) + ", walk " + std::to_string(walk) + "\n";
    };
    compare("compute_cycles", found.compute_cycles, walked.compute_cycles);
    compare("pes", found.pes, walked.pes);
    for (size_t l = 0; l < walked.counts.size(); ++l) {
        const std::string level = "L" + std::to_string(l);
        compare(level + " instances", found.instances[l], walked.instances[l]);
        for (int t = 0; t < kTensors; ++t) {
            const std::string at = level + " " + std::string(kTensorNames[t]);
            const TensorCounts<double>& formula = found.counts[l][t];
            const WalkedCounts& walk = walked.counts[l][t];
            compare(at + " tile_words", formula.tile_words, walk.tile_words);
            compare(at + " reads", formula.reads, walk.reads);
            compare(at + " fills", formula.fills, walk.fills);
            compare(at + " updates", formula.updates, walk.updates);
        }
    }
    return out;
}

struct Tally {
    int cases = 0, different = 0, forwarding = 0;
};

void compareWithWalk(const RandomNest& nest, const Convention& rules, Tally& tally) {
    const Walked walked = walk(nest.problem, nest.architecture, nest.mapping, rules);
    const Nest flat = flatten(nest.mapping);
    const auto found = analyse<double>(nest.problem, nest.architecture, flat, flat.bounds, rules);
    const std::string difference = differences(found, walked);
    ++tally.cases;
    tally.forwarding += walked.forwarding_steps > 0;
    if (difference.empty() || ++tally.different > 3) return;
    const Problem& p = nest.problem;
    FAIL_CHECK(drawNest(nest.architecture, nest.mapping)
               << "strides " << p.stride_p << " " << p.stride_q << ", dilations " << p.dilation_r << " " << p.dilation_s
               << "\n"
               << rulesText(rules) << "\n"
               << difference);
}

Convention randomRules(base::Rng& rng) {
    const auto flag = [&] { return rng.below(2) == 1; };
    return {flag(), flag(), flag(), flag(), flag(), false};
}
Convention rulesOfCase(int i, base::Rng& rng) {
    Convention alone = kTimeloop;
    alone.neighbour_forwarding = false;
    const std::array<Convention, 3> named = {kTimeloop, alone, kGads};
    return i % 4 < 3 ? named[i % 4] : randomRules(rng);
}

/// A nest whose levels all keep everything and whose arrays are as wide as it needs.
RandomNest nestOf(const Problem& problem, const std::vector<std::vector<Loop>>& levels) {
    RandomNest out{problem, {}, {}};
    for (const auto& loops : levels) out.mapping.levels.push_back({.loops = loops});
    fitArchitecture(out);
    return out;
}

}  // namespace

TEST_CASE("loop nest: the closed form counts what a walk through the nest counts") {
    Tally tally;
    base::Rng rng(1, "loopnest walker");
    for (int i = 0; i < 60000; ++i) {
        const RandomNest nest = i % 4 == 0 ? randomForwardingNest(rng) : randomNest(rng);
        REQUIRE(defects(nest.problem, nest.architecture, nest.mapping).empty());
        compareWithWalk(nest, rulesOfCase(int(rng.below(4)), rng), tally);
    }
    MESSAGE(tally.cases << " nests walked, forwarding in " << tally.forwarding << ", " << tally.different
                        << " different");
    CHECK(tally.different == 0);
    CHECK(tally.forwarding >= 1000);
}

TEST_CASE("loop nest: the comparison with the walk sees one wrong word") {
    base::Rng rng(2, "loopnest walker");
    const RandomNest nest = randomNest(rng);
    const Walked walked = walk(nest.problem, nest.architecture, nest.mapping, kTimeloop);
    const Nest flat = flatten(nest.mapping);
    auto found = analyse<double>(nest.problem, nest.architecture, flat, flat.bounds, kTimeloop);
    CHECK(differences(found, walked).empty());
    found.counts[0][1].reads += 1;
    CHECK(differences(found, walked).starts_with("L0 Inputs reads"));
}

TEST_CASE("loop nest: tiles that step aside and come back are forwarded too") {
    // Columns move with every step, but the step of Q at the end of S takes the tile back along rows only, where the
    // fan-out spreads it.
    const RandomNest nest = nestOf({.name = "aside", .bounds = {1, 1, 6, 4, 2, 2, 1, 1}, .dilation_r = 2},
                                   {{{Dim::Q, LoopKind::Temporal, 4}},
                                    {{Dim::R, LoopKind::Temporal, 2},
                                     {Dim::S, LoopKind::Temporal, 2},
                                     {Dim::P, LoopKind::SpatialX, 2},
                                     {Dim::P, LoopKind::SpatialY, 3}},
                                    {}});
    // Without halo reuse, the step of R at the end of P brings the tile that is there once more: any of the receivers,
    // which all hold it, may have it from a neighbour.
    const RandomNest again = nestOf(
        {.name = "again", .bounds = {1, 4, 3, 1, 5, 1, 1, 1}},
        {{{Dim::R, LoopKind::Temporal, 5}, {Dim::P, LoopKind::Temporal, 3}}, {{Dim::M, LoopKind::SpatialY, 4}}, {}});
    for (const RandomNest& one : {nest, again})
        for (const bool halo : {false, true}) {
            Convention rules = kTimeloop;
            rules.halo_reuse = halo;
            Tally tally;
            compareWithWalk(one, rules, tally);
            CHECK(tally.different == 0);
            CHECK(tally.forwarding == (one.problem.name == "aside" || !halo));
        }
}

TEST_CASE("loop nest: a region without a box is one set of words, however it was cut") {
    // Every pair of 3 x 2 boxes near each other against the sets of their words.
    const auto boxAt = [](int64_t x, int64_t y) { return Box{{x, y, 0, 0, 0}, {x + 3, y + 2, 1, 1, 1}}; };
    const auto holds = [](const Box& box, int64_t x, int64_t y) {
        return x >= box.low[0] && x < box.high[0] && y >= box.low[1] && y < box.high[1];
    };
    std::map<std::set<std::pair<int64_t, int64_t>>, Region> regions;
    for (int code = 0; code < 625; ++code) {
        const int64_t x = code % 5, y = code / 5 % 5, px = code / 25 % 5, py = code / 125;
        const Box next = boxAt(x, y), previous = boxAt(px, py);
        std::set<std::pair<int64_t, int64_t>> words;
        for (int64_t i = 0; i < 8; ++i)
            for (int64_t k = 0; k < 8; ++k)
                if (holds(next, i, k) && !holds(previous, i, k)) words.insert({i, k});
        const Region region = difference(next, previous);
        CHECK(region.volume() == int64_t(words.size()));
        CHECK(region.empty() == words.empty());
        CHECK(regions.try_emplace(words, region).first->second == region);
    }
    std::vector<Region> all;
    for (const auto& [words, region] : regions) all.push_back(region);
    for (size_t i = 0; i < all.size(); ++i)
        for (size_t k = 0; k < i; ++k) CHECK_FALSE(all[i] == all[k]);
}
