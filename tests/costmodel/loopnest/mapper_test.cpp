// The mapper against every mapping of small map spaces, and its properties on larger ones.
#include "costmodel/loopnest/mapper/mapper.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "costmodel/loopnest/mapper/nest_builder.h"
#include "tests/costmodel/loopnest/map_spaces.h"

using namespace dna::costmodel::loopnest;
using dna::base::Rng;
using namespace dna::test;

namespace {

/// Maps random layers on random architectures and compares with all mappings, `wanted` times.
void compareWithAll(const char* purpose, int wanted, bool ragged) {
    int compared = 0, infeasible = 0;
    int64_t mappings = 0;
    for (uint64_t seed = 0; compared < wanted; ++seed) {
        REQUIRE(seed < 40 * uint64_t(wanted));
        Rng rng(77, purpose, seed);
        const Problem problem = randomProblem(rng);
        const Architecture architecture = randomArchitecture(rng);
        MapperOptions options = randomOptions(rng);
        if (ragged) {
            if (architecture.fanoutX(0) * architecture.fanoutY(0) > 1) continue;
            options.ragged = true;
            options.rules = kGads;
            options.rules.first_read_elision = rng.uniform() < 0.8;
            options.rules.refill_every_reducer = rng.uniform() < 0.5;
        }
        const Exhaustive all = exhaust(problem, architecture, options, 50000);
        if (all.count < 0 || (all.count > 0 && all.count < 300)) continue;
        if (all.count == 0 && ++infeasible > 30) continue;
        const MapperResult result = mapLayer(problem, architecture, options);
        ++compared;
        mappings += all.count;
        INFO("seed ", seed, " mappings ", all.count);
        REQUIRE(result.mapping.has_value() == (all.count > 0));
        if (!result.mapping) {
            CHECK_FALSE(result.infeasible.empty());
            continue;
        }
        INFO("best of all ", all.best, "\n", drawNest(architecture, toMapping(all.nest)), "found ", result.objective,
             "\n", drawNest(architecture, *result.mapping));
        CHECK(result.optimal);
        CHECK(result.objective == doctest::Approx(all.best).epsilon(1e-12));
        CHECK(defects(problem, architecture, *result.mapping, ragged ? LastTile::Ragged : LastTile::Full).empty());
        CHECK_FALSE(capacityExcess(architecture, flatten(*result.mapping), problem, options.rules));
    }
    MESSAGE(compared, " map spaces, ", mappings, " mappings");
}

}  // namespace

TEST_CASE("the mapper's answer is the best of all mappings") { compareWithAll("map space", 200, false); }

TEST_CASE("with ragged tiles, too") { compareWithAll("ragged map space", 200, true); }
