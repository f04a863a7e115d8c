#include "flows/train.h"

#include <fmt/format.h>

#include <cmath>
#include <thread>

#include "core/network/trainable.h"
#include "core/nn/ops.h"

namespace dna::flows {
namespace {

constexpr const char* kState = "trainer.state";

network::TrainedNetwork freshNetwork(const network::Network& graph, const data::PictureSet& pictures, uint64_t seed,
                                     autodiff::Workers& workers) {
    const data::Normalization normalization = data::measureNormalization(pictures, workers);
    network::TrainedNetwork fresh{graph, {}, normalization.mean, normalization.deviation};
    network::addParameters(fresh.parameters, graph, "", seed);
    return fresh;
}

data::Normalization normalizationOf(const network::TrainedNetwork& network) {
    return {network.mean, network.deviation};
}

autodiff::Var runPlainly(autodiff::Tape<float>& tape, network::TrainedNetwork& network, autodiff::Var pictures) {
    return network::runNetwork(tape, network.graph, network.parameters, "", pictures, {});
}

}  // namespace

TrainRecipe readRecipe(base::JsonObject& object, const TrainRecipe& defaults) {
    TrainRecipe recipe;
    recipe.epochs = static_cast<int>(object.integer("epochs", 1, 10000, defaults.epochs));
    recipe.batch = static_cast<int>(object.integer("batch", 2, 4096, defaults.batch));
    recipe.rate = object.number("rate", 1e-8, 100, defaults.rate);
    recipe.rate_floor = object.number("rate_floor", 0, 100, defaults.rate_floor);
    recipe.warmup_epochs = object.number("warmup_epochs", 0, 1000, defaults.warmup_epochs);
    recipe.momentum = object.number("momentum", 0, 0.9999, defaults.momentum);
    recipe.weight_decay = object.number("weight_decay", 0, 1, defaults.weight_decay);
    recipe.clip = object.number("clip", 0, 1e9, defaults.clip);
    recipe.label_smoothing = object.number("label_smoothing", 0, 0.9, defaults.label_smoothing);
    recipe.ema_decay = object.number("ema_decay", 0, 0.999999, defaults.ema_decay);
    recipe.augment = object.flag("augment", defaults.augment);
    object.close();
    return recipe;
}

base::Json toJson(const TrainRecipe& recipe) {
    return {{"epochs", recipe.epochs},
            {"batch", recipe.batch},
            {"rate", recipe.rate},
            {"rate_floor", recipe.rate_floor},
            {"warmup_epochs", recipe.warmup_epochs},
            {"momentum", recipe.momentum},
            {"weight_decay", recipe.weight_decay},
            {"clip", recipe.clip},
            {"label_smoothing", recipe.label_smoothing},
            {"ema_decay", recipe.ema_decay},
            {"augment", recipe.augment}};
}

Trainer::Trainer(const network::Network& graph, const data::PictureSet& pictures, const TrainRecipe& recipe,
                 uint64_t seed, autodiff::Workers& workers)
    : Trainer(freshNetwork(graph, pictures, seed, workers), runPlainly, pictures, recipe, seed, workers) {}

Trainer::Trainer(network::TrainedNetwork start, Forward forward, const data::PictureSet& pictures,
                 const TrainRecipe& recipe, uint64_t seed, autodiff::Workers& workers)
    : recipe_(recipe),
      network_(std::move(start)),
      forward_(std::move(forward)),
      batches_(pictures, normalizationOf(network_), recipe.batch, recipe.augment, seed, "train"),
      watch_(pictures.classes),
      tape_(workers) {
    if (recipe.ema_decay > 0) average_.emplace(network_.parameters, recipe.ema_decay);
    const auto per_epoch = static_cast<double>(batches_.batchesPerEpoch());
    steps_ = batches_.batchesPerEpoch() * recipe.epochs;
    schedule_ = {recipe.rate, recipe.rate_floor, std::lround(recipe.warmup_epochs * per_epoch), steps_};
}

void Trainer::advance() {
    if (step_ % stepsPerEpoch() == 0) epoch_loss_ = epoch_correct_ = 0;
    tape_.reset();
    network_.parameters.clearTouched();
    const search::Batch batch = batches_.draw(tape_, step_);
    const autodiff::Var logits = forward_(tape_, network_, tape_.constant(batch.pictures));
    const autodiff::Var loss =
        nn::softmaxCrossEntropy(tape_, logits, batch.labels, static_cast<float>(recipe_.label_smoothing));
    tape_.backward(loss);
    const nn::SgdOptions sgd{recipe_.momentum, recipe_.weight_decay, recipe_.clip, true};
    const double norm = nn::sgdStep(network_.parameters, schedule_.at(step_), sgd);
    const double value = static_cast<double>(*tape_.value(loss).data);
    if (const std::string problem = watch_.see(value, norm); !problem.empty())
        throw base::InputError("training", fmt::format("step {}", step_),
                               fmt::format("training diverged: {}; a smaller rate than {} may help", problem, recipe_.rate));
    if (average_) average_->update(network_.parameters, step_);
    epoch_loss_ += value;
    epoch_correct_ += nn::countCorrect(tape_.value(logits), batch.labels);
    ++step_;
}

network::TrainedNetwork Trainer::result() const {
    network::TrainedNetwork result = network_;
    if (average_) average_->copyTo(result.parameters);
    return result;
}

void Trainer::save(nn::TensorMap& tensors) const {
    network_.parameters.save(tensors, "train/", true);
    if (average_) average_->save(tensors);
    const std::vector<double> watch = watch_.state();
    tensors[kState] = nn::fromValues(
        std::vector<double>{static_cast<double>(step_), epoch_loss_, epoch_correct_, watch[0], watch[1]}, {5});
}

void Trainer::restore(const nn::TensorMap& tensors, const std::string& file) {
    network_.parameters.load(tensors, "train/", file, true);
    nn::TensorReader reader(tensors, file);
    const std::vector<double> state = reader.values<double>(kState, {5});
    reader.finish();
    if (average_) average_->load(tensors, file);
    watch_.restore({state[3], state[4]});
    step_ = static_cast<long>(state[0]);
    epoch_loss_ = state[1];
    epoch_correct_ = state[2];
}

int threadCount(int wanted) {
    return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace dna::flows
