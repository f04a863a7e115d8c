// Runs that stop and go on: a budget of steps, divergence, configurations of runs, data sets with other classes.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/data/shapes.h"
#include "core/network/space.h"
#include "flows/cosearch.h"
#include "flows/qat_stage.h"
#include "flows/run_folder.h"
#include "flows/train.h"
#include "tests/core/data/jpeg_writer.h"
#include "tests/flows/temporary_folder.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

flows::TrainStage training(const fs::path& folder, const std::string& out) {
    flows::TrainStage stage;
    stage.network_json = folder / "network.json";
    base::writeJson(stage.network_json, network::toJson(network::buildNetwork(network::readSpace("micro"), {0, 8, 1}, "micro")));
    stage.source = data::sourceNamed("shapes");
    stage.source.training = 192;
    stage.source.test = 50;
    stage.recipe.epochs = 3;
    stage.recipe.batch = 32;
    stage.recipe.label_smoothing = 0.1;
    stage.out = folder / out;
    stage.threads = 2;
    return stage;
}

flows::CosearchStage cosearch(const fs::path& out) {
    flows::CosearchStage stage;
    stage.config = flows::readCosearchConfig(fs::path(DNA_SOURCE_DIR) / "examples" / "micro.json");
    stage.config.source.training = 320;
    stage.config.source.test = 100;
    stage.config.search.epochs = 3;
    stage.config.search.das_period = 4;
    stage.config.training.epochs = 2;
    stage.config.quantization.pictures = 32;
    stage.config.final_das_evaluations = 20;
    stage.out = out;
    stage.until = "das";
    return stage;
}

void compareRuns(const fs::path& found, const fs::path& expected) {
    for (const auto& entry : fs::recursive_directory_iterator(expected)) {
        const fs::path name = fs::relative(entry.path(), expected);
        if (!entry.is_regular_file() || name == "timing.jsonl") continue;
        CAPTURE(name.string());
        CHECK(base::readFile(found / name) == base::readFile(entry.path()));
    }
}

}  // namespace

TEST_CASE("long run: training stopped after some steps and continued gives the same files; the mean of the weights is the result") {
    const TemporaryFolder folder;
    base::SilentLog log;
    const auto whole = training(folder.path, "whole");
    const base::Json result = flows::trainStage(whole, log);
    CHECK(result.at("confusion").size() == 10);
    CHECK(result.contains("accuracy_of_last_weights"));
    auto pieces = training(folder.path, "pieces");
    pieces.threads = 1;
    pieces.stop_after = 7;
    CHECK(flows::trainStage(pieces, log).at("iteration") == 7);
    CHECK_FALSE(fs::exists(pieces.out / "weights.safetensors"));
    pieces.resume = true;
    CHECK(flows::trainStage(pieces, log).at("iteration") == 14);
    pieces.stop_after = 0;
    flows::trainStage(pieces, log);
    compareRuns(pieces.out, whole.out);

    auto last = training(folder.path, "last");
    last.recipe.ema_decay = 0;
    CHECK_FALSE(flows::trainStage(last, log).contains("accuracy_of_last_weights"));
    auto few = training(folder.path, "few");
    few.source.training = 31;
    CHECK_THROWS_WITH_AS(flows::trainStage(few, log), doctest::Contains("a batch wants 32 pictures"), base::InputError);
    CHECK_FALSE(fs::exists(few.out));
    CHECK(base::readFile(last.out / "weights.safetensors") != base::readFile(whole.out / "weights.safetensors"));
}

TEST_CASE("long run: training that diverges says so and leaves the last good state") {
    const TemporaryFolder folder;
    base::SilentLog log;
    auto stage = training(folder.path, "run");
    stage.recipe.rate = 1e12;
    stage.recipe.clip = 0;
    stage.recipe.warmup_epochs = 1e3;  // the first steps are slow ones
    stage.recipe.epochs = 1000;
    stage.stop_after = 1;
    flows::trainStage(stage, log);
    const fs::path checkpoint = stage.out / "checkpoint" / "state.safetensors";
    const std::string good = base::readFile(checkpoint);
    stage.stop_after = 0;
    stage.resume = true;
    CHECK_THROWS_WITH_AS(flows::trainStage(stage, log), doctest::Contains("training diverged"), base::InputError);
    CHECK_THROWS_WITH_AS(flows::trainStage(stage, log), doctest::Contains("the last good state stays in"), base::InputError);
    CHECK(base::readFile(checkpoint) == good);
}

TEST_CASE("long run: a co-search stopped after some iterations and continued gives the same files, and its config.json runs again") {
    const TemporaryFolder folder;
    base::SilentLog log;
    const auto whole = cosearch(folder.path / "whole");
    flows::cosearchStage(whole, log);
    auto pieces = cosearch(folder.path / "pieces");
    for (const long steps : {6L, 13L, 0L}) {
        pieces.stop_after = steps;
        const base::Json result = flows::cosearchStage(pieces, log);
        CHECK(result.contains("stopped_by") == (steps > 0));
        pieces.resume = true;
    }
    compareRuns(pieces.out, whole.out);

    auto again = cosearch(folder.path / "again");
    again.config = flows::readCosearchConfig(whole.out / "config.json");
    flows::cosearchStage(again, log);
    compareRuns(again.out, whole.out);
    again.config.input_sha256["train.bin"] = "0";
    again.out = folder.path / "other";
    CHECK_THROWS_WITH_AS(flows::cosearchStage(again, log), doctest::Contains("not those that the configuration was written for"), base::InputError);
}

TEST_CASE("long run: every mode and the penalty on MACs end in a front") {
    const TemporaryFolder folder;
    base::SilentLog log;
    for (const std::string mode : {"joint", "network_first", "hardware_first", "macs"}) {
        CAPTURE(mode);
        auto stage = cosearch(folder.path / mode);
        stage.config.mode = mode == "macs" ? "joint" : mode;
        if (mode == "macs") stage.config.search.hardware_term = "macs";
        stage.config.search.logit_rate = 0.5;
        const base::Json front = flows::cosearchFront(stage, {0, 20}, log);
        CHECK(base::JsonDocument::read(stage.out / "front.json", "front").json() == front);
        REQUIRE(front.at("runs").size() == 2);
        const base::Json &free = front.at("runs")[0], &cheap = front.at("runs")[1];
        CHECK((free.at("on_front") == true || cheap.at("on_front") == true));
        const double ratio = cheap.at("edp_mj_ms").get<double>() / free.at("edp_mj_ms").get<double>();
        if (mode == "network_first")
            CHECK(ratio == 1.0);  // knows no hardware
        else
            CHECK(ratio < 1.0);
        int das_calls = 0;
        for (const base::Json& run : front.at("runs")) das_calls += run.at("result").at("das_calls").get<int>();
        CHECK((das_calls > 0) == (stage.config.mode == "joint"));
    }
}

TEST_CASE("long run: a co-search on JPEG files takes classes and size from them") {
    const TemporaryFolder folder;
    base::SilentLog log;
    for (const char* split : {"train", "val"})
        for (int i = 0; i < 60; ++i) {
            const auto shade = static_cast<uint8_t>(4 * i);
            writeFlatJpeg(folder.path / "pictures" / split / (i % 3 == 0 ? "red" : i % 3 == 1 ? "green" : "grey") / (std::to_string(i) + ".jpg"), 30 + i, 40,
                          i % 3 == 0 ? std::vector<uint8_t>{250, shade, 9} : i % 3 == 1 ? std::vector<uint8_t>{9, 250, shade} : std::vector<uint8_t>{shade});
        }
    auto stage = cosearch(folder.path / "run");
    stage.config.source = data::sourceOf((folder.path / "pictures").string());
    stage.config.source.options["size"] = 24;
    stage.config.search.batch = stage.config.training.batch = 10;
    const base::Json result = flows::cosearchStage(stage, log);
    CHECK(result.at("accuracy").at("test_pictures") == 60);
    const network::Network network = network::readNetwork(stage.out / "network.json");
    CHECK(network.classes() == 3);
    CHECK(network.inputShape().height == 24);
    const base::Json accuracy = base::JsonDocument::read(stage.out / "accuracy.json", "accuracy").json();
    CHECK(accuracy.at("int8").at("classes") == base::Json({"green", "grey", "red"}));
    auto one_thread = stage;
    one_thread.threads = 1;
    one_thread.out = folder.path / "one";
    flows::cosearchStage(one_thread, log);
    compareRuns(one_thread.out, stage.out);
}

TEST_CASE("long run: training under rounding gives an integer network, and the same one when it was stopped between") {
    const TemporaryFolder folder;
    base::SilentLog log;
    const auto plain = training(folder.path, "float");
    flows::trainStage(plain, log);
    flows::QatStage whole;
    whole.network_json = plain.out / "network.json";
    whole.source = plain.source;
    whole.recipe.epochs = 4;
    whole.recipe.batch = 32;
    whole.quantization.pictures = 32;
    whole.quantization.widths.bits = 4;
    whole.out = folder.path / "whole";
    whole.threads = 2;
    const base::Json result = flows::qatStage(whole, log);
    CHECK(result.at("test_pictures") == 50);
    CHECK(nn::readIntegerNetwork(whole.out / "network.json").containerBits() == 4);
    const std::string records = base::readFile(whole.out / "search.jsonl");
    CHECK(std::count(records.begin(), records.end(), '\n') == 4);  // one an epoch

    auto pieces = whole;
    pieces.out = folder.path / "pieces";
    pieces.threads = 1;
    pieces.stop_after = 9;
    CHECK(flows::qatStage(pieces, log).at("iteration") == 9);
    pieces.stop_after = 0;
    pieces.resume = true;
    flows::qatStage(pieces, log);
    compareRuns(pieces.out, whole.out);
}
