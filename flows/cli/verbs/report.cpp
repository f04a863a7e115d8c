#include <filesystem>
#include <memory>

#include "flows/cli/verb.h"
#include "flows/stages.h"

namespace dna::flows {

void register_report(VerbRegistry& verbs) {
    verbs.add({"report", "write one self-contained report.html of a run", "dna report runs/demo", [](CLI::App& app) {
                   auto run = std::make_shared<std::filesystem::path>();
                   app.add_option("run", *run, "run folder")->required();
                   return [run](VerbContext& context) {
                       const base::Json result = reportStage(*run, context.log);
                       context.print(result, result.at("report").get<std::string>());
                       return int(kDone);
                   };
               }});
}

}  // namespace dna::flows
