#pragma once

#include <functional>
#include <optional>
#include <string>

#include "costmodel/cost.h"

namespace dna::costmodel {

/// What a mapping of one layer is to be least in.
struct LayerObjective {
    enum class Kind { Energy, Latency, Edp, Weighted } kind = Kind::Edp;
    double weight = 0;  ///< Weighted: energy + weight x latency, pJ per cycle
    double value(double energy_pj, double cycles) const;
};

struct LayerMapperOptions {
    LayerObjective objective;
    double gap = 0;                                ///< stop at a mapping proven to be within this share of the best
    int64_t work = int64_t{1} << 40;               ///< most exact evaluations
    std::optional<mapping::LayerMapping> start{};  ///< a mapping to begin with (of a neighbour design)
};

struct MappedLayer {
    std::optional<mapping::LayerMapping> mapping;
    double energy_pj = 0, cycles = 0;
    double objective = 0;
    double bound = 0;                  ///< no mapping is better than this
    bool optimal = false;              ///< proven: bound == objective
    int64_t bounded = 0;               ///< legal mappings that got a bound
    int64_t evaluated = 0;             ///< of them priced exactly
    const char* stopped_by = "proof";  ///< proof | gap | work
    mapping::Refusal refusal;          ///< without a mapping: the nearest reason
};

/// Energy without what every cycle costs, that price per cycle, and the cycles that a layer adds to a chain of layers:
/// those of the exact cycle law behind itself, and at least the work of each engine (MACs and bubbles, read beats,
/// written beats).
struct LayerPrice {
    double event_energy_pj = 0;
    double cycle_price_pj = 0;
    double cycles = 0;
    double energyPj() const { return event_energy_pj + cycle_price_pj * cycles; }
};
/// `exact` false: the bound on the cycles instead (the work of the busiest engine).
LayerPrice priceLayer(const mapping::LayerPlan& plan, const ChunkPrices& prices, bool exact);

/// Every legal mapping of a layer on a chunk that can differ in cost: all tile heights, channel tiles, lane shapes,
/// tile and block orders; `visit` gets the lowered plan. Returns the refusal that came nearest to fitting.
mapping::Refusal forEachMapping(const mapping::Layer& layer, const design::Chunk& chunk,
                                const std::function<void(const mapping::LayerPlan&)>& visit);

/// The best mapping of a layer on a chunk with proof: branch and bound over all legal mappings. Energy of events is
/// exact already in the bound, cycles are bounded by the busiest engine; mappings are priced by the exact cycle law in
/// the order of their bounds until no bound is better than the best price.
MappedLayer mapLayer(const mapping::Layer& layer, const design::Chunk& chunk, const ChunkPrices& prices,
                     const LayerMapperOptions& options);

}  // namespace dna::costmodel
