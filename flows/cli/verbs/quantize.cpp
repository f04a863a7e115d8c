#include <fmt/format.h>

#include <memory>

#include "core/base/error.h"
#include "flows/accuracy.h"
#include "flows/cli/verb.h"
#include "flows/data_source.h"
#include "flows/quantize_stage.h"

namespace dna::flows {
namespace {

/// --out names the folder, or the network.json to be written in it.
std::filesystem::path outputFolder(const std::filesystem::path& out) {
    if (out.extension() != ".json") return out;
    if (out.filename() != "network.json")
        throw base::InputError("--out", "",
                               "expected a folder or a path ending in network.json, found " + out.string());
    return out.has_parent_path() ? out.parent_path() : std::filesystem::path(".");
}

std::string summary(const base::Json& result) {
    if (!result.contains("accuracy_quantized"))
        return "quantised with random calibration: " + result.at("network").get<std::string>();
    return fmt::format("accuracy float {:.2f} %, {} {:.2f} % on the same {} test pictures: {}",
                       100 * result.at("accuracy_float").get<double>(), widthsText(result),
                       100 * result.at("accuracy_quantized").get<double>(), result.at("test_pictures").get<int>(),
                       result.at("network").get<std::string>());
}

}  // namespace

void register_quantize(VerbRegistry& verbs) {
    verbs.add({.name = "quantize",
               .summary = "turn a float network into an integer network",
               .example = "dna quantize --network RUN/network.json --data shapes --out RUN/int8",
               .declare = [](CLI::App& app) {
                   auto options = std::make_shared<QuantizeStage>();
                   auto data = std::make_shared<DataArguments>();
                   auto random = std::make_shared<bool>(false);
                   auto out = std::make_shared<std::string>();
                   app.add_option("--network", options->network_json,
                                  "network file with its weights.safetensors beside it")
                       ->required();
                   CLI::Option* named = data->declare(app, "calibration pictures", false);
                   app.add_flag("--random-calibration", *random,
                                "no pictures: noise (and random integers when there are no weights)")
                       ->excludes(named);
                   app.add_option("--out", *out, "folder that gets network.json and weights.safetensors")->required();
                   app.add_option("--pictures", options->options.pictures, "calibration pictures, at most")
                       ->check(CLI::Range(1, 100000))
                       ->capture_default_str();
                   app.add_option("--bits", options->options.widths.bits, "of activations, and of weights whose width nothing else states")
                       ->check(CLI::IsMember({2, 3, 4, 5, 6, 7, 8, 16}))
                       ->capture_default_str();
                   options->weight_widths.declare(app);
                   app.add_option("--multiplier-bits", options->options.widths.multiplier_bits,
                                  "of the requantisation multipliers")
                       ->check(CLI::IsMember({16, 32}))
                       ->capture_default_str();
                   app.add_option("--seed", options->seed, "seed of random calibration")->capture_default_str();
                   app.add_option("--threads", options->threads, "threads (0: all cores)")->check(CLI::Range(0, 256));
                   return [options, data, random, out](VerbContext& context) {
                       if (data->given() == *random)
                           throw base::InputError("quantize", "", "give either --data or --random-calibration");
                       if (!*random) options->source = data->source();
                       options->out = outputFolder(*out);
                       const base::Json result = quantizeStage(*options, context.log);
                       context.print(result, summary(result));
                       return int{kDone};
                   };
               }});
}

}  // namespace dna::flows
