#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/onnx_stages.h"

namespace dna::flows {

void register_infer(VerbRegistry& verbs) {
    verbs.add({.name = "infer",
               .summary = "logits of pictures by a float or integer network",
               .example = "dna infer --network RUN/network.json --inputs pictures.safetensors --out logits.safetensors",
               .declare = [](CLI::App& app) {
                   auto options = std::make_shared<InferStage>();
                   app.add_option("--network", options->network_json,
                                  "network file with its weights.safetensors beside it")
                       ->required();
                   app.add_option("--inputs", options->inputs,
                                  "safetensors file with \"pictures\" (U8 [N, C, H, W]), or for float networks "
                                  "\"input\" (F32, normalised)")
                       ->required();
                   app.add_option("--out", options->outputs, "safetensors file that gets \"logits\" (F32 [N, classes])")
                       ->required();
                   app.add_option("--threads", options->threads, "threads (0: all cores)")->check(CLI::Range(0, 256));
                   return [options](VerbContext& context) {
                       const base::Json result = inferStage(*options, context.log);
                       context.print(result, fmt::format("{} pictures; the logits are in {}",
                                                         result.at("pictures").get<int64_t>(),
                                                         result.at("logits").get<std::string>()));
                       return int{kDone};
                   };
               }});
}

}  // namespace dna::flows
