#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "core/autodiff/tape.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/data/source.h"
#include "core/network/trained_network.h"
#include "core/nn/optimizers.h"
#include "core/search/batches.h"

namespace dna::flows {

/// How a network is trained: SGD with Nesterov momentum, warm-up, then a cosine down to 0.
struct TrainRecipe {
    int epochs = 12;
    int batch = 64;
    double rate = 0.1;  ///< peak learning rate
    double warmup_epochs = 1.0;
    double momentum = 0.9;
    double weight_decay = 5e-4;
    double clip = 5.0;  ///< bound of the gradient's norm, 0: none
    double label_smoothing = 0.0;
    bool augment = true;  ///< random crop and flip
};

TrainRecipe readRecipe(base::JsonObject& object, const TrainRecipe& defaults = {});
base::Json toJson(const TrainRecipe& recipe);

/// Training of one network, step by step; its whole state can be saved and restored between steps. The pictures must
/// live longer.
class Trainer {
public:
    Trainer(const network::Network& graph, const data::PictureSet& pictures, const TrainRecipe& recipe, uint64_t seed,
            autodiff::Workers& workers);

    long step() const { return step_; }
    long steps() const { return steps_; }
    bool finished() const { return step_ >= steps_; }
    long stepsPerEpoch() const { return batches_.batchesPerEpoch(); }

    /// One SGD step. Throws InputError when the loss is no longer a number (training diverged).
    void advance();
    /// After the last step of an epoch: its mean loss and accuracy on the (augmented) training pictures.
    bool epochEnded() const { return step_ > 0 && step_ % stepsPerEpoch() == 0; }
    double epochLoss() const { return epoch_loss_ / static_cast<double>(stepsPerEpoch()); }
    double epochAccuracy() const { return epoch_correct_ / static_cast<double>(stepsPerEpoch() * recipe_.batch); }

    network::TrainedNetwork& network() { return network_; }

    void save(nn::TensorMap& tensors) const;
    void restore(const nn::TensorMap& tensors, const std::string& file);

private:
    TrainRecipe recipe_;
    network::TrainedNetwork network_;
    search::TrainingBatches batches_;
    nn::CosineSchedule schedule_;
    autodiff::Tape<float> tape_;
    long step_ = 0, steps_ = 0;
    double epoch_loss_ = 0, epoch_correct_ = 0;
};

/// `dna train`: network.json (and what it names) -> trained network in a run folder.
struct TrainStage {
    std::filesystem::path network_json;
    data::Source source;
    TrainRecipe recipe;
    std::filesystem::path out;
    uint64_t seed = 0;
    int threads = 0;  ///< 0: all cores
    bool resume = false;
};
base::Json trainStage(const TrainStage& options, base::Log& log);

/// All cores when 0.
int threadCount(int wanted);

}  // namespace dna::flows
