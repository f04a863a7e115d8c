#pragma once

#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/search/dns_hardware.h"

namespace dna::search {

/// How gradients reach the logits (search.md of the design; see core/search/README.md).
enum class GateMode {
    Soft,  ///< all operators run, weighted by the Gumbel-softmax sample
    Hard,  ///< the sampled operator runs; gates are the Gumbel-softmax sample
    Proxy  ///< the sampled operator runs; gates are a softmax over the active logits only
};

GateMode gateMode(const std::string& name);

/// The logits of every block's operators and what is computed from them.
struct ArchitectureLogits {
    size_t blocks = 0, candidates = 0;
    std::vector<double> values;  ///< [block][candidate]

    ArchitectureLogits(size_t blocks_, size_t candidates_)
        : blocks(blocks_), candidates(candidates_), values(blocks_ * candidates_) {}
    /// log softmax over all operators of each block.
    std::vector<std::vector<double>> logProbabilities() const;
    /// The operator of largest probability in each block (the lower index on a tie).
    std::vector<int> mostProbable() const;
    /// Mean over the blocks of the entropy of the operators' probabilities, in nats.
    double entropy() const;
};

/// One draw: which operators take part in each block, the sampled one first, and their gates.
struct SampledNetwork {
    std::vector<ActiveSet> active;
    std::vector<std::vector<double>> gates;           ///< [block][active]: a_k
    std::vector<std::vector<double>> gumbel_softmax;  ///< [block][candidate]
    double temperature = 1;

    /// The sampled operator of every block.
    std::vector<int> choices() const;
};

/// GS = softmax((log_softmax(logits) + g) / T) per block; the operators of the `paths` largest values are active (all
/// in mode soft), the largest is the sampled one.
SampledNetwork sampleNetwork(const ArchitectureLogits& logits, double temperature, int paths, GateMode mode,
                             base::Rng& rng);

/// dL/dlogits from dL/da of the active gates: through the softmax over the active logits (proxy) or through the
/// Gumbel-softmax sample at its temperature (hard, soft).
std::vector<double> gateGradient(const SampledNetwork& sample, size_t candidates, GateMode mode,
                                 const std::vector<std::vector<double>>& gradient);

/// After a step of mode proxy: shifts the active logits of each block so that the sum of exp(logit) over them is what
/// it was, which leaves the probability of every inactive operator unchanged.
void keepActiveMass(const SampledNetwork& sample, const std::vector<double>& before, ArchitectureLogits& logits);

}  // namespace dna::search
