// Quantisation-aware training: batch norm is folded, the ranges of all maps are measured as for quantisation after
// training, then the folded weights are trained with everything rounded as the integer network rounds it.

#include "flows/qat_stage.h"

#include "core/base/file.h"
#include "core/nn/integer/folding.h"
#include "core/nn/integer/quantized_forward.h"
#include "flows/accuracy.h"
#include "flows/data_source.h"
#include "flows/quantize_stage.h"
#include "flows/run_folder.h"
#include "flows/training_loop.h"

namespace dna::flows {
namespace {

base::Json resolvedConfig(const QatStage& options) {
    base::Json config = base::makeDocument("qat_config");
    config["network_sha256"] = base::sha256File(options.network_json);
    config["weights_sha256"] = base::sha256File(options.network_json.parent_path() / "weights.safetensors");
    config["data"] = toJson(options.source);
    config["input_sha256"] = inputHashes(options.source);
    config["training"] = toJson(options.recipe);
    config["bits"] = options.quantization.widths.bits;
    if (options.weight_widths.given()) config["weight_bits"] = options.weight_widths.toJson();
    config["multiplier_bits"] = options.quantization.widths.multiplier_bits;
    config["calibration_pictures"] = options.quantization.pictures;
    config["seed"] = options.seed;
    return config;
}

std::vector<network::Quantization> rangesOf(const nn::IntegerNetwork& integer) {
    std::vector<network::Quantization> ranges;
    for (const network::Node& node : integer.graph.nodes) ranges.push_back(node.quantization.value());
    return ranges;
}

/// All accuracies on the same test pictures.
base::Json resultJson(const QatStage& options, network::TrainedNetwork& trained, const nn::IntegerNetwork& rounded_after,
                      const nn::IntegerNetwork& trained_rounded, autodiff::Workers& workers, base::Log& log) {
    const std::unique_ptr<data::PictureSet> test = openTest(options.source, log);
    base::Json result = base::makeDocument("qat");
    result["epochs"] = options.recipe.epochs;
    result["test_pictures"] = test->count();
    result["accuracy_float"] = floatAccuracy(trained, *test, workers).all();
    result["accuracy_after_training"] = integerAccuracy(rounded_after, *test, workers).all();
    const Accuracy accuracy = integerAccuracy(trained_rounded, *test, workers);
    result["accuracy_qat"] = accuracy.all();
    result.update(quantizedJson(trained_rounded, accuracy, "accuracy_"));
    result["integer"] = toJson(accuracy);
    return result;
}

}  // namespace

TrainRecipe qatRecipe() {
    TrainRecipe recipe;
    recipe.epochs = 4;
    recipe.rate = 0.01;
    recipe.warmup_epochs = 0.5;
    recipe.weight_decay = 0;
    return recipe;
}

base::Json qatStage(const QatStage& given, base::Log& log) {
    QatStage options = given;
    network::TrainedNetwork trained = network::readTrainedNetwork(options.network_json);
    options.quantization.weight_bits = options.weight_widths.widthsOf(trained.graph);
    fitSize(options.source, trained.graph.inputShape());
    const std::unique_ptr<data::PictureSet> training = openTraining(options.source, log);
    checkFits(trained.graph, *training, options.network_json.string());
    checkBatch(*training, options.recipe.batch);
    RunFolder run(options.out, resolvedConfig(options), options.resume, options.allow_drift);
    const auto saved = run.checkpoint().read();
    if (saved && saved->state.contains("result")) return saved->state.at("result");
    autodiff::Workers workers(threadCount(options.threads));
    const nn::IntegerNetwork after = quantizeOn(*training, trained, options.quantization, workers);
    const std::vector<network::Quantization> ranges = rangesOf(after);
    const auto forward = [&](autodiff::Tape<float>& tape, network::TrainedNetwork& folded, autodiff::Var pictures) {
        return nn::runRounded(tape, folded, ranges, pictures);
    };
    network::TrainedNetwork start = nn::foldAll(trained);
    options.weight_widths.apply(start.graph);
    Trainer trainer(std::move(start), forward, *training, options.recipe, options.seed, workers);
    if (saved) trainer.restore(saved->tensors, run.checkpoint().file().string());
    run.truncateRecords(saved ? saved->state.at("records").get<uint64_t>() : 0);
    StepBudget budget(options.stop_after);
    if (const auto stopped = runTraining(trainer, run, base::Json::object(), budget, log)) {
        base::Json result = base::makeDocument("qat");
        result.update(*stopped);
        return result;
    }
    network::TrainedNetwork folded = trainer.result();
    nn::QuantizeOptions as_trained = options.quantization;
    as_trained.ranges = ranges;
    as_trained.correct_bias = false;  // the biases were trained with the rounding
    const nn::IntegerNetwork integer = quantizeOn(*training, folded, as_trained, workers);
    nn::writeIntegerNetwork(integer, options.out);
    base::Json result = resultJson(options, trained, after, integer, workers, log);
    base::writeJson(options.out / "train.json", result);
    run.checkpoint().write({{{"result", result}}, {}});
    return result;
}

}  // namespace dna::flows
