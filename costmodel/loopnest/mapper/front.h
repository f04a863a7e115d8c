#pragma once

#include "costmodel/loopnest/layers.h"
#include "costmodel/loopnest/mapper/mapper.h"

namespace dna::costmodel::loopnest {

/// A mapping that minimises energy + weight x latency for every weight in [least_weight, most_weight].
struct FrontPoint {
    MapperResult result;
    double least_weight = 0, most_weight = 0;
};

/// Supported Pareto points (vertices of the lower left hull of energy and latency) for weights in [least, most] (pJ per
/// cycle), fastest first. Found by asking for the minimiser at the slope between two neighbours until no vertex is left
/// between them; proven when every search was. Empty when the layer has no mapping.
struct Front {
    std::vector<FrontPoint> points;
    bool proven = true;
    std::string infeasible;
    double cpu_seconds = 0;
    int64_t evaluated = 0;
};
Front supportedFront(const Problem& problem, const Architecture& architecture, const MapperOptions& options,
                     double least_weight, double most_weight);

/// Mappings that minimise (sum of energies) x (sum of latencies). E x L is quasi-concave, so its minimum over all
/// combinations lies on a vertex of the hull of the layers' sum; such a vertex is made of minimisers of E + w L for one
/// w common to all layers, so that sweeping w over the layers' fronts finds it exactly.
struct NetworkMapping {
    std::vector<MapperResult> layers;  ///< as in the argument
    double energy_pj = 0, cycles = 0;  ///< of the network
    double weight = 0;                 ///< the common w, pJ per cycle
    bool proven = false;
    std::string infeasible;  ///< names the layer that has no mapping
    double edp() const { return energy_pj * cycles; }
};
NetworkMapping mapNetwork(const std::vector<CountedLayer>& layers, const Architecture& architecture,
                          const MapperOptions& options);

}  // namespace dna::costmodel::loopnest
