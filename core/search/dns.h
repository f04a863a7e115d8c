#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/data/picture_set.h"
#include "core/network/space.h"
#include "core/nn/loss_watch.h"
#include "core/nn/optimizers.h"
#include "core/search/batches.h"
#include "core/search/dns_bits.h"
#include "core/search/dns_derive.h"
#include "core/search/dns_macs.h"
#include "core/search/dns_supernet.h"
#include "core/search/hardware_side.h"

namespace dna::search {

/// Recipe of the differentiable network search.
struct DnsOptions {
    int epochs = 30;             ///< over the half of the pictures that trains weights
    int weight_epochs = 5;       ///< of them, weights only
    bool shared_weights = true;  ///< candidates of a block are parts of one operator (not in mode soft)
    double anchor_share = 0;     ///< weights only: chance of a block's anchor operator at the start, falls to 0
    int batch = 64;
    double weight_rate = 0.2;  ///< SGD, falls along a cosine to weight_rate_floor
    double weight_rate_floor = 0.001;
    double momentum = 0.9;
    double weight_decay = 5e-4;
    double clip = 0;                 ///< bound of the gradient's norm, 0: none
    double logit_rate = 3e-4;        ///< Adam
    double initial_temperature = 5;  ///< falls geometrically from the first logit step...
    double final_temperature = 0.5;  ///< ...to this at the last one
    int active_paths = 2;
    std::string mode = "proxy";  ///< proxy | hard | soft
    double lambda = 0.1;         ///< weight of the hardware term; 0: off
    std::string hardware_term = "objective";  ///< what lambda weighs: the objective, or "macs" (a baseline)
    bool cost_over_all = false;  ///< p of the hardware term over all operators instead of the active ones
    std::string objective = "edp";
    int das_period = 50;        ///< logit steps between refreshes of the accelerator; 0: never
    int das_evaluations = 200;  ///< of one refresh
    bool augment = true;
};

/// What one iteration did.
struct DnsRecord {
    long iteration = 0;
    int epoch = 0;
    double temperature = 0;
    double weight_loss = 0, weight_accuracy = 0;
    bool logits_updated = false;
    double logit_loss = 0, logit_accuracy = 0;  ///< cross-entropy on the pictures of the logits
    double hardware_term = 0;                   ///< log C(E, L), or log MACs, of the active operators
    double energy_pj = 0, latency_cycles = 0;   ///< of the most probable network on the current design
    double entropy = 0;
    double bit_entropy = 0, mean_bits = 0;  ///< of the blocks whose width is searched; 0 where none is
    bool refreshed = false;  ///< the accelerator was searched after this step
};

/// The network search: alternates one step on the logits and one on the weights, and lets the hardware side follow the
/// most probable network. Its state between iterations can be saved and restored; random draws are keyed by iteration.
class NetworkSearch {
public:
    /// `pictures` must live longer than the search.
    NetworkSearch(const network::NetworkSpace& space, const data::PictureSet& pictures, const DnsOptions& options,
                  HardwareSide& hardware, uint64_t seed, autodiff::Workers& workers);

    bool finished() const { return iteration_ >= iterations_; }
    long iteration() const { return iteration_; }
    long iterations() const { return iterations_; }
    /// One iteration of the method. Throws InputError when training diverged.
    DnsRecord advance();
    /// The network to hand over, from the current logits and table; options as network::blockOptions lists them.
    Derived derive() const;

    /// Mean loss of the weights over about the last 50 iterations, and whether it is sound.
    double recentLoss() const { return watch_.mean(); }
    bool healthy() const { return watch_.healthy(); }

    const ArchitectureLogits& logits() const { return logits_; }
    const BitSearch& bits() const { return bits_; }
    const CostTable& table() const { return table_; }
    int refreshes() const { return refreshes_; }

    void save(base::Json& state, nn::TensorMap& tensors) const;
    void restore(const base::Json& state, const nn::TensorMap& tensors, const std::string& file);

private:
    bool warmingUp() const { return batches_weights_.epochOf(iteration_) < options_.weight_epochs; }
    bool refreshIsDue() const;
    double temperature() const;
    SampledNetwork sample(const char* purpose, int paths) const;
    SampledBits sampleBits(const char* purpose) const;
    SampledNetwork anchored(SampledNetwork network) const;
    void updateLogits(const SampledNetwork& network, const SampledBits& bits, DnsRecord& record);
    void updateWeights(const SampledNetwork& network, const SampledBits& bits, DnsRecord& record);
    std::vector<int> mostProbableBits() const;
    std::vector<int> mostProbableOptions() const;
    void refreshHardware(DnsRecord& record);
    DnsRecord finishRecord(DnsRecord record) const;
    CostTable penaltyTable() const;
    std::string penaltyObjective() const;

    network::NetworkSpace space_;
    DnsOptions options_;
    GateMode mode_;
    int anchor_;  ///< operator that opens the warm-up
    HardwareSide& hardware_;
    uint64_t seed_;
    data::Subset pictures_weights_, pictures_logits_;
    data::Normalization normalization_;
    TrainingBatches batches_weights_, batches_logits_;
    Supernet supernet_;
    ArchitectureLogits logits_;
    nn::Adam adam_;
    BitSearch bits_;
    nn::CosineSchedule schedule_;
    nn::LossWatch watch_;
    autodiff::Tape<float> tape_;
    CostTable table_, penalty_;
    long iteration_ = 0, iterations_ = 0, logit_steps_ = 0;
    int refreshes_ = 0;
};

}  // namespace dna::search
