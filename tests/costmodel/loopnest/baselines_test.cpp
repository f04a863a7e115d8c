// The samplers draw from the same map space and never beat the proven optimum.
#include "costmodel/loopnest/mapper/baselines.h"

#include <doctest/doctest.h>

#include "tests/costmodel/loopnest/map_spaces.h"

using namespace dna::costmodel::loopnest;
using namespace dna::test;

TEST_CASE("baselines find valid mappings, never better than the optimum, and give reasons for the others") {
    int spaces = 0, reached = 0;
    int64_t rejected = 0;
    for (uint64_t seed = 0; spaces < 40; ++seed) {
        REQUIRE(seed < 400);
        dna::base::Rng rng(9, "baseline", seed);
        const Problem problem = randomProblem(rng);
        const Architecture architecture = randomArchitecture(rng);
        const MapperOptions options = randomOptions(rng);
        const MapperResult best = mapLayer(problem, architecture, options);
        if (!best.mapping) continue;
        ++spaces;
        for (const Baseline kind : {Baseline::Random, Baseline::RandomPruned, Baseline::Evolution}) {
            const BaselineOptions baseline{kind, options.objective, options.rules, 60, seed};
            const BaselineResult found = runBaseline(problem, architecture, baseline);
            INFO("seed ", seed, " kind ", int(kind));
            int64_t reasons = 0;
            for (const auto& [reason, count] : found.rejected) reasons += count;
            CHECK(reasons + found.best.evaluated == found.tried);
            rejected += reasons;
            if (!found.best.mapping) continue;
            CHECK(defects(problem, architecture, *found.best.mapping).empty());
            CHECK(found.best.objective >= best.objective * (1 - 1e-12));
            reached += kind == Baseline::Evolution && found.best.objective <= best.objective * (1 + 1e-12);
            CHECK(runBaseline(problem, architecture, baseline).best.mapping == found.best.mapping);
        }
    }
    CHECK(rejected > 1000);
    CHECK(reached > 10);
}
