// Fronts and network products against every combination; what must hold of any mapper's answer.
#include "costmodel/loopnest/mapper/front.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/costmodel/loopnest/exhaustive.h"
#include "tests/costmodel/loopnest/map_spaces.h"

using namespace dna::costmodel::loopnest;
using namespace dna::test;
using dna::base::Rng;

namespace {

using Point = std::pair<double, double>;  // energy, cycles

/// All undominated (energy, cycles) of a map space; empty when it is too large or has no mapping.
std::vector<Point> paretoPoints(const Problem& problem, const Architecture& architecture, const Convention& rules,
                                int64_t limit) {
    std::set<Point> all;
    struct TooMany {};
    int64_t count = 0;
    try {
        forEachMapping(problem, architecture, rules, false, [&](const Nest& nest) {
            if (++count > limit) throw TooMany{};
            const Evaluation found = evaluate(problem, architecture, nest, rules);
            all.insert({found.energy_pj, found.cycles});
        });
    } catch (const TooMany&) {
        return {};
    }
    std::vector<Point> out;
    for (const Point& p : all)
        if (out.empty() || p.second < out.back().second) out.push_back(p);
    return out;
}

/// Least (sum of energies) x (sum of latencies) over every combination of the layers' undominated points.
double leastProduct(const std::vector<std::vector<Point>>& layers, const std::vector<int64_t>& counts) {
    std::vector<Point> sums{{0, 0}};
    for (size_t i = 0; i < layers.size(); ++i) {
        std::set<Point> next;
        for (const Point& sum : sums)
            for (const Point& p : layers[i])
                next.insert({sum.first + double(counts[i]) * p.first, sum.second + double(counts[i]) * p.second});
        sums.clear();
        for (const Point& p : next)
            if (sums.empty() || p.second < sums.back().second) sums.push_back(p);
    }
    double least = std::numeric_limits<double>::infinity();
    for (const Point& p : sums) least = std::min(least, p.first * p.second);
    return least;
}

}  // namespace

TEST_CASE("network EDP by sweeping the weight is the least over all combinations") {
    int networks = 0;
    for (uint64_t seed = 0; networks < 50; ++seed) {
        REQUIRE(seed < 2000);
        Rng rng(5, "network", seed);
        const Architecture architecture = randomArchitecture(rng);
        MapperOptions options = randomOptions(rng);
        std::vector<CountedLayer> layers;
        std::vector<std::vector<Point>> points;
        std::vector<int64_t> counts;
        const size_t wanted = 2 + rng.below(3);
        for (int tries = 0; tries < 12 && layers.size() < wanted; ++tries) {
            const Problem problem = randomProblem(rng);
            std::vector<Point> found = paretoPoints(problem, architecture, options.rules, 20000);
            if (found.empty()) continue;
            layers.push_back({problem, int64_t(1 + rng.below(3))});
            counts.push_back(layers.back().count);
            points.push_back(std::move(found));
        }
        if (layers.size() < 2) continue;
        const NetworkMapping network = mapNetwork(layers, architecture, options);
        INFO("seed ", seed);
        CHECK(network.proven);
        CHECK(network.edp() == doctest::Approx(leastProduct(points, counts)).epsilon(1e-11));
        ++networks;
    }
}

TEST_CASE("supported points are the vertices of the hull, in order, and each is best for its weights") {
    int with_several = 0;
    for (uint64_t seed = 0; seed < 60; ++seed) {
        Rng rng(6, "front", seed);
        const Problem problem = randomProblem(rng);
        const Architecture architecture = randomArchitecture(rng);
        MapperOptions options = randomOptions(rng);
        const std::vector<Point> all = paretoPoints(problem, architecture, options.rules, 20000);
        if (all.empty()) continue;
        const Front front = supportedFront(problem, architecture, options, 1e-3, 1e3);
        REQUIRE_FALSE(front.points.empty());
        with_several += front.points.size() > 2;
        INFO("seed ", seed);
        for (size_t i = 0; i < front.points.size(); ++i) {
            const FrontPoint& point = front.points[i];
            CHECK(point.least_weight <= point.most_weight);
            if (i > 0) CHECK(point.result.evaluation.cycles > front.points[i - 1].result.evaluation.cycles);
            for (const double weight : {point.least_weight, point.most_weight}) {
                const double value = point.result.evaluation.energy_pj + weight * point.result.evaluation.cycles;
                for (const Point& other : all) CHECK(value <= (other.first + weight * other.second) * (1 + 1e-9));
            }
        }
    }
    CHECK(with_several >= 5);
}

TEST_CASE("more capacity or bandwidth never gives a worse optimum") {
    int compared = 0, better = 0;
    for (uint64_t seed = 0; compared < 150; ++seed) {
        REQUIRE(seed < 1500);
        Rng rng(8, "monotone", seed);
        const Problem problem = randomProblem(rng);
        const Architecture small = randomArchitecture(rng);
        const MapperOptions options = randomOptions(rng);
        const MapperResult before = mapLayer(problem, small, options);
        if (!before.mapping) continue;
        Architecture large = small;
        MemoryLevel& level = large.levels[rng.below(large.levels.size())];
        const double factor = 1.0 + rng.uniform() * 3;
        switch (rng.below(3)) {
            case 0:
                level.capacity_words = std::ceil(level.capacity_words * factor);
                break;
            case 1:
                level.read_bandwidth *= factor;
                break;
            default:
                level.write_bandwidth *= factor;
        }
        const MapperResult after = mapLayer(problem, large, options);
        INFO("seed ", seed);
        REQUIRE(after.optimal);
        CHECK(after.objective <= before.objective * (1 + 1e-12));
        better += after.objective < before.objective * (1 - 1e-9);
        ++compared;
    }
    CHECK(better >= 5);
}

TEST_CASE("threads, repetition and budgets") {
    Problem problem;
    problem.name = "3x3";
    problem.bounds = {16, 32, 14, 14, 3, 3, 1, 1};
    Architecture architecture;
    architecture.name = "small";
    architecture.levels = {
        {.name = "DRAM", .kind = "dram", .read_bandwidth = 4, .write_bandwidth = 4, .energy = {100, 100, 100}},
        {.name = "GLB", .kind = "global_buffer", .capacity_words = 4096, .energy = {5, 4, 4}},
        {.name = "RF", .capacity_words = 48, .mesh_x = 8, .mesh_y = 4, .energy = {1, 1, 1}}};
    architecture.constraints.resize(3);
    architecture.mac_mesh_x = 8, architecture.mac_mesh_y = 4, architecture.mac_energy_pj = 0.5;

    MapperOptions options;
    const MapperResult whole = mapLayer(problem, architecture, options);
    CHECK(whole.optimal);
    CHECK(whole.stopped_by == "proof");
    for (const int64_t work : {int64_t{40}, int64_t{2000}, options.work}) {
        options.work = work;
        options.threads = 1;
        const MapperResult one = mapLayer(problem, architecture, options);
        options.threads = 3;
        const MapperResult three = mapLayer(problem, architecture, options);
        REQUIRE(one.mapping.has_value() == three.mapping.has_value());
        CHECK(one.objective == three.objective);
        CHECK(one.bound == three.bound);
        CHECK(one.nodes == three.nodes);
        CHECK(one.evaluated == three.evaluated);
        CHECK(one.mapping == three.mapping);
        CHECK(one.bound <= whole.objective);  // a bound stays one, also when the budget ends
        if (one.mapping) CHECK(one.objective >= whole.objective);
        if (work == 40) CHECK(one.stopped_by == "work");
    }
    options = {};
    options.gap = 0.1;
    const MapperResult rough = mapLayer(problem, architecture, options);
    CHECK(rough.objective <= whole.objective / 0.9);
    CHECK(rough.bound <= whole.objective);
    CHECK(rough.bound >= 0.9 * rough.objective * (1 - 1e-12));
    CHECK_FALSE(rough.optimal);
}

TEST_CASE("what cannot be mapped is said to be infeasible, with the reason") {
    Problem problem;
    problem.name = "layer";
    problem.bounds = {8, 8, 4, 4, 3, 3, 1, 1};
    Architecture architecture;
    architecture.name = "two";
    architecture.levels.resize(2);
    architecture.levels[0].name = "DRAM", architecture.levels[0].kind = "dram";
    architecture.levels[1].name = "GLB", architecture.levels[1].capacity_words = 2;
    architecture.constraints.resize(2);
    const MapperResult full = mapLayer(problem, architecture, {});
    CHECK_FALSE(full.mapping);
    CHECK(full.infeasible == "GLB holds 2 words; tiles need 3 (Weights 1, Inputs 1, Outputs 1): 1 over");

    architecture.levels[1].capacity_words = 1000;
    for (LevelConstraint& c : architecture.constraints) c.temporal[index(Dim::M)] = false;
    const MapperResult nowhere = mapLayer(problem, architecture, {});
    CHECK_FALSE(nowhere.mapping);
    CHECK(nowhere.infeasible.find("M = 8") != std::string::npos);

    for (LevelConstraint& c : architecture.constraints) c.temporal[index(Dim::M)] = true;
    problem.bounds = {1'000'000, 1'000'000, 1'000'000, 1'000'000, 1, 1, 1, 1};
    CHECK_THROWS_AS(mapLayer(problem, architecture, {}), dna::base::InputError);
}
