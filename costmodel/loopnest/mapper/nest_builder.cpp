#include "costmodel/loopnest/mapper/nest_builder.h"

namespace dna::costmodel::loopnest {

Mapping toMapping(const Nest& nest) {
    Mapping mapping;
    mapping.levels.resize(size_t(nest.level_count));
    for (int l = 0; l < nest.level_count; ++l) {
        mapping.levels[l].keeps = nest.keeps[l];
        for (int i = nest.begin[l]; i < nest.begin[l + 1]; ++i)
            mapping.levels[l].loops.push_back({nest.loops[i].dim, nest.loops[i].kind, int64_t(nest.bounds[i])});
    }
    return mapping;
}

}  // namespace dna::costmodel::loopnest
