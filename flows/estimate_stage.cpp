#include "costmodel/cost.h"
#include "flows/program_files.h"
#include "flows/stages.h"

namespace dna::flows {

base::Json estimateStage(const EstimateStage& options, base::Log&) {
    const MappedNetwork mapped =
        readMapped(options.network_json, options.design_json, options.mapping_json, options.target);
    const costmodel::Technology technology = costmodel::builtinTechnology(options.target.technology);
    return costmodel::toJson(costmodel::networkCost(mapped.plans, mapped.design, technology, options.target),
                             technology, options.target);
}

}  // namespace dna::flows
