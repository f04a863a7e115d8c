#include "costmodel/loopnest/mapper/spatial.h"

#include <algorithm>
#include <functional>
#include <set>

namespace dna::costmodel::loopnest {
namespace {

PerDim<std::vector<int64_t>> upTo(const Factors& whole, int width) {
    PerDim<std::vector<int64_t>> out;
    for (int d = 0; d < kDims; ++d)
        for (int64_t n = 1; n <= std::min<int64_t>(whole[d], width); ++n) out[d].push_back(n);
    return out;
}

/// Vectors with a product of at most `width`, made of divisors of `whole` or of any numbers up to it.
std::vector<Factors> alongAxis(const Factors& whole, const PerDim<bool>& allowed, int width, bool any) {
    std::vector<Factors> out;
    const PerDim<std::vector<int64_t>> numbers = any ? upTo(whole, width) : PerDim<std::vector<int64_t>>{};
    Factors chosen = kOnes;
    const std::function<void(int, int64_t)> from = [&](int d, int64_t room) {
        if (d == kDims) {
            out.push_back(chosen);
            return;
        }
        const std::vector<int64_t> one{1};
        const std::vector<int64_t> own = any || !allowed[d] ? std::vector<int64_t>{} : divisors(whole[d]);
        for (const int64_t n : !allowed[d] ? one : any ? numbers[d] : own) {
            if (n > room) break;
            chosen[d] = n;
            from(d + 1, room / n);
        }
        chosen[d] = 1;
    };
    from(0, width);
    return out;
}

/// Factors of one fan-out, X and Y together, each once.
std::set<Factors> ofFanout(const Factors& whole, const Architecture& architecture, int l, bool ragged) {
    const LevelConstraint& allowed = architecture.constraints[l];
    std::set<Factors> out;
    const std::vector<Factors> ys = alongAxis(whole, allowed.spatial_y, architecture.fanoutY(l), ragged);
    for (const Factors& x : alongAxis(whole, allowed.spatial_x, architecture.fanoutX(l), ragged))
        for (const Factors& y : ys) {
            const Factors both = times(x, y);
            if (ragged ? needed({x, y}, whole) : divides(both, whole)) out.insert(both);
        }
    return out;
}

}  // namespace

bool needed(const Placement& placement, const Factors& whole) {
    for (int d = 0; d < kDims; ++d) {
        const int64_t x = placement.x[d], y = placement.y[d];
        if (x > whole[d] || y > (whole[d] + x - 1) / x) return false;
    }
    return true;
}

std::vector<SpatialChoice> spatialChoices(const Problem& problem, const Architecture& architecture, bool ragged) {
    std::vector<SpatialChoice> out(1);
    std::vector<Factors> used(1, kOnes);
    for (int l = 0; l < architecture.levelCount(); ++l) {
        std::vector<SpatialChoice> next;
        std::vector<Factors> next_used;
        for (size_t i = 0; i < out.size(); ++i)
            for (const Factors& hop : ofFanout(over(problem.bounds, used[i]), architecture, l, ragged)) {
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
    for (const Factors& x : alongAxis(factors, allowed.spatial_x, architecture.fanoutX(l), false)) {
        const Factors y = over(factors, x);  // x divides
        bool fits = product(y) <= architecture.fanoutY(l);
        for (int d = 0; d < kDims; ++d) fits &= y[d] == 1 || allowed.spatial_y[d];
        if (fits) out.push_back({x, y});
    }
    return out;
}

}  // namespace dna::costmodel::loopnest
