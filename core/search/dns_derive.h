#pragma once

#include <string>
#include <vector>

#include "core/search/hardware_side.h"

namespace dna::search {

/// What the search hands over: one option per block.
struct Derived {
    std::vector<int> options;  ///< of the table
    bool feasible = true;  ///< the hard limits of the table hold
    double log_probability = 0;
    double energy_pj = 0, latency_cycles = 0;
    std::vector<std::string> violations;  ///< which limits fail and by how much, when nothing satisfies them
};

/// The options that maximise sum log p subject to the table's hard limits: dynamic programming over the blocks that
/// keeps every (energy, latency, log p) not beaten in all three. When none satisfies the limits: those with the
/// least largest excess. A limit of 0 counts as none. `log_probabilities` is [block][option].
Derived deriveNetwork(const std::vector<std::vector<double>>& log_probabilities, const CostTable& table);

}  // namespace dna::search
