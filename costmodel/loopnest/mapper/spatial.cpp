#include "costmodel/loopnest/mapper/spatial.h"

#include <algorithm>
#include <set>

namespace dna::costmodel::loopnest {
namespace {

std::vector<Factors> alongAxis(const Factors& whole, const PerDim<bool>& allowed, int width) {
    std::vector<Factors> out;
    forEachFactors(
        whole, allowed, [&](const Factors& f) { return product(f) <= width; },
        [&](const Factors& f) { out.push_back(f); });
    return out;
}

/// Factors of one fan-out, X and Y together, each once.
std::set<Factors> ofFanout(const Factors& whole, const Architecture& architecture, int l) {
    const LevelConstraint& allowed = architecture.constraints[l];
    std::set<Factors> out;
    const std::vector<Factors> ys = alongAxis(whole, allowed.spatial_y, architecture.fanoutY(l));
    for (const Factors& x : alongAxis(whole, allowed.spatial_x, architecture.fanoutX(l)))
        for (const Factors& y : ys) {
            const Factors both = times(x, y);
            if (divides(both, whole)) out.insert(both);
        }
    return out;
}

}  // namespace

std::vector<SpatialChoice> spatialChoices(const Problem& problem, const Architecture& architecture) {
    std::vector<SpatialChoice> out(1);
    std::vector<Factors> used(1, kOnes);
    for (int l = 0; l < architecture.levelCount(); ++l) {
        std::vector<SpatialChoice> next;
        std::vector<Factors> next_used;
        for (size_t i = 0; i < out.size(); ++i)
            for (const Factors& hop : ofFanout(over(problem.bounds, used[i]), architecture, l)) {
                next.push_back(out[i]);
                next.back().hops.push_back(hop);
                next_used.push_back(times(used[i], hop));
            }
        out = std::move(next);
        used = std::move(next_used);
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const SpatialChoice& a, const SpatialChoice& b) { return a.pes() > b.pes(); });
    return out;
}

std::vector<Placement> placements(const Factors& factors, const Architecture& architecture, int l) {
    const LevelConstraint& allowed = architecture.constraints[l];
    std::vector<Placement> out;
    for (const Factors& x : alongAxis(factors, allowed.spatial_x, architecture.fanoutX(l))) {
        const Factors y = over(factors, x);
        bool fits = product(y) <= architecture.fanoutY(l);
        for (int d = 0; d < kDims; ++d) fits &= y[d] == 1 || allowed.spatial_y[d];
        if (fits) out.push_back({x, y});
    }
    return out;
}

}  // namespace dna::costmodel::loopnest
