#pragma once

#include <map>
#include <string>
#include <vector>

#include "costmodel/cost.h"

namespace dna::costmodel {

/// One way to run a layer, priced.
struct MappingChoice {
    mapping::LayerMapping mapping;
    double energy_pj = 0;
    double latency_cycles = 0;
    double event_energy_pj = 0;  ///< without what every cycle costs
};

/// The undominated mappings of a layer on a chunk (energy against latency), fastest first; empty with a reason when the
/// layer does not fit.
struct MappingFront {
    std::vector<MappingChoice> choices;
    std::vector<MappingChoice>
        near;  ///< the best by energy x latency, dominated ones too: neighbours may turn the order
    mapping::Refusal refusal;
};

/// Enumerates tile sizes and tile orders of a layer and keeps the undominated ones. Fronts are remembered by layer
/// shape and chunk.
class Mapper {
public:
    Mapper(const Technology& technology, const design::Target& target) : technology_(technology), target_(target) {}

    const MappingFront& front(const mapping::Layer& layer, const design::Chunk& chunk);

    /// Improves mappings on the exact cycles of the whole network, where layers overlap: first the best of a few chains that
    /// grow layer by layer, then one layer after the other takes the mapping of its near ones that lowers the objective
    /// most, until nothing changes.
    std::vector<mapping::LayerPlan> refine(std::vector<mapping::LayerPlan> plans, const design::Chunk& chunk);

    /// The mapping of every layer that together minimise the target's objective: for EDP each layer minimises E + w L
    /// with one w for all, found by iterating w = E/L of the network to its fixed point (cost.md). Throws InputError
    /// that names `source` and the first reason when a layer does not fit.
    std::vector<mapping::LayerPlan> best(const std::vector<mapping::Layer>& layers, const design::Chunk& chunk,
                                         const std::string& source = "design");

    int64_t evaluations() const { return evaluations_; }

private:
    /// A network's objective.
    double objective(double event_energy_pj, double cycles, double cycle_price_pj) const;
    /// A layer with its own mapping and with the near ones of its front.
    std::vector<mapping::LayerPlan> candidates(const mapping::LayerPlan& plan, const design::Chunk& chunk);
    /// The best of a few chains of mappings that grow layer by layer, or the given plans.
    std::vector<mapping::LayerPlan> bestChain(const std::vector<mapping::LayerPlan>& plans, const design::Chunk& chunk,
                                              const ChunkPrices& prices);
    std::vector<mapping::LayerPlan> descend(std::vector<mapping::LayerPlan> plans, const design::Chunk& chunk,
                                            const ChunkPrices& prices);

    const Technology& technology_;
    const design::Target& target_;
    std::map<std::pair<std::string, design::Chunk>, MappingFront> fronts_;  ///< by shape of a layer
    int64_t evaluations_ = 0;
};

/// Best choice of a front for an objective: energy, latency, or (edp) E * L of the layer alone.
const MappingChoice& bestAlone(const MappingFront& front, const std::string& objective);
/// Minimiser of E + w L.
const MappingChoice& bestWeighted(const MappingFront& front, double weight);

}  // namespace dna::costmodel
