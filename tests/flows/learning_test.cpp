#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/network/space.h"
#include "flows/cosearch_config.h"
#include "flows/data_source.h"
#include "flows/quantize_stage.h"
#include "flows/run_folder.h"
#include "flows/train.h"
#include "flows/training_loop.h"
#include "tests/flows/temporary_folder.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

fs::path writeMicro(const fs::path& folder) {
    base::makeFolder(folder);
    const auto graph = network::buildNetwork(network::readSpace("micro"), {0, 8, 1}, "micro");
    base::writeJson(folder / "network.json", network::toJson(graph));
    return folder / "network.json";
}

flows::TrainStage quickTraining(const fs::path& network, const fs::path& out) {
    flows::TrainStage stage;
    stage.network_json = network;
    stage.source = data::sourceNamed("shapes");
    stage.source.training = 192;
    stage.source.test = 50;
    stage.recipe.epochs = 2;
    stage.recipe.batch = 32;
    stage.out = out;
    stage.threads = 1;
    return stage;
}

}  // namespace

TEST_CASE("training interrupted between two steps continues to the same files") {
    const TemporaryFolder folder;
    base::SilentLog log;
    const fs::path network = writeMicro(folder.path / "net");
    const auto whole = quickTraining(network, folder.path / "whole");
    flows::trainStage(whole, log);

    auto stopped = quickTraining(network, folder.path / "stopped");
    stopped.threads = 2;
    flows::trainStage(stopped, log);  // makes config.json; now put the run back to a state in the middle
    const auto pictures = data::openTraining(stopped.source);
    autodiff::Workers workers(2);
    flows::Trainer trainer(network::readNetwork(network), *pictures, stopped.recipe, stopped.seed, workers);
    for (int i = 0; i < 5; ++i) trainer.advance();
    flows::CheckpointContent content{{{"records", 0}}, {}};
    trainer.save(content.tensors);
    flows::Checkpoint(stopped.out).write(std::move(content));
    fs::remove(stopped.out / "weights.safetensors");
    fs::remove(stopped.out / "search.jsonl");
    stopped.resume = true;
    flows::trainStage(stopped, log);
    for (const char* file : {"weights.safetensors", "train.json", "network.json", "config.json"})
        CHECK(base::readFile(whole.out / file) == base::readFile(stopped.out / file));

    SUBCASE("a run is not overwritten, and not continued with another recipe") {
        CHECK_THROWS_WITH_AS(flows::trainStage(whole, log), doctest::Contains("--resume"), base::InputError);
        auto changed = whole;
        changed.resume = true;
        changed.recipe.rate = 0.2;
        CHECK_THROWS_WITH_AS(flows::trainStage(changed, log), doctest::Contains("/training/rate"), base::InputError);
    }
    SUBCASE("INT8 stays near float, and the float network is never overwritten") {
        flows::QuantizeStage quantize;
        quantize.network_json = whole.out / "network.json";
        quantize.source = whole.source;
        quantize.out = folder.path / "int8";
        quantize.options.pictures = 64;
        const auto result = flows::quantizeStage(quantize, log);
        CHECK(std::abs(result.at("accuracy_float").get<double>() - result.at("accuracy_int8").get<double>()) <= 0.1);
        CHECK(result.at("accuracy_quantized") == result.at("accuracy_int8"));
        CHECK(result.at("weight_bits") == base::Json({8}));
        quantize.out = whole.out;
        CHECK_THROWS_AS(flows::quantizeStage(quantize, log), base::InputError);
    }
}

TEST_CASE("a network without weights gets random integers") {
    const TemporaryFolder folder;
    base::SilentLog log;
    flows::QuantizeStage quantize;
    quantize.network_json = writeMicro(folder.path / "net");
    quantize.out = folder.path / "int8";
    flows::quantizeStage(quantize, log);
    CHECK(nn::readIntegerNetwork(quantize.out / "network.json").graph.quantized());
    quantize.network_json = quantize.out / "network.json";
    quantize.out = folder.path / "again";
    CHECK_THROWS_WITH_AS(flows::quantizeStage(quantize, log), doctest::Contains("quantised already"), base::InputError);
}

TEST_CASE("the example configurations are read, resolved and read again to the same") {
    for (const char* name : {"micro", "micro-bits", "micro-bits-shapes", "shapes-mini", "cifar10-mini",
                             "cifar10-mini-budget", "fbnet-cifar", "fbnet-imagenet"}) {
        CAPTURE(name);
        const fs::path file = fs::path(DNA_SOURCE_DIR) / "examples" / (std::string(name) + ".json");
        const auto config = flows::readCosearchConfig(file);
        CHECK(config.name == name);
        CHECK(network::readSpace(config.space).blocks.size() >= 3);
        CHECK(flows::toJson(config).at("training").at("epochs") == config.training.epochs);
    }
}

TEST_CASE("records are cut back to what a checkpoint knows; a shorter file is refused") {
    const TemporaryFolder folder;
    flows::RunFolder run(folder.path / "run", {{"a", 1}}, false);
    run.record({{"step", 1}});
    const uint64_t bytes = run.recordedBytes();
    run.record({{"step", 2}});
    run.truncateRecords(bytes);
    CHECK(run.recordedBytes() == bytes);
    CHECK_THROWS_AS(run.truncateRecords(bytes + 100), base::InputError);
    CHECK_THROWS_WITH_AS(flows::RunFolder(folder.path / "run", {{"a", 2}}, true), doctest::Contains("/a"),
                         base::InputError);
    CHECK(flows::withoutTimes({{"cpu_seconds", 3}, {"x", {{{"seconds", 1}, {"y", 2}}}}}).dump() ==
          R"({"x":[{"y":2}]})");
}
