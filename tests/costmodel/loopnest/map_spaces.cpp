#include "tests/costmodel/loopnest/map_spaces.h"

#include "costmodel/loopnest/ragged.h"
#include "tests/costmodel/loopnest/exhaustive.h"

namespace dna::test {

using namespace costmodel::loopnest;
using base::Rng;

namespace {

int64_t pick(Rng& rng, std::initializer_list<int64_t> options) {
    return *(options.begin() + int(rng.uniform() * double(options.size())));
}
bool chance(Rng& rng, double p) { return rng.uniform() < p; }

PerDim<bool> randomDims(Rng& rng, double p) {
    PerDim<bool> out;
    for (bool& allowed : out) allowed = chance(rng, p);
    return out;
}

}  // namespace

Problem randomProblem(Rng& rng) {
    Problem problem;
    problem.name = "random";
    double size = 1;
    for (int tries = 0; tries < 7; ++tries) {
        const int d = int(rng.uniform() * kDims);
        const int64_t bound = pick(rng, {2, 3, 4, 6});
        if (size * double(bound) / double(problem.bounds[d]) > 150) continue;
        size *= double(bound) / double(problem.bounds[d]);
        problem.bounds[d] = bound;
    }
    problem.stride_p = pick(rng, {1, 1, 2}), problem.stride_q = chance(rng, 0.7) ? problem.stride_p : pick(rng, {1, 2});
    problem.dilation_r = pick(rng, {1, 1, 2}),
    problem.dilation_s = chance(rng, 0.7) ? problem.dilation_r : pick(rng, {1, 2});
    return problem;
}

Architecture randomArchitecture(Rng& rng) {
    Architecture out;
    out.name = "random";
    const int levels = int(pick(rng, {2, 3, 3, 3, 4}));
    int x = 1, y = 1;
    for (int l = 0; l < levels; ++l) {
        MemoryLevel level;
        level.name = "L" + std::to_string(l);
        LevelConstraint constraint;
        if (l > 0) {
            x *= int(pick(rng, {1, 1, 2, 3})), y *= int(pick(rng, {1, 1, 2}));
            if (chance(rng, 0.15) && l + 1 < levels)
                level.kind = "fanout_only", level.capacity_words = 0;
            else
                level.capacity_words = double(pick(rng, l == 1 ? std::initializer_list<int64_t>{12, 30, 60, 200}
                                                               : std::initializer_list<int64_t>{3, 6, 12, 30}));
            for (bool& keep : constraint.keeps) keep = level.stores() && chance(rng, 0.8);
            if (chance(rng, 0.3)) constraint.temporal = randomDims(rng, 0.6);
            if (!level.stores()) constraint.temporal.fill(false);
        }
        if (chance(rng, 0.3)) constraint.spatial_x = randomDims(rng, 0.6), constraint.spatial_y = randomDims(rng, 0.6);
        level.mesh_x = x, level.mesh_y = y;
        level.energy = {20.0 / (l * l + 1), 15.0 / (l * l + 1), 17.0 / (l * l + 1)};
        if (chance(rng, 0.6))
            level.read_bandwidth = double(pick(rng, {1, 2, 4})), level.write_bandwidth = double(pick(rng, {1, 2, 4}));
        out.levels.push_back(level);
        out.constraints.push_back(constraint);
    }
    out.mac_mesh_x = x * int(pick(rng, {1, 1, 1, 2})), out.mac_mesh_y = y;
    out.mac_energy_pj = 0.5;
    return out;
}

MapperOptions randomOptions(Rng& rng) {
    MapperOptions options;
    options.objective.kind = static_cast<Objective::Kind>(int(rng.uniform() * 4));
    options.objective.weight = 10 * rng.uniform();
    if (chance(rng, 0.3)) options.rules = kGads;
    if (chance(rng, 0.1)) options.rules.first_read_elision = false;
    if (chance(rng, 0.2)) options.rules.neighbour_forwarding = false;
    return options;
}

Exhaustive exhaust(const Problem& problem, const Architecture& architecture, const MapperOptions& options,
                   int64_t limit) {
    Exhaustive out;
    struct TooMany {};
    try {
        forEachMapping(problem, architecture, options.rules, options.ragged, [&](const Nest& nest) {
            if (++out.count > limit) throw TooMany{};
            if (options.ragged && raggedDefect(problem, architecture, nest, options.rules)) return void(--out.count);
            const Evaluation found = options.ragged
                                         ? averages(evaluateRagged(problem, architecture, nest, options.rules))
                                         : evaluate(problem, architecture, nest, options.rules);
            const double objective = options.objective.value(found.energy_pj, found.cycles);
            if (objective < out.best) out.best = objective, out.nest = nest;
        });
    } catch (const TooMany&) {
        out.count = -1;
    }
    return out;
}

}  // namespace dna::test
