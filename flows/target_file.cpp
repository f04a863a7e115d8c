#include "flows/target_file.h"

#include "costmodel/technology.h"

namespace dna::flows {

design::Target readTarget(base::JsonObject& object) {
    const design::Target target = design::readTarget(object);
    if (const std::string problem = costmodel::technologyProblem(target.technology); !problem.empty())
        object.problem("technology", problem);
    else if (const std::string unknown = costmodel::dramProblem(costmodel::builtinTechnology(target.technology), target.dram); !unknown.empty())
        object.problem("dram", unknown);
    return target;
}

design::Target readTargetFile(const std::optional<std::filesystem::path>& file) {
    if (!file) return {};
    base::JsonDocument document = base::JsonDocument::read(*file, "target");
    document.root().text("name", "");
    const design::Target target = readTarget(document.root());
    document.finish();
    return target;
}

}  // namespace dna::flows
