#pragma once

#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/network/network.h"
#include "core/network/space.h"

namespace dna::search {

/// Energy (pJ, system) and latency (cycles) of one operator of one block at one width of its weights, best mapping on
/// the current design.
struct OperatorCost {
    double energy_pj = 0;
    double latency_cycles = 0;
};

/// What the network search needs to know of the hardware: a constant table (search.md 2).
struct CostTable {
    std::vector<std::vector<OperatorCost>> blocks;  ///< [searchable block][option], as
                                                    ///< network::blockOptions lists them
    OperatorCost fixed;                             ///< stem, header, classifier: what no choice changes
    double leakage_pj_per_cycle = 0;                ///< leakage x latency belongs to energy
    double clock_mhz = 100;
    /// Hard limits in the table's units (infinity where none): the derived network must satisfy them.
    double max_energy_pj = 0, max_latency_cycles = 0;
    double area_um2 = 0;
};

/// The accelerator search as the network search sees it; costmodel implements it (CostOracle below it).
class HardwareSide {
public:
    virtual ~HardwareSide() = default;
    /// Table on the current design, without searching.
    virtual CostTable table() = 0;
    /// Spends `evaluations` of DAS on `current` (its logits are kept between calls), moves to the best feasible design,
    /// refills the table. `step` keys the random numbers.
    virtual CostTable refine(const network::Network& current, int evaluations, uint64_t step) = 0;
    /// Everything that refine() depends on, for checkpoints.
    virtual base::Json save() const = 0;
    virtual void restore(const base::Json& state) = 0;
};

}  // namespace dna::search
