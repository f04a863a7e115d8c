#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/onnx_stages.h"

namespace dna::flows {

void register_export(VerbRegistry& verbs) {
    verbs.add({.name = "export",
               .summary = "write a network as an ONNX file for PyTorch, onnxruntime and others",
               .example = "dna export RUN/network.json --onnx network.onnx",
               .declare = [](CLI::App& app) {
                   auto options = std::make_shared<ExportStage>();
                   app.add_option("network", options->network_json,
                                  "network file, float or quantised, with its weights.safetensors beside it")
                       ->required();
                   app.add_option("--onnx", options->onnx, "file to write")->required();
                   return [options](VerbContext& context) {
                       const base::Json result = exportStage(*options, context.log);
                       context.print(result,
                                     fmt::format("{} network of {} layers: {}",
                                                 result.at("quantized").get<bool>() ? "quantised" : "float",
                                                 result.at("layers").get<int>(), result.at("onnx").get<std::string>()));
                       return int{kDone};
                   };
               }});
}

}  // namespace dna::flows
