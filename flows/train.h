#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "core/autodiff/tape.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/data/source.h"
#include "core/network/trained_network.h"
#include "core/nn/average.h"
#include "core/nn/loss_watch.h"
#include "core/nn/optimizers.h"
#include "core/search/batches.h"

namespace dna::flows {

/// How a network is trained: SGD with Nesterov momentum, warm-up, then a cosine.
struct TrainRecipe {
    int epochs = 12;
    int batch = 64;
    double rate = 0.1;  ///< peak learning rate
    double rate_floor = 0.0;  ///< at the last step
    double warmup_epochs = 1.0;
    double momentum = 0.9;
    double weight_decay = 5e-4;
    double clip = 5.0;  ///< bound of the gradient's norm, 0: none
    double label_smoothing = 0.0;
    double ema_decay = 0.999;  ///< of the mean of the weights over the steps, which becomes the result; 0: the last weights
    bool augment = true;  ///< random crop and flip
};

TrainRecipe readRecipe(base::JsonObject& object, const TrainRecipe& defaults = {});
base::Json toJson(const TrainRecipe& recipe);

/// Training of one network, step by step; its whole state can be saved and restored between steps. The pictures must
/// live longer.
class Trainer {
public:
    /// From fresh weights.
    Trainer(const network::Network& graph, const data::PictureSet& pictures, const TrainRecipe& recipe, uint64_t seed,
            autodiff::Workers& workers);
    /// From given weights and with another way to compute: logits of a batch, weights wanting gradients.
    using Forward = std::function<autodiff::Var(autodiff::Tape<float>&, network::TrainedNetwork&, autodiff::Var pictures)>;
    Trainer(network::TrainedNetwork start, Forward forward, const data::PictureSet& pictures, const TrainRecipe& recipe,
            uint64_t seed, autodiff::Workers& workers);

    long step() const { return step_; }
    long steps() const { return steps_; }
    bool finished() const { return step_ >= steps_; }
    long stepsPerEpoch() const { return batches_.batchesPerEpoch(); }

    /// One SGD step. Throws InputError when training has diverged.
    void advance();
    /// After the last step of an epoch: its mean loss and accuracy on the (augmented) training pictures.
    bool epochEnded() const { return step_ > 0 && step_ % stepsPerEpoch() == 0; }
    /// Accuracy of the present epoch on what it has trained on.
    double accuracySoFar() const {
        const long steps = (step_ - 1) % stepsPerEpoch() + 1;
        return step_ > 0 ? epoch_correct_ / static_cast<double>(steps * recipe_.batch) : 0.0;
    }
    double epochLoss() const { return epoch_loss_ / static_cast<double>(stepsPerEpoch()); }
    double epochAccuracy() const { return epoch_correct_ / static_cast<double>(stepsPerEpoch() * recipe_.batch); }

    /// Mean loss over about the last 50 steps.
    double recentLoss() const { return watch_.mean(); }
    /// Whether the state is worth keeping: the loss is not on its way up and away.
    bool healthy() const { return watch_.healthy(); }
    int batch() const { return recipe_.batch; }

    /// With the weights of the last step.
    const network::TrainedNetwork& network() const { return network_; }
    /// What training gives: the mean of the weights when the recipe asks for one, else the last ones.
    network::TrainedNetwork result() const;
    bool averages() const { return average_.has_value(); }

    void save(nn::TensorMap& tensors) const;
    void restore(const nn::TensorMap& tensors, const std::string& file);

private:
    TrainRecipe recipe_;
    network::TrainedNetwork network_;
    Forward forward_;
    search::TrainingBatches batches_;
    nn::CosineSchedule schedule_;
    std::optional<nn::ParameterAverage> average_;
    nn::LossWatch watch_;
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
    bool allow_drift = false;  ///< go on although the kernels round differently now
    long stop_after = 0;  ///< steps of this process, then the run stops with a checkpoint; 0: no bound
};
base::Json trainStage(const TrainStage& options, base::Log& log);

/// All cores when 0.
int threadCount(int wanted);

}  // namespace dna::flows
