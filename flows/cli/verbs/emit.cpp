#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/stages.h"

namespace dna::flows {

void register_emit(VerbRegistry& verbs) {
    verbs.add(
        {"emit",
         "write Verilog, descriptors, weights image, bench and hand-over files of a quantised network on a design",
         "dna emit --network runs/demo/network.json --design runs/demo/design.json --out chip", [](CLI::App& app) {
             auto stage = std::make_shared<EmitStage>();
             app.add_option("--network", stage->network_json, "network.json, quantised (dna quantize)")->required();
             app.add_option("--design", stage->design_json, "design.json")->required();
             app.add_option("--mapping", stage->mapping_json, "mapping.json (default: the best mapping)");
             app.add_option("--out", stage->out, "folder; replaced when an earlier emit wrote it")->required();
             return [stage](VerbContext& context) {
                 const base::Json json = emitStage(*stage, context.log);
                 context.print(
                     json, fmt::format("{} modules, {} descriptors, image of {} bytes in {}\n",
                                       json.at("modules").get<int>(), json.at("descriptors").get<int>(),
                                       json.at("image_bytes").get<int64_t>(), json.at("folder").get<std::string>()));
                 return int(kDone);
             };
         }});
}

}  // namespace dna::flows
