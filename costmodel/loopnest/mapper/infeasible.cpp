#include "costmodel/loopnest/mapper/infeasible.h"

#include <fmt/format.h>

namespace dna::costmodel::loopnest {

std::string whyInfeasible(const MapSpace& space, const std::string& stopped_by) {
    const Architecture& architecture = space.architecture;
    Nest smallest;  // every loop outside: tiles of one word a tensor
    smallest.level_count = architecture.levelCount();
    for (int l = 0; l < smallest.level_count; ++l) smallest.keeps[l] = architecture.constraints[l].keeps;
    if (const auto excess = capacityExcess(architecture, smallest, space.problem, space.options.rules);
        excess && excess->level > 0)
        return describe(*excess, architecture);
    for (int d = 0; d < kDims; ++d) {
        if (space.problem.bounds[d] == 1) continue;
        bool temporal = false;
        int64_t spatial = 1;
        for (int l = 0; l < architecture.levelCount(); ++l) {
            temporal |= architecture.constraints[l].temporal[d];
            if (architecture.constraints[l].spatial_x[d]) spatial *= architecture.fanoutX(l);
            if (architecture.constraints[l].spatial_y[d]) spatial *= architecture.fanoutY(l);
        }
        if (!temporal && spatial < space.problem.bounds[d])
            return fmt::format("no level may loop over {} = {} in time, and its spatial loops reach {} at most",
                               kDimNames[d], space.problem.bounds[d], spatial);
    }
    if (stopped_by == "work" || stopped_by == "time")
        return fmt::format("the budget ({}) ended before a mapping was found", stopped_by);
    return "the constraints on loops and the capacities of the memories exclude each other for these factors";
}

}  // namespace dna::costmodel::loopnest
