#include "costmodel/layer_mapper.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <vector>

#include "core/mapping/cycles.h"
#include "core/mapping/transfers.h"

namespace dna::costmodel {

using mapping::BlockOrder;
using mapping::Layer;
using mapping::LayerMapping;
using mapping::LayerPlan;
using mapping::Refusal;
using mapping::TileOrder;

namespace {

/// Issue cycles of all jobs: what the compute engine is busy for.
int64_t issueCycles(const LayerPlan& plan) {
    int64_t cycles = 0;
    for (const mapping::SubPlan& sub : plan.subs) {
        // Tiles but the last of a dimension are alike.
        const int64_t rows = sub.row_tiles - 1, channels = sub.channel_tiles - 1;
        const int last_row = sub.row_tiles - 1, last_channel = sub.channel_tiles - 1;
        cycles += mapping::jobIssueCycles(plan, sub, last_row, last_channel);
        if (rows > 0) cycles += rows * mapping::jobIssueCycles(plan, sub, 0, last_channel);
        if (channels > 0) cycles += channels * mapping::jobIssueCycles(plan, sub, last_row, 0);
        if (rows > 0 && channels > 0) cycles += rows * channels * mapping::jobIssueCycles(plan, sub, 0, 0);
    }
    return cycles;
}

double sumOf(const std::array<double, kLevels>& levels) { return std::accumulate(levels.begin(), levels.end(), 0.0); }

struct Candidate {
    LayerMapping mapping;
    LayerPrice price;  ///< cycles: the bound
    double bound = 0;
};

/// Mappings that only differ in what makes no difference: orders of single tiles and single units.
bool redundant(const LayerPlan& plan) {
    bool tiles = true, units = true;
    for (const mapping::SubPlan& sub : plan.subs) {
        tiles = tiles && (sub.row_tiles == 1 || sub.channel_tiles == 1);
        units = units && sub.units_full == 1 && sub.units_last == 1;
    }
    return (tiles && plan.mapping.tile_order == TileOrder::ChannelsOuter) ||
           (units && plan.mapping.block_order == BlockOrder::PixelsOuter);
}

/// All mappings with `reduction` input channels a pass; false when none is legal.
bool visitPasses(const Layer& layer, const design::Chunk& chunk, int reduction,
                 const std::function<void(const LayerPlan&)>& visit, Refusal& nearest) {
    bool visited = false;
    const int block = layer.block();
    const int padded = (layer.out_channels + block - 1) / block * block;
    for (int log2_x = 0; log2_x <= mapping::maxLog2XLanes(chunk); ++log2_x) {
        const int row_step = mapping::rowStep(chunk, log2_x);
        for (int rows = row_step; rows < layer.out_height + row_step; rows += row_step) {
            for (int channels = block; channels <= padded; channels += block) {
                for (const TileOrder tiles : {TileOrder::RowsOuter, TileOrder::ChannelsOuter}) {
                    for (const BlockOrder blocks : {BlockOrder::ChannelsOuter, BlockOrder::PixelsOuter}) {
                        const auto lowered = mapping::lower(layer, chunk, {rows, channels, log2_x, tiles, blocks, reduction});
                        if (const auto* refusal = std::get_if<Refusal>(&lowered)) {
                            if (refusal->excess < nearest.excess) nearest = *refusal;
                            continue;
                        }
                        const LayerPlan& plan = std::get<LayerPlan>(lowered);
                        if (!redundant(plan)) visit(plan), visited = true;
                    }
                }
            }
        }
    }
    return visited;
}

}  // namespace

double LayerObjective::value(double energy_pj, double cycles) const {
    switch (kind) {
        case Kind::Energy:
            return energy_pj;
        case Kind::Latency:
            return cycles;
        case Kind::Weighted:
            return energy_pj + weight * cycles;
        default:
            return energy_pj * cycles;
    }
}

LayerPrice priceLayer(const LayerPlan& plan, const ChunkPrices& prices, bool exact) {
    const AccessCounts counts = countAccesses(plan);
    LayerPrice price;
    EventCounts<double> events = eventsOf(counts, 0.0, prices);
    events.lane_cycles = 0;
    price.event_energy_pj = sumOf(levelEnergies(events, prices));
    price.cycle_price_pj = sumOf(levelEnergies(eventsOf(AccessCounts{}, 1.0, prices), prices));
    const int64_t beats = std::max(counts.readBeats(), counts.writeBeats());
    price.cycles = double(std::max(issueCycles(plan), beats));
    if (exact) price.cycles = std::max(price.cycles, double(mapping::layerCycles(plan, design::MemoryModel{}).latency));
    return price;
}

Refusal forEachMapping(const Layer& layer, const design::Chunk& chunk,
                       const std::function<void(const LayerPlan&)>& visit) {
    Refusal nearest{{}, std::numeric_limits<double>::infinity()};
    bool visited = visitPasses(layer, chunk, 0, visit, nearest);
    for (int passes = 2; !visited && mapping::unsplittable(layer, chunk).empty(); ++passes) {
        const int channels = mapping::reductionOfPasses(layer, passes);
        if (channels == 0) break;
        visited = visitPasses(layer, chunk, channels, visit, nearest);
    }
    return nearest;
}

MappedLayer mapLayer(const Layer& layer, const design::Chunk& chunk, const ChunkPrices& prices,
                     const LayerMapperOptions& options) {
    MappedLayer result;
    std::vector<Candidate> candidates;
    result.refusal = forEachMapping(layer, chunk, [&](const LayerPlan& plan) {
        const LayerPrice price = priceLayer(plan, prices, false);
        candidates.push_back({plan.mapping, price, options.objective.value(price.energyPj(), price.cycles)});
    });
    result.bounded = int64_t(candidates.size());
    if (candidates.empty()) return result;
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.bound < b.bound; });
    double best = std::numeric_limits<double>::infinity();
    auto evaluate = [&](const LayerMapping& mapping) {
        const auto lowered = mapping::lower(layer, chunk, mapping);
        if (!std::holds_alternative<LayerPlan>(lowered)) return;
        const LayerPrice price = priceLayer(std::get<LayerPlan>(lowered), prices, true);
        const double value = options.objective.value(price.energyPj(), price.cycles);
        ++result.evaluated;
        if (value >= best) return;
        best = value;
        result.mapping = mapping, result.energy_pj = price.energyPj(), result.cycles = price.cycles;
    };
    if (options.start) evaluate(*options.start);
    result.bound = candidates.back().bound;
    for (const Candidate& candidate : candidates) {
        result.bound = candidate.bound;
        if (candidate.bound >= best) break;
        if (best * (1 - options.gap) <= candidate.bound) {
            result.stopped_by = "gap";
            break;
        }
        if (result.evaluated >= options.work) {
            result.stopped_by = "work";
            break;
        }
        evaluate(candidate.mapping);
        if (&candidate == &candidates.back()) result.bound = best;
    }
    result.objective = best;
    result.optimal = result.bound >= best;
    if (result.optimal) result.bound = best, result.stopped_by = "proof";
    return result;
}

}  // namespace dna::costmodel
