#include "costmodel/loopnest/mapper/leaf_search.h"

#include <algorithm>

#include "costmodel/loopnest/ragged.h"

namespace dna::costmodel::loopnest {

LeafSearch::LeafSearch(const MapSpace& space, const SpatialChoice& choice,
                       const std::array<Factors, kMaxLevels>& temporal)
    : space_(space), choice_(choice), temporal_(temporal) {
    for (int l = 0; l < space.levels(); ++l) {
        const Placement first = placementFor(l);
        for (const auto& [factors, kind] :
             {std::pair{first.y, LoopKind::SpatialY}, std::pair{first.x, LoopKind::SpatialX}})
            for (int d = 0; d < kDims; ++d)
                if (factors[d] > 1) placed_[l].loops.push_back({static_cast<Dim>(d), kind, factors[d]});
    }
}

/// A way to lay the spatial loops of a level; for ragged tiles one in which every row and column works at times.
Placement LeafSearch::placementFor(int level) const {
    const std::vector<Placement> ways = placements(choice_.hops[level], space_.architecture, level);
    if (!space_.options.ragged) return ways.front();
    Factors inside = kOnes;
    for (int l = space_.levels() - 1; l > level; --l) inside = times(inside, times(choice_.hops[l], temporal_[l]));
    const Factors whole = over(space_.problem.bounds, inside);
    const auto fits = std::find_if(ways.begin(), ways.end(), [&](const Placement& p) { return needed(p, whole); });
    DNA_CHECK(fits != ways.end(), "a fan-out of the search is not needed in all its factors");
    return *fits;
}

Candidate LeafSearch::best(double incumbent, int64_t& evaluated) {
    best_.objective = incumbent;
    chooseOrders(0);
    evaluated += evaluated_;
    return best_;
}

/// Loops of a level only matter in order when a tensor kept further in moves under some of them.
bool LeafSearch::orderMatters(int level) const {
    for (const Cut& cut : space_.cuts) {
        if (cut.child <= level) continue;
        for (int d = 0; d < kDims; ++d)
            if (temporal_[level][d] > 1 && indexes(cut.tensor, static_cast<Dim>(d))) return true;
    }
    return false;
}

void LeafSearch::chooseOrders(int level) {
    if (level == space_.levels()) return evaluateNest();
    const std::vector<LoopOrder> orders = undominatedOrders(temporal_[level]);
    const size_t count = orderMatters(level) ? orders.size() : 1;
    for (size_t i = 0; i < count; ++i) {
        orders_[level] = orders[i];
        chooseOrders(level + 1);
    }
}

Nest LeafSearch::build() const {
    NestBuilder builder(space_.architecture);
    for (int l = 0; l < space_.levels(); ++l) {
        builder.temporal(l, orders_[l], temporal_[l]);
        for (const Loop& loop : placed_[l].loops) builder.loop(l, loop.dim, loop.kind, loop.bound);
    }
    return builder.take();
}

void LeafSearch::evaluateNest() {
    const Nest nest = build();
    bool forwards = false, gains = false;
    if (space_.options.rules.neighbour_forwarding)
        for (int l = 1; l < space_.levels(); ++l) {
            if (!mayForward(nest, l, space_.options.rules)) continue;
            forwards = true;
            gains |= space_.keeps(l, Tensor::Inputs) || !equalGroups(choice_.hops[l - 1]);
        }
    if (!forwards) return take(nest, objectiveOf(nest, space_.options.rules));
    Convention alone = space_.options.rules;
    if (gains) {
        alone.bound_forwarding = true;
        if (objectiveOf(nest, alone) < best_.objective * (1 - 1e-12)) choosePlacements(0);
        return;
    }
    // Forwarding changes nothing for the better here, but some placements make it change things for the worse.
    alone.neighbour_forwarding = false;
    const double least = objectiveOf(nest, alone);
    if (least >= best_.objective) return;
    const double usual = objectiveOf(nest, space_.options.rules);
    if (usual > least) return choosePlacements(0);
    take(nest, usual);
}

/// Every input tile of the fan-out is wanted by equally many receivers.
bool LeafSearch::equalGroups(const Factors& hop) const {
    return space_.options.rules.halo_reuse && (hop[index(Dim::P)] == 1 || hop[index(Dim::R)] == 1) &&
           (hop[index(Dim::Q)] == 1 || hop[index(Dim::S)] == 1);
}

double LeafSearch::objectiveOf(const Nest& nest, const Convention& rules) {
    ++evaluated_;
    if (space_.options.ragged) {
        if (raggedDefect(space_.problem, space_.architecture, nest, rules))
            return std::numeric_limits<double>::infinity();
        const RaggedEvaluation found = evaluateRagged(space_.problem, space_.architecture, nest, rules);
        return space_.options.objective.value(found.energy_pj, found.cycles);
    }
    const Evaluation found = evaluate(space_.problem, space_.architecture, nest, rules);
    return space_.options.objective.value(found.energy_pj, found.cycles);
}

void LeafSearch::take(const Nest& nest, double objective) {
    if (objective < best_.objective) best_ = {objective, nest};
}

/// All ways to write the spatial loops of a level: along Y outside, along X inside, each in every order.
std::vector<LeafSearch::SpatialOrder> LeafSearch::spatialOrders(int level) const {
    const auto before = [](const Loop& a, const Loop& b) { return a.dim < b.dim; };
    std::vector<SpatialOrder> out;
    for (const Placement& place : placements(choice_.hops[level], space_.architecture, level)) {
        std::vector<Loop> x, y;
        for (int d = 0; d < kDims; ++d) {
            if (place.x[d] > 1) x.push_back({static_cast<Dim>(d), LoopKind::SpatialX, place.x[d]});
            if (place.y[d] > 1) y.push_back({static_cast<Dim>(d), LoopKind::SpatialY, place.y[d]});
        }
        do {
            do {
                SpatialOrder order{y};
                order.loops.insert(order.loops.end(), x.begin(), x.end());
                out.push_back(order);
            } while (std::next_permutation(x.begin(), x.end(), before));
        } while (std::next_permutation(y.begin(), y.end(), before));
    }
    return out;
}

void LeafSearch::choosePlacements(int level) {
    if (level == space_.levels()) {
        const Nest nest = build();
        return take(nest, objectiveOf(nest, space_.options.rules));
    }
    if (level + 1 == space_.levels() || !mayForward(build(), level + 1, space_.options.rules))
        return choosePlacements(level + 1);
    const SpatialOrder usual = placed_[level];
    for (SpatialOrder& order : spatialOrders(level)) {
        placed_[level] = std::move(order);
        choosePlacements(level + 1);
    }
    placed_[level] = usual;
}

}  // namespace dna::costmodel::loopnest
