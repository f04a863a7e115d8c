#include <fmt/format.h>

#include <memory>

#include "core/base/error.h"
#include "flows/cli/verb.h"
#include "flows/onnx_stages.h"

namespace dna::flows {
namespace {

std::string summary(const base::Json& result) {
    return fmt::format("{} network of {} layers, {} classes, {:.2f} MMAC: {}",
                       result.at("quantized").get<bool>() ? "integer" : "float", result.at("layers").get<int>(),
                       result.at("classes").get<int>(), result.at("macs").get<double>() / 1e6,
                       result.at("network").get<std::string>());
}

/// One number for all colours, or three.
std::optional<std::array<double, 3>> colours(const std::vector<double>& given, const char* option, bool positive) {
    if (given.empty()) return {};
    if (given.size() != 1 && given.size() != 3)
        throw base::InputError(option, "", fmt::format("expected one number or three, found {}", given.size()));
    std::array<double, 3> out{};
    for (size_t c = 0; c < 3; ++c) {
        out[c] = given[given.size() == 1 ? 0 : c];
        if (!(out[c] >= (positive ? 1e-6 : -1e6) && out[c] <= 1e6))
            throw base::InputError(
                option, "", fmt::format("expected numbers in [{}, 1e6], found {}", positive ? "1e-6" : "-1e6", out[c]));
    }
    return out;
}

}  // namespace

void register_import(VerbRegistry& verbs) {
    verbs.add(
        {.name = "import",
         .summary = "read a network from an ONNX file (as torch.onnx.export writes it)",
         .example = "dna import model.onnx --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --out net/network.json",
         .declare = [](CLI::App& app) {
             auto options = std::make_shared<ImportStage>();
             auto mean = std::make_shared<std::vector<double>>(), deviation = std::make_shared<std::vector<double>>();
             app.add_option("model", options->model, "ONNX file")->required();
             app.add_option("--out", options->out, "network file to write; weights.safetensors comes beside it")
                 ->required();
             app.add_option("--mean", *mean, "of each colour in [0, 1], as in torchvision's Normalize (default 0)")
                 ->delimiter(',');
             app.add_option("--std", *deviation, "of each colour in [0, 1] (default 1)")->delimiter(',');
             return [options, mean, deviation](VerbContext& context) {
                 options->mean = colours(*mean, "--mean", false);
                 options->deviation = colours(*deviation, "--std", true);
                 const base::Json result = importStage(*options, context.log);
                 context.print(result, summary(result));
                 return int{kDone};
             };
         }});
}

}  // namespace dna::flows
