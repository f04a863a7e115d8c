#pragma once

#include <string>
#include <vector>

#include "core/search/hardware_side.h"

namespace dna::search {

/// What the search hands over: one operator per block.
struct Derived {
    std::vector<int> choices;
    bool feasible = true;  ///< the hard limits of the table hold
    double log_probability = 0;
    double energy_pj = 0, latency_cycles = 0;
    std::vector<std::string> violations;  ///< which limits fail and by how much, when nothing satisfies them
};

/// The choices that maximise sum log p subject to the table's hard limits: dynamic programming over the blocks that
/// keeps every (energy, latency, log p) not beaten in all three. When no choice satisfies the limits: the one with the
/// least largest excess. A limit of 0 counts as none. `log_probabilities` is [block][candidate].
Derived deriveNetwork(const std::vector<std::vector<double>>& log_probabilities, const CostTable& table);

}  // namespace dna::search
