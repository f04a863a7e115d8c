#include "flows/cosearch_config.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "flows/data_source.h"
#include "flows/target_file.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

search::DnsOptions readSearch(base::JsonObject object) {
    search::DnsOptions o;
    o.epochs = static_cast<int>(object.integer("epochs", 1, 10000, o.epochs));
    o.weight_epochs = static_cast<int>(object.integer("weight_epochs", 0, 10000, o.weight_epochs));
    o.shared_weights = object.flag("shared_weights", o.shared_weights);
    o.anchor_share = object.number("anchor_share", 0, 100, o.anchor_share);
    o.batch = static_cast<int>(object.integer("batch", 2, 4096, o.batch));
    o.weight_rate = object.number("weight_rate", 1e-8, 100, o.weight_rate);
    o.weight_rate_floor = object.number("weight_rate_floor", 0, 100, o.weight_rate_floor);
    o.momentum = object.number("momentum", 0, 0.9999, o.momentum);
    o.weight_decay = object.number("weight_decay", 0, 1, o.weight_decay);
    o.clip = object.number("clip", 0, 1e9, o.clip);
    o.logit_rate = object.number("logit_rate", 1e-8, 10, o.logit_rate);
    o.initial_temperature = object.number("initial_temperature", 1e-3, 1e3, o.initial_temperature);
    o.final_temperature = object.number("final_temperature", 1e-3, 1e3, o.final_temperature);
    o.active_paths = static_cast<int>(object.integer("active_paths", 1, 64, o.active_paths));
    o.mode = object.choice("mode", {"proxy", "hard", "soft"}, o.mode);
    o.lambda = object.number("lambda", 0, 1e6, o.lambda);
    o.hardware_term = object.choice("hardware_term", {"objective", "macs"}, o.hardware_term);
    o.cost_over_all = object.choice("cost_over", {"active", "all"}, "active") == "all";
    o.das_period = static_cast<int>(object.integer("das_period", 0, 1'000'000, o.das_period));
    o.das_evaluations = static_cast<int>(object.integer("das_evaluations", 1, 10'000'000, o.das_evaluations));
    o.augment = object.flag("augment", o.augment);
    if (o.weight_epochs >= o.epochs)
        object.problem("weight_epochs", "expected fewer than the epochs of the whole search");
    object.close();
    return o;
}

base::Json searchJson(const search::DnsOptions& o) {
    return {{"epochs", o.epochs},
            {"weight_epochs", o.weight_epochs},
            {"shared_weights", o.shared_weights},
            {"anchor_share", o.anchor_share},
            {"batch", o.batch},
            {"weight_rate", o.weight_rate},
            {"weight_rate_floor", o.weight_rate_floor},
            {"momentum", o.momentum},
            {"weight_decay", o.weight_decay},
            {"clip", o.clip},
            {"logit_rate", o.logit_rate},
            {"initial_temperature", o.initial_temperature},
            {"final_temperature", o.final_temperature},
            {"active_paths", o.active_paths},
            {"mode", o.mode},
            {"lambda", o.lambda},
            {"hardware_term", o.hardware_term},
            {"cost_over", o.cost_over_all ? "all" : "active"},
            {"das_period", o.das_period},
            {"das_evaluations", o.das_evaluations},
            {"augment", o.augment}};
}

void readChecks(base::JsonObject& root, CosearchConfig& config) {
    if (root.has("quantization")) {
        base::JsonObject object = root.object("quantization");
        config.quantization.pictures =
            static_cast<int>(object.integer("pictures", 1, 100000, config.quantization.pictures));
        config.quantization.correct_bias = object.flag("correct_bias", config.quantization.correct_bias);
        object.close();
    }
    if (root.has("verify")) {
        base::JsonObject object = root.object("verify");
        config.verify_images = static_cast<int>(object.integer("images", 1, 10000, config.verify_images));
        config.verify_stalled_images = static_cast<int>(object.integer(
            "stalled_images", 0, config.verify_images, std::min(config.verify_stalled_images, config.verify_images)));
        object.close();
    }
    if (root.has("synth")) {
        base::JsonObject object = root.object("synth");
        config.platform = object.text("platform", config.platform);
        object.close();
    }
    config.final_das_evaluations =
        static_cast<int>(root.integer("final_das_evaluations", 1, 100'000'000, config.final_das_evaluations));
}

}  // namespace

CosearchConfig readCosearchConfig(const fs::path& file) {
    base::JsonDocument document = base::JsonDocument::read(file, "search_config");
    base::JsonObject& root = document.root();
    CosearchConfig config;
    config.name = root.text("name", file.stem().string());
    config.source = readSource(root.object("data"), file);
    config.space = root.text("space");
    config.mode = root.choice("mode", {"joint", "network_first", "hardware_first"}, config.mode);
    if (root.has("input_sha256")) {
        base::JsonObject hashes = root.object("input_sha256");
        for (const std::string& name : hashes.keys()) config.input_sha256[name] = hashes.text(name);
    }
    config.seed = static_cast<uint64_t>(root.integer("seed", 0, base::kMaxInteger, 0));
    config.search = readSearch(root.object("search"));
    base::JsonObject training = root.object("training");
    config.training = readRecipe(training);
    base::JsonObject target = root.object("target");
    config.target = readPricedTarget(target);
    target.close();
    readChecks(root, config);
    document.finish();
    if (!fs::exists(config.space) || fs::path(config.space).is_relative()) {
        const fs::path beside = fs::absolute(file).parent_path() / config.space;
        if (fs::is_regular_file(beside)) config.space = beside.string();
    }
    config.search.objective = config.target.objective;
    return config;
}

base::Json toJson(const CosearchConfig& config) {
    base::Json json = base::makeDocument("search_config");
    json["name"] = config.name;
    json["mode"] = config.mode;
    json["seed"] = config.seed;
    json["data"] = toJson(config.source);
    json["input_sha256"] = config.input_sha256;
    json["space"] = config.space;
    json["search"] = searchJson(config.search);
    json["training"] = toJson(config.training);
    json["quantization"] = {{"pictures", config.quantization.pictures},
                            {"correct_bias", config.quantization.correct_bias}};
    json["target"] = design::toJson(config.target);
    json["final_das_evaluations"] = config.final_das_evaluations;
    json["verify"] = {{"images", config.verify_images}, {"stalled_images", config.verify_stalled_images}};
    json["synth"] = {{"platform", config.platform}};
    return json;
}

}  // namespace dna::flows
