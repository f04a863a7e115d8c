#include "costmodel/loopnest/ragged.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/costmodel/loopnest/ragged_walker.h"
#include "tests/costmodel/loopnest/random_nests.h"

using namespace dna;
using namespace dna::costmodel::loopnest;

namespace {

constexpr std::array<double TensorCounts<double>::*, 3> kFound = {
    &TensorCounts<double>::reads, &TensorCounts<double>::fills, &TensorCounts<double>::updates};
constexpr std::array<double WalkedCounts::*, 3> kWalked = {&WalkedCounts::reads, &WalkedCounts::fills,
                                                           &WalkedCounts::updates};
constexpr std::array<const char*, 3> kCountNames = {" reads", " fills", " updates"};

bool near(double a, double b) { return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b)); }

/// Collects what differs, one line each.
struct Differences {
    std::string text;
    void compare(const std::string& what, double found, double expected) {
        if (!near(found, expected))
            text += what + ": closed form " + std::to_string(found) + ", expected " + std::to_string(expected) + "\n";
    }
};
std::string placeOf(int l, int t) { return "L" + std::to_string(l) + " " + std::string(kTensorNames[t]); }

/// Even shares of refills are an upper bound where a reduced dimension that is ragged is also spread further out.
bool isSpreadAbove(const Problem& problem, const Nest& nest, int level) {
    PerDim<double> covered;
    covered.fill(1);
    for (int i = 0; i < nest.loop_count; ++i) covered[index(nest.loops[i].dim)] *= nest.bounds[i];
    for (int i = 0; i < nest.begin[level]; ++i) {
        const Dim d = nest.loops[i].dim;
        if (nest.loops[i].kind != LoopKind::Temporal && !indexes(Tensor::Outputs, d) &&
            covered[index(d)] != double(problem.bound(d)))
            return true;
    }
    return false;
}
int parentOf(const Nest& nest, int level, Tensor t) {
    do --level;
    while (!nest.keeps[level][index(t)]);
    return level;
}

struct Tally {
    int cases = 0, different = 0, ragged = 0, bounded = 0, loose = 0;
};

/// The busiest instance: the most that any has, and the first one has it.
void compareBusiest(const RandomNest& nest, const Nest& flat, const Convention& rules, const RaggedEvaluation& found,
                    const RaggedWalked& walked, Differences& differences, Tally& tally) {
    for (int l = 0; l < flat.level_count; ++l)
        for (int t = 0; t < kTensors; ++t)
            for (int c = 0; c < 3 && flat.keeps[l][t]; ++c) {
                const auto& each = walked.each[l][t];
                double most = 0;
                for (const WalkedCounts& one : each) most = std::max(most, one.*kWalked[c]);
                const double formula = found.busiest[l][t].*kFound[c];
                const std::string what = placeOf(l, t) + kCountNames[c] + " of the busiest";
                const bool shared = t == index(Tensor::Outputs) && c == 1 && l > 0 && !rules.refill_every_reducer;
                if (!shared) {
                    differences.compare(what, formula, most);
                    differences.compare(what + ", the first", each.front().*kWalked[c], most);
                    continue;
                }
                const double share = std::ceil(most * (1 - 1e-12));
                ++tally.bounded;
                tally.loose += formula > share;
                const bool exact = !isSpreadAbove(nest.problem, flat, parentOf(flat, l, Tensor::Outputs));
                differences.compare(what, exact ? formula : std::min(formula, share), share);
            }
}

/// Cycles of the busiest instances, whose words are compared apart. The reference's order of operations may round a
/// quotient that is whole up to the next cycle.
void compareCycles(const RandomNest& nest, const RaggedEvaluation& found, Differences& differences) {
    double cycles = found.compute_cycles;
    for (int l = 0; l < found.level_count; ++l) {
        const MemoryLevel& level = nest.architecture.levels[l];
        double reads = 0, writes = 0;
        for (const TensorCounts<double>& count : found.busiest[l]) {
            reads += count.reads;
            writes += count.fills + count.updates;
        }
        cycles = std::max({cycles, std::ceil(reads / level.read_bandwidth), std::ceil(writes / level.write_bandwidth)});
    }
    differences.compare("cycles", found.cycles, std::clamp(found.cycles, cycles, cycles + 1));
}

std::string differencesToWalk(const RandomNest& nest, const Convention& rules, const RaggedEvaluation& found,
                              const RaggedWalked& walked, Tally& tally) {
    const Nest flat = flatten(nest.mapping);
    Differences out;
    out.compare("macs", found.macs, walked.macs);
    out.compare("pes", found.pes, walked.pes);
    out.compare("compute_cycles", found.compute_cycles, walked.compute_cycles);
    double energy = walked.macs * nest.architecture.mac_energy_pj;
    for (int l = 0; l < flat.level_count; ++l) {
        out.compare("L" + std::to_string(l) + " instances", found.instances[l], walked.instances[l]);
        const WordEnergy& price = nest.architecture.levels[l].energy;
        for (int t = 0; t < kTensors; ++t) {
            const WalkedCounts& walk = walked.totals[l][t];
            energy += walk.reads * price.read_pj + walk.fills * price.fill_pj + walk.updates * price.update_pj;
            out.compare(placeOf(l, t) + " tile_words", found.totals[l][t].tile_words, walk.tile_words);
            for (int c = 0; c < 3; ++c)
                out.compare(placeOf(l, t) + kCountNames[c], found.totals[l][t].*kFound[c], walk.*kWalked[c]);
        }
    }
    out.compare("energy", found.energy_pj, energy);
    compareCycles(nest, found, out);
    compareBusiest(nest, flat, rules, found, walked, out, tally);
    return out.text;
}

void compareWithWalk(const RandomNest& nest, const Convention& rules, Tally& tally) {
    const RaggedWalked walked = walkRagged(nest.problem, nest.mapping, rules);
    const RaggedEvaluation found = evaluateRagged(nest.problem, nest.architecture, flatten(nest.mapping), rules);
    const std::string difference = differencesToWalk(nest, rules, found, walked, tally);
    ++tally.cases;
    tally.ragged += !defects(nest.problem, nest.architecture, nest.mapping).empty();
    if (difference.empty() || ++tally.different > 3) return;
    const Problem& p = nest.problem;
    std::string sizes;
    for (int d = 0; d < kDims; ++d)
        sizes += std::string(1, kDimNames[d]) + " " + std::to_string(p.bounds[d]) + (d + 1 < kDims ? ", " : "\n");
    FAIL_CHECK(drawNest(nest.architecture, nest.mapping)
               << sizes << "strides " << p.stride_p << " " << p.stride_q << ", dilations " << p.dilation_r << " "
               << p.dilation_s << "\nelision " << rules.first_read_elision << ", refill of all "
               << rules.refill_every_reducer << "\n"
               << difference);
}

/// Whole tiles, no forwarding; the other flags at random.
Convention wholeTileRules(base::Rng& rng) {
    Convention rules = kGads;
    rules.first_read_elision = rng.below(3) != 0;
    rules.refill_every_reducer = rng.below(2) == 0;
    rules.double_buffered = rng.below(2) == 0;
    return rules;
}

/// One level above the MACs and one below, both with everything.
RandomNest nestOf(const Problem& problem, const std::vector<std::vector<Loop>>& levels) {
    RandomNest out{problem, {}, {}};
    for (const auto& loops : levels) out.mapping.levels.push_back({.loops = loops});
    fitArchitecture(out);
    return out;
}

}  // namespace

TEST_CASE("ragged nests: the closed form counts what a walk over cut tiles counts") {
    Tally tally;
    base::Rng rng(1, "ragged walker");
    for (int i = 0; i < 24000; ++i) {
        const bool large = i % 40 == 0;
        const RandomNest nest = randomRaggedNest(rng, large ? RandomNestOptions{1500, 36} : RandomNestOptions{200, 16});
        const Convention rules = wholeTileRules(rng);
        REQUIRE(defects(nest.problem, nest.architecture, nest.mapping, LastTile::Ragged).empty());
        REQUIRE_FALSE(raggedDefect(nest.problem, nest.architecture, flatten(nest.mapping), rules).has_value());
        compareWithWalk(nest, rules, tally);
    }
    MESSAGE(tally.cases << " nests walked, " << tally.ragged << " ragged, " << tally.different << " different; "
                        << tally.loose << " of " << tally.bounded << " shares of refills are bounds only");
    CHECK(tally.different == 0);
    CHECK(tally.ragged == tally.cases);
}

TEST_CASE("ragged nests: the comparison with the walk sees one wrong word") {
    base::Rng rng(3, "ragged walker");
    const RandomNest nest = randomRaggedNest(rng);
    const RaggedWalked walked = walkRagged(nest.problem, nest.mapping, kGads);
    RaggedEvaluation found = evaluateRagged(nest.problem, nest.architecture, flatten(nest.mapping), kGads);
    Tally tally;
    CHECK(differencesToWalk(nest, kGads, found, walked, tally).empty());
    found.totals[0][index(Tensor::Inputs)].reads += 1;
    CHECK(differencesToWalk(nest, kGads, found, walked, tally).starts_with("L0 Inputs reads"));
    found.totals[0][index(Tensor::Inputs)].reads -= 1;
    found.busiest[0][index(Tensor::Weights)].reads -= 1;
    CHECK(differencesToWalk(nest, kGads, found, walked, tally).starts_with("L0 Weights reads of the busiest"));
}

TEST_CASE("ragged nests: with perfect factors they are what the analysis counts") {
    base::Rng rng(2, "ragged walker");
    int rounded = 0;
    for (int i = 0; i < 20000; ++i) {
        const RandomNest nest = randomNest(rng);
        const Nest flat = flatten(nest.mapping);
        const Convention rules = wholeTileRules(rng);
        const auto access = analyse<double>(nest.problem, nest.architecture, flat, flat.bounds, rules);
        const Evaluation expected = evaluate(nest.problem, nest.architecture, flat, rules);
        const RaggedEvaluation found = evaluateRagged(nest.problem, nest.architecture, flat, rules);
        Differences differences;
        bool whole = true;  // a share of refills that is not is rounded by `evaluate`
        for (int l = 0; l < flat.level_count; ++l) {
            differences.compare("instances", found.instances[l], access.instances[l]);
            for (int t = 0; t < kTensors; ++t) {
                const TensorCounts<double>& one = access.counts[l][t];
                differences.compare(placeOf(l, t) + " tile_words", found.totals[l][t].tile_words, one.tile_words);
                for (int c = 0; c < 3; ++c) {
                    const double count = one.*kFound[c];
                    const bool exact = near(count, std::round(count));
                    whole = whole && exact;
                    differences.compare(placeOf(l, t) + kCountNames[c], found.totals[l][t].*kFound[c],
                                        count * access.instances[l]);
                    differences.compare(placeOf(l, t) + kCountNames[c] + " of the busiest",
                                        found.busiest[l][t].*kFound[c], exact ? std::round(count) : std::ceil(count));
                }
            }
        }
        differences.compare("macs", found.macs, expected.macs);
        differences.compare("pes", found.pes, access.pes);
        differences.compare("compute_cycles", found.compute_cycles, access.compute_cycles);
        rounded += !whole;
        if (whole) differences.compare("energy", found.energy_pj, expected.energy_pj);
        if (whole && found.cycles != expected.cycles) differences.text += "cycles\n";
        CHECK_MESSAGE(differences.text.empty(), drawNest(nest.architecture, nest.mapping) << differences.text);
    }
    MESSAGE(rounded << " nests have a share of refills that is not whole");
}

TEST_CASE("ragged nests: seven columns in tiles of three, counted by hand") {
    // Q 7 = 3 + 3 + 1 in DRAM, S 2 next to the MACs. Inputs of a tile: Q + 1 columns, 4 + 4 + 2 = 10 of them fetched.
    const Problem problem{.name = "hand", .bounds = {1, 1, 1, 7, 1, 2, 1, 1}};
    RandomNest nest = nestOf(problem, {{{Dim::Q, LoopKind::Temporal, 3}},
                                       {{Dim::Q, LoopKind::Temporal, 3}, {Dim::S, LoopKind::SpatialX, 2}}});
    CHECK(defects(problem, nest.architecture, nest.mapping).size() == 1);
    CHECK(defects(problem, nest.architecture, nest.mapping, LastTile::Ragged).empty());
    const RaggedEvaluation found = evaluateRagged(problem, nest.architecture, flatten(nest.mapping), kGads);
    CHECK(found.macs == 14);
    CHECK(found.compute_cycles == 7);
    CHECK(found.totals[1][index(Tensor::Inputs)].tile_words == 4);
    CHECK(found.totals[1][index(Tensor::Inputs)].fills == 10);
    CHECK(found.totals[1][index(Tensor::Inputs)].reads == 14);
    CHECK(found.totals[1][index(Tensor::Weights)].fills == 2);    // stay
    CHECK(found.totals[1][index(Tensor::Outputs)].updates == 7);  // both MACs add to the same word
    CHECK(found.totals[1][index(Tensor::Outputs)].reads == 0);
    CHECK(found.totals[0][index(Tensor::Outputs)].updates == 7);
}

TEST_CASE("ragged nests: channels that are left over leave instances idle and one alone with the refill") {
    // C 5 over four instances: all work in the first step, one in the second. Its partial sum (one word) comes back to
    // it alone; without raggedness a quarter each would.
    const Problem problem{.name = "idle", .bounds = {5, 1, 2, 1, 1, 1, 1, 1}};
    RandomNest nest = nestOf(
        problem,
        {{{Dim::C, LoopKind::Temporal, 2}, {Dim::P, LoopKind::Temporal, 2}}, {{Dim::C, LoopKind::SpatialX, 4}}, {}});
    nest.mapping.levels[1].keeps[index(Tensor::Outputs)] = false;
    fitArchitecture(nest);
    const RaggedEvaluation found = evaluateRagged(problem, nest.architecture, flatten(nest.mapping), kGads);
    const auto& below = found.totals[2][index(Tensor::Outputs)];
    CHECK(found.macs == 10);
    CHECK(found.compute_cycles == 4);
    CHECK(found.instances[2] == 4);
    CHECK(below.updates == 10);
    CHECK(below.reads == 2);                                      // each instance's first sum reads nothing
    CHECK(found.totals[0][index(Tensor::Outputs)].updates == 4);  // reduced over the instances: twice two words
    CHECK(found.totals[0][index(Tensor::Outputs)].reads == 2);    // of which the second time they come back
    CHECK(below.fills == 2);
    CHECK(found.busiest[2][index(Tensor::Outputs)].fills == 2);
    Convention all = kGads;
    all.refill_every_reducer = true;
    const RaggedEvaluation each = evaluateRagged(problem, nest.architecture, flatten(nest.mapping), all);
    CHECK(each.totals[2][index(Tensor::Outputs)].fills == 2);  // three of the group are idle then
}

TEST_CASE("ragged nests: what is not counted is refused with the reason") {
    Problem problem{.name = "diagonal", .bounds = {1, 1, 5, 1, 4, 1, 1, 1}};
    const RandomNest nest = nestOf(problem, {{{Dim::P, LoopKind::Temporal, 2}, {Dim::R, LoopKind::Temporal, 2}},
                                             {{Dim::P, LoopKind::SpatialX, 3}, {Dim::R, LoopKind::SpatialY, 2}}});
    const Nest flat = flatten(nest.mapping);
    CHECK(raggedDefect(problem, nest.architecture, flat, kGads).value() ==
          "L1: P and R spread Inputs along one axis and P is ragged (5 in tiles that cover 6); such diagonals are not "
          "counted");
    problem.bounds[index(Dim::P)] = 6;
    CHECK_FALSE(raggedDefect(problem, nest.architecture, flat, kGads).has_value());
    CHECK(raggedDefect(problem, nest.architecture, flat, kTimeloop).value() ==
          "ragged tiles are not counted with sliding windows");
}

TEST_CASE("ragged nests: factors cover the layer and none runs past it") {
    const auto defectsOf = [](int64_t size, const std::vector<int64_t>& inner_to_outer) {
        const Problem problem{.name = "cover", .bounds = {1, size, 1, 1, 1, 1, 1, 1}};
        std::vector<Loop> loops;
        for (const int64_t bound : inner_to_outer) loops.insert(loops.begin(), {Dim::M, LoopKind::Temporal, bound});
        const RandomNest nest = nestOf(problem, {loops});
        return defects(problem, nest.architecture, nest.mapping, LastTile::Ragged);
    };
    CHECK(defectsOf(7, {3, 3}).empty());
    CHECK(defectsOf(7, {2, 2, 2}).empty());
    CHECK(defectsOf(7, {1, 7, 1}).empty());
    CHECK(defectsOf(7, {3, 2}) == std::vector<std::string>{"factors of M multiply to 6, the layer has 7"});
    CHECK(defectsOf(7, {3, 4}) ==
          std::vector<std::string>{"L0: loop M has bound 4, tiles of 3 cover the layer's 7 in 3"});
    CHECK(defectsOf(7, {8}) == std::vector<std::string>{"L0: loop M has bound 8, tiles of 1 cover the layer's 7 in 7"});
    CHECK(defectsOf(7, {7, 2}) ==
          std::vector<std::string>{"L0: loop M has bound 2, tiles of 7 cover the layer's 7 in 1"});
}

TEST_CASE("ragged nests: no tile is larger than the layer") {
    // Three tiles of 3 are 9 words, of which the layer has 7.
    const Problem problem{.name = "capacity", .bounds = {1, 7, 1, 1, 1, 1, 1, 1}};
    RandomNest nest = nestOf(problem, {{}, {{Dim::M, LoopKind::Temporal, 3}, {Dim::M, LoopKind::Temporal, 3}}});
    nest.architecture.levels[1].capacity_words = 15;  // Weights 7, Inputs 1, Outputs 7
    Convention single = kGads;
    single.double_buffered = false;
    CHECK_FALSE(capacityExcess(nest.architecture, flatten(nest.mapping), problem, single).has_value());
    nest.architecture.levels[1].capacity_words = 14;
    CHECK(capacityExcess(nest.architecture, flatten(nest.mapping), problem, single).value().over() == 1);
    CHECK(evaluateRagged(problem, nest.architecture, flatten(nest.mapping), single).totals[1][0].tile_words == 7);
}
