// `dna train`: from a network file to a trained network in a run folder, resumable at any moment.

#include <fmt/format.h>

#include "core/base/file.h"
#include "flows/accuracy.h"
#include "flows/data_source.h"
#include "flows/run_folder.h"
#include "flows/train.h"
#include "flows/training_loop.h"

namespace dna::flows {
namespace {

base::Json resolvedConfig(const TrainStage& options) {
    base::Json config = base::makeDocument("train_config");
    config["network_sha256"] = base::sha256File(options.network_json);
    config["data"] = toJson(options.source);
    config["input_sha256"] = inputHashes(options.source);
    config["training"] = toJson(options.recipe);
    config["seed"] = options.seed;
    return config;
}

}  // namespace

base::Json trainStage(const TrainStage& given, base::Log& log) {
    TrainStage options = given;
    const network::Network graph = network::readNetwork(options.network_json);
    fitSize(options.source, graph.inputShape());
    const std::unique_ptr<data::PictureSet> training = openTraining(options.source, log);
    checkFits(graph, *training, options.network_json.string());
    checkBatch(*training, options.recipe.batch);
    RunFolder run(options.out, resolvedConfig(options), options.resume, options.allow_drift);
    autodiff::Workers workers(threadCount(options.threads));
    Trainer trainer(graph, *training, options.recipe, options.seed, workers);
    if (const auto saved = run.checkpoint().read()) {
        if (saved->state.contains("result")) return saved->state.at("result");
        trainer.restore(saved->tensors, run.checkpoint().file().string());
        run.truncateRecords(saved->state.at("records").get<uint64_t>());
    } else {
        run.truncateRecords(0);
    }
    StepBudget budget(options.stop_after);
    if (const auto stopped = runTraining(trainer, run, base::Json::object(), budget, log)) {
        base::Json result = base::makeDocument("train");
        result.update(*stopped);
        return result;
    }
    network::TrainedNetwork trained = trainer.result();
    network::writeTrainedNetwork(trained, options.out);
    const std::unique_ptr<data::PictureSet> test = openTest(options.source, log);
    base::Json result = base::makeDocument("train");
    result["epochs"] = options.recipe.epochs;
    result["training_pictures"] = training->count();
    result["training_loss"] = trainer.epochLoss();
    result["training_accuracy"] = trainer.epochAccuracy();
    result["test_pictures"] = test->count();
    result.update(toJson(floatAccuracy(trained, *test, workers)));
    if (trainer.averages()) {
        network::TrainedNetwork last = trainer.network();
        result["accuracy_of_last_weights"] = floatAccuracy(last, *test, workers).all();
    }
    base::writeJson(options.out / "train.json", result);
    run.checkpoint().write({{{"result", result}}, {}});
    return result;
}

}  // namespace dna::flows
