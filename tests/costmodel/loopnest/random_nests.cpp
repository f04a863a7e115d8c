#include "tests/costmodel/loopnest/random_nests.h"

#include <algorithm>

namespace dna::costmodel::loopnest {
namespace {

bool once(base::Rng& rng, int in) { return rng.below(uint64_t(in)) == 0; }
int64_t between(base::Rng& rng, int64_t low, int64_t high) {
    return low + int64_t(rng.below(uint64_t(high - low + 1)));
}

/// Adds loops to a nest within a budget of iterations.
class Builder {
public:
    Builder(base::Rng& rng, const RandomNestOptions& options)
        : rng_(rng), iterations_(options.most_iterations), spatial_(options.most_spatial) {}

    RandomNest random() {
        layer();
        levels(int(between(rng_, 2, 4)));
        addLoops(int(between(rng_, 2, 12)));
        return finish();
    }
    RandomNest forwarding() {
        layer();
        const int count = int(between(rng_, 2, 4));
        levels(count);
        const int level = int(between(rng_, 0, count - 2));
        slidingPair(level);
        addLoops(int(between(rng_, 0, 5)));
        return finish();
    }

private:
    void layer() {
        out_.problem.name = "random";
        const auto small = [&] { return once(rng_, 2) ? 1 : between(rng_, 1, 3); };
        out_.problem.stride_p = small(), out_.problem.stride_q = small();
        out_.problem.dilation_r = small(), out_.problem.dilation_s = small();
    }

    void levels(int count) {
        out_.mapping.levels.resize(size_t(count));
        for (int l = 1; l < count; ++l) {
            const bool fanout_only = once(rng_, 6);
            for (bool& keeps : out_.mapping.levels[l].keeps) keeps = !fanout_only && !once(rng_, 3);
        }
    }

    /// The loop takes part of the budget; false when too little is left.
    bool afford(int64_t bound, bool spatial) {
        if (bound > iterations_ || (spatial && bound > spatial_)) return false;
        iterations_ /= bound;
        if (spatial) spatial_ /= bound;
        return true;
    }
    LoopKind space() { return once(rng_, 2) ? LoopKind::SpatialX : LoopKind::SpatialY; }
    Dim anyDim() {
        constexpr std::string_view weighted = "CCMMPPPPQQQRRRRSSSNG";
        return static_cast<Dim>(kDimNames.find(weighted[rng_.below(weighted.size())]));
    }

    void addLoops(int count) {
        for (int i = 0; i < count; ++i) {
            auto& loops = out_.mapping.levels[rng_.below(out_.mapping.levels.size())].loops;
            const bool spatial = once(rng_, 3);
            const int64_t bound = once(rng_, 5) ? between(rng_, 4, 5) : between(rng_, 2, 3);
            if (!afford(bound, spatial)) continue;
            insert(loops, {anyDim(), spatial ? space() : LoopKind::Temporal, bound});
        }
    }
    /// At a random place where temporal loops stay outside spatial ones.
    void insert(std::vector<Loop>& loops, const Loop& loop) {
        const int64_t first_spatial =
            std::find_if(loops.begin(), loops.end(), [](const Loop& l) { return l.kind != LoopKind::Temporal; }) -
            loops.begin();
        const bool temporal = loop.kind == LoopKind::Temporal;
        const int64_t at =
            temporal ? between(rng_, 0, first_spatial) : between(rng_, first_spatial, int64_t(loops.size()));
        loops.insert(loops.begin() + at, loop);
    }

    void slidingPair(int level) {
        const bool rows = once(rng_, 2);
        const std::array<Dim, 2> pair = rows ? std::array{Dim::P, Dim::R} : std::array{Dim::Q, Dim::S};
        auto& loops = out_.mapping.levels[level].loops;
        const auto add = [&](Dim d, LoopKind kind, int64_t bound) {
            if (afford(bound, kind != LoopKind::Temporal)) insert(loops, {d, kind, bound});
        };
        add(pair[rng_.below(2)], LoopKind::Temporal, between(rng_, 2, 4));
        add(pair[rng_.below(2)], space(), between(rng_, 2, 5));
        if (once(rng_, 2)) add(pair[rng_.below(2)], space(), between(rng_, 2, 3));
        if (once(rng_, 3)) add(anyDim(), space(), between(rng_, 2, 3));
        if (once(rng_, 3)) add(anyDim(), LoopKind::Temporal, between(rng_, 2, 3));
    }

    RandomNest finish() {
        for (const LevelLoops& level : out_.mapping.levels)
            for (const Loop& loop : level.loops) out_.problem.bounds[index(loop.dim)] *= loop.bound;
        fitArchitecture(out_);
        widen();
        out_.architecture.mac_energy_pj = 1 + rng_.uniform();
        for (MemoryLevel& level : out_.architecture.levels) {
            level.energy = {1 + rng_.uniform(), 1 + rng_.uniform(), 1 + rng_.uniform()};
            level.read_bandwidth = double(between(rng_, 1, 8));
            level.write_bandwidth = double(between(rng_, 1, 8));
        }
        return std::move(out_);
    }
    /// Arrays that are not used in full have places for neighbours that nobody has.
    void widen() {
        int x = 1, y = 1;
        Architecture wide = out_.architecture;
        for (int l = 0; l < wide.levelCount(); ++l) {
            wide.levels[l].mesh_x = x, wide.levels[l].mesh_y = y;
            x *= out_.architecture.fanoutX(l) + extra(), y *= out_.architecture.fanoutY(l) + extra();
        }
        wide.mac_mesh_x = x, wide.mac_mesh_y = y;
        out_.architecture = std::move(wide);
    }
    int extra() { return once(rng_, 3) ? int(between(rng_, 1, 3)) : 0; }

    base::Rng& rng_;
    RandomNest out_;
    int64_t iterations_, spatial_;
};

int64_t width(const LevelLoops& level, LoopKind kind) {
    int64_t product = 1;
    for (const Loop& loop : level.loops)
        if (loop.kind == kind) product *= loop.bound;
    return product;
}

/// Whether one fan-out spreads Inputs by both dimensions of an axis.
bool spreadsTogether(const Mapping& mapping, Dim a, Dim b) {
    for (const LevelLoops& level : mapping.levels) {
        const auto spreads = [&](Dim d) {
            return std::any_of(level.loops.begin(), level.loops.end(), [&](const Loop& loop) {
                return loop.dim == d && loop.kind != LoopKind::Temporal && loop.bound > 1;
            });
        };
        if (spreads(a) && spreads(b)) return true;
    }
    return false;
}

/// Bound of the outermost loop over `d` that does anything.
int64_t outermostBound(const Mapping& mapping, Dim d) {
    for (const LevelLoops& level : mapping.levels)
        for (const Loop& loop : level.loops)
            if (loop.dim == d && loop.bound > 1) return loop.bound;
    return 1;
}

}  // namespace

void fitArchitecture(RandomNest& nest) {
    int64_t x = 1, y = 1;
    nest.architecture.name = nest.problem.name;
    for (const LevelLoops& loops : nest.mapping.levels) {
        MemoryLevel level;
        level.name = "L" + std::to_string(nest.architecture.levels.size());
        const bool stores = std::any_of(loops.keeps.begin(), loops.keeps.end(), [](bool keeps) { return keeps; });
        if (!stores) level.kind = "fanout_only";
        level.mesh_x = int(x), level.mesh_y = int(y);
        nest.architecture.levels.push_back(level);
        nest.architecture.constraints.push_back({loops.keeps});
        x *= width(loops, LoopKind::SpatialX), y *= width(loops, LoopKind::SpatialY);
    }
    nest.architecture.mac_mesh_x = int(x), nest.architecture.mac_mesh_y = int(y);
}

RandomNest randomNest(base::Rng& rng, const RandomNestOptions& options) { return Builder(rng, options).random(); }
RandomNest randomRaggedNest(base::Rng& rng, const RandomNestOptions& options) {
    for (;;) {
        RandomNest nest = randomNest(rng, options);
        const PerDim<int64_t> covered = nest.problem.bounds;
        PerDim<bool> whole{};
        for (const auto& [a, b] : {std::pair{Dim::P, Dim::R}, std::pair{Dim::Q, Dim::S}})
            whole[index(a)] = whole[index(b)] = spreadsTogether(nest.mapping, a, b);
        for (int d = 0; d < kDims; ++d) {
            const int64_t inside = covered[d] / outermostBound(nest.mapping, static_cast<Dim>(d));
            if (!whole[d] && !once(rng, 4)) nest.problem.bounds[d] -= between(rng, 0, inside - 1);
        }
        if (nest.problem.bounds != covered) return nest;
    }
}
RandomNest randomForwardingNest(base::Rng& rng, const RandomNestOptions& options) {
    return Builder(rng, options).forwarding();
}

}  // namespace dna::costmodel::loopnest
