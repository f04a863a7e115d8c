#pragma once

#include <optional>
#include <vector>

#include "core/autodiff/tape.h"
#include "core/network/space.h"
#include "core/nn/parameters.h"
#include "core/search/batches.h"
#include "core/search/dns_sampling.h"

namespace dna::search {

/// All operators of all blocks with their weights.
class Supernet {
public:
    /// With `shared` weights the candidates of a block are parts of one operator: expansions are its leading channels
    /// (1x1 weights for every kernel, depthwise ones per kernel), grouped candidates apart; batch norm is every
    /// candidate's own.
    Supernet(const network::NetworkSpace& space, bool shared, uint64_t seed);

    nn::Parameters<float>& parameters() { return parameters_; }
    const nn::Parameters<float>& parameters() const { return parameters_; }

    /// Shares of every block's widths in its weights, [block][width]; read where a block has several widths.
    using BitShares = std::vector<std::vector<double>>;
    /// What the logits get their gradients from.
    struct Gates {
        std::vector<std::optional<autodiff::Var>> operators;  ///< of every block: a_k
        std::vector<std::optional<autodiff::Var>> bits;       ///< of every block with several widths: their shares
    };

    /// Logits of one path; weights want gradients.
    autodiff::Var runPath(autodiff::Tape<float>& tape, const Batch& batch, const std::vector<int>& choices,
                          const BitShares& bits);
    /// Logits with a gated sum in every block: gates have the value of the sampled path (1 and 0; the Gumbel-softmax
    /// sample in mode soft) and the gradient of a_k. `gates` gets the gates' variables.
    autodiff::Var runGated(autodiff::Tape<float>& tape, const Batch& batch, const SampledNetwork& sample, GateMode mode,
                           const BitShares& bits, bool train_weights, Gates& gates);

private:
    void shareWeights(const network::NetworkSpace& space, const network::BlockSite& site, uint64_t seed);
    /// A residual branch whose last batch norm has scale 0 adds nothing at first, so that what follows the block sees
    /// the same features behind every operator.
    void startAsIdentity(const std::string& scale);
    /// The shares of a block's widths on the tape; nothing where it has one.
    std::optional<autodiff::Var> shares(autodiff::Tape<float>& tape, size_t block, const BitShares& bits,
                                        bool want_gradient) const;
    autodiff::Var runOperator(autodiff::Tape<float>& tape, size_t block, int candidate, autodiff::Var x,
                              std::optional<autodiff::Var> shares, bool train_weights);

    network::Network stem_, head_;
    std::vector<std::vector<network::Network>> operators_;  ///< [block][candidate]
    std::vector<std::string> prefixes_;                     ///< of a candidate's parameters
    std::vector<std::vector<int>> widths_;                  ///< of every block's weights
    nn::Parameters<float> parameters_;
};

}  // namespace dna::search
