#include "costmodel/loopnest/mapper/top_tiles.h"

#include "costmodel/loopnest/mapper/nest_builder.h"
#include "costmodel/loopnest/mapper/orders.h"

namespace dna::costmodel::loopnest {
namespace {

/// Least cost over the loop orders of level 0.
void price(const MapSpace& space, const SpatialGeometry& geometry, const Factors& hop, TopTile& top) {
    PerDim<double> extent;  // of the tiles on average, which is what their sum depends on
    for (int d = 0; d < kDims; ++d) extent[d] = double(space.problem.bounds[d]) / double(top.loops[d] * hop[d]);
    const double no_limit = std::numeric_limits<double>::infinity();
    double energy = no_limit, reads = no_limit, writes = no_limit, fills = no_limit;
    for (const LoopOrder& order : undominatedOrders(top.loops)) {
        NestBuilder builder(space.architecture);
        builder.temporal(0, order, top.loops);
        builder.spatial(0, hop, kOnes);
        for (int d = 0; d < kDims; ++d) builder.loop(1, static_cast<Dim>(d), LoopKind::Temporal, top.tile[d]);
        const Nest nest = builder.take();
        const detail::Geometry<double> g = detail::geometry(nest, nest.bounds);
        PartialCost cost;
        for (const Cut& cut : space.cuts) {
            if (cut.child != 1) continue;
            const bool sliding = cut.tensor == Tensor::Inputs && space.options.rules.halo_reuse;
            const double visits =
                sliding ? detail::slidingVisits(space.problem, nest, nest.bounds, g, 1, space.options.rules)
                        : detail::visits(nest, nest.bounds, 1, cut.tensor);
            const double distinct = detail::fanout(space.problem, nest, nest.bounds, g, 0, cut.tensor).distinct;
            const bool forwards = cut.tensor == Tensor::Inputs && space.options.rules.neighbour_forwarding &&
                                  mayForward(nest, 1, space.options.rules);
            cutRate(space, geometry, cut, distinct, forwards ? 0 : 1)
                .add(visits * tileWords(space.problem, cut.tensor, extent), cut, cost);
        }
        energy = std::min(energy, cost.energy_pj);
        reads = std::min(reads, cost.reads[0]);
        writes = std::min(writes, cost.writes[0]);
        fills = std::min(fills, cost.writes[1]);
    }
    top.energy_pj = energy, top.reads = reads, top.writes = writes, top.fills = fills;
}

}  // namespace

TopTiles::TopTiles(const MapSpace& space, const SpatialChoice& choice) {
    if (space.levels() < 2) return;
    const SpatialGeometry geometry(space, choice);
    const Factors whole = over(space.problem.bounds, choice.hops[0]);
    const PerDim<bool>& outer = space.architecture.constraints[0].temporal;
    const double capacity = space.capacity(1);
    PerDim<bool> all;
    all.fill(true);
    forEachFactors(
        whole, all, space.options.ragged,
        [&](const Factors& tile) { return space.tileWordsKept(1, asDoubles(tile)) <= capacity; },
        [&](const Factors& tile) {
            TopTile top{tile, over(whole, tile)};
            for (int d = 0; d < kDims; ++d)
                if (top.loops[d] > 1 && !outer[d]) return;
            price(space, geometry, choice.hops[0], top);
            tiles_.push_back(top);
        });
    std::stable_sort(tiles_.begin(), tiles_.end(),
                     [](const TopTile& a, const TopTile& b) { return a.energy_pj < b.energy_pj; });
}

}  // namespace dna::costmodel::loopnest
