#pragma once

#include "core/base/rng.h"
#include "costmodel/loopnest/mapper/mapper.h"

namespace dna::test {

/// A layer of at most about 150 multiply-accumulates, any dimensions, strides and dilations.
costmodel::loopnest::Problem randomProblem(base::Rng& rng);
/// Two to four levels with small memories, fan-outs, bypassed tensors and constraints.
costmodel::loopnest::Architecture randomArchitecture(base::Rng& rng);
/// Any objective, mostly with the named conventions.
costmodel::loopnest::MapperOptions randomOptions(base::Rng& rng);

/// The best of all mappings of a map space.
struct Exhaustive {
    double best = std::numeric_limits<double>::infinity();
    int64_t count = 0;  ///< mappings; -1 when there are more than the limit
    costmodel::loopnest::Nest nest;
};
Exhaustive exhaust(const costmodel::loopnest::Problem&, const costmodel::loopnest::Architecture&,
                   const costmodel::loopnest::MapperOptions&, int64_t limit);

}  // namespace dna::test
