#pragma once

#include <string>
#include <vector>

#include "core/autodiff/dual.h"
#include "core/search/hardware_side.h"

namespace dna::search {

/// log C(E, L) of a network that spends E pJ (dynamic) in L cycles: leakage x latency belongs to energy. Natural logs.
template <class S>
S logCost(const std::string& objective, const S& dynamic_energy_pj, const S& latency_cycles,
          double leakage_pj_per_cycle) {
    using autodiff::log;
    const S energy = dynamic_energy_pj + latency_cycles * S(leakage_pj_per_cycle);
    if (objective == "energy") return log(energy);
    if (objective == "latency") return log(latency_cycles);
    return log(energy) + log(latency_cycles);
}

/// Which operators of a block take part in a step, the sampled one first.
struct ActiveSet {
    std::vector<int> candidates;
};

/// L_hw and its gradient by the logits.
struct HardwareTerm {
    double value = 0;              ///< log C(E, L)
    double energy_pj = 0;          ///< expected, with leakage
    double latency_cycles = 0;     ///< expected
    std::vector<double> gradient;                   ///< by every logit, [block][candidate] in one list
    std::vector<std::vector<double>> bit_gradient;  ///< by every logit of a width, [block][width]
};

/// L_hw = log C(E, L), E = fixed + sum_l sum_k sum_b p_lk q_lb e_lkb and L likewise, p the softmax of the logits over
/// the active operators of each block, q that of `bit_logits` over all widths of the block ([block][width]; none at
/// all: the table knows one width a block).
HardwareTerm hardwareTerm(const CostTable& table, const std::string& objective, const std::vector<double>& logits,
                          const std::vector<ActiveSet>& active,
                          const std::vector<std::vector<double>>& bit_logits = {});

/// The cost of one network of the space: an option per block.
HardwareTerm networkCost(const CostTable& table, const std::string& objective, const std::vector<int>& options);

}  // namespace dna::search
