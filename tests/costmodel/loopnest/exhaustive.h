#pragma once

#include <functional>

#include "costmodel/loopnest/mapper/mapper.h"

namespace dna::test {

/// Calls `visit` for every mapping of the map space: perfect factors (with ragged tiles: all that cover the bounds and
/// are needed for it, X inside Y) in every slot the constraints allow, every order of the loops of a level, spatial
/// loops along Y outside those along X in every order, tiles that fit. Knows nothing of the mapper.
void forEachMapping(const costmodel::loopnest::Problem& problem, const costmodel::loopnest::Architecture& architecture,
                    const costmodel::loopnest::Convention& rules, bool ragged,
                    const std::function<void(const costmodel::loopnest::Nest&)>& visit);

}  // namespace dna::test
