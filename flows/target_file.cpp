#include "flows/target_file.h"

#include "costmodel/technology.h"

namespace dna::flows {

design::Target readPricedTarget(base::JsonObject& object) {
    const design::Target target = design::readTarget(object);
    if (const std::string problem = costmodel::technologyProblem(target.technology); !problem.empty()) {
        object.problem("technology", problem);
        return target;
    }
    const costmodel::Technology technology = costmodel::builtinTechnology(target.technology);
    if (const std::string problem = costmodel::dramProblem(technology, target.dram); !problem.empty())
        object.problem("dram", problem);
    return target;
}

design::Target readTargetFile(const std::optional<std::filesystem::path>& file) {
    if (!file) return {};
    base::JsonDocument document = base::JsonDocument::read(*file, "target");
    document.root().text("name", "");
    const design::Target target = readPricedTarget(document.root());
    document.finish();
    return target;
}

}  // namespace dna::flows
