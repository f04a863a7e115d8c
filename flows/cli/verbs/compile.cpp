#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/stages.h"

namespace dna::flows {

void register_compile(VerbRegistry& verbs) {
    verbs.add(
        {"compile", "write descriptors, weights image and bench vectors of a network for a chip that is emitted already",
         "dna compile --chip chip --network other/network.json --out other/program", [](CLI::App& app) {
             auto stage = std::make_shared<CompileStage>();
             app.add_option("--chip", stage->chip, "run folder or emitted folder; with a descriptor ROM it runs its own program only")->required();
             app.add_option("--network", stage->network_json, "network.json, quantised (dna quantize)")->required();
             app.add_option("--mapping", stage->mapping_json, "mapping.json (default: the best mapping)");
             app.add_option("--out", stage->out, "folder; replaced when an earlier compile wrote it")->required();
             return [stage](VerbContext& context) {
                 const base::Json json = compileStage(*stage, context.log);
                 context.print(json, fmt::format("{} descriptors, image of {} bytes in {}\n",
                                                 json.at("descriptors").get<int>(), json.at("image_bytes").get<int64_t>(),
                                                 json.at("folder").get<std::string>()));
                 return int(kDone);
             };
         }});
}

}  // namespace dna::flows
