#pragma once

#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/network/space.h"
#include "core/nn/optimizers.h"
#include "core/nn/safetensors.h"
#include "core/search/dns_sampling.h"

namespace dna::search {

/// Shares of a block's widths in the weights of one step.
struct SampledBits {
    std::vector<SampledNetwork> blocks;  ///< each a soft sample of one choice

    /// [block][width].
    std::vector<std::vector<double>> shares() const;
};

/// The choice of every block's width of weights, learned beside that of its operator. A step works on the soft sample:
/// weights are the mix of their roundings to all widths.
class BitSearch {
public:
    BitSearch(const network::NetworkSpace& space, double rate);

    /// Whether any block has more than one width to choose from.
    bool searches() const;
    /// GS = softmax((log_softmax(logits) + g) / T) of every block.
    SampledBits sample(double temperature, base::Rng& rng) const;
    /// One Adam step. `by_share` is dCE/d share, [block][width] (an empty list: no gradient reached the block);
    /// `penalty` is the gradient of the hardware term by the logits, weighed by `lambda`. False when the gradient is
    /// not finite; then nothing is changed.
    bool update(const SampledBits& sample, const std::vector<std::vector<double>>& by_share,
                const std::vector<std::vector<double>>& penalty, double lambda);

    /// [block][width].
    std::vector<std::vector<double>> logits() const;
    std::vector<std::vector<double>> logProbabilities() const;
    /// Index of the most probable width of every block (the narrower on a tie).
    std::vector<int> mostProbable() const;
    /// Mean over the blocks that have a choice of the entropy of their widths, in nats.
    double entropy() const;
    /// Mean over them of the expected width.
    double meanBits() const;

    /// "search.bit_logits" and "search.bit_adam".
    void save(nn::TensorMap& tensors) const;
    void restore(const nn::TensorMap& tensors, const std::string& file);

private:
    std::vector<double> flat() const;
    void setFlat(const std::vector<double>& values);

    std::vector<std::vector<int>> widths_;    ///< of every block
    std::vector<ArchitectureLogits> logits_;  ///< of every block's widths
    nn::Adam adam_;
};

}  // namespace dna::search
