#pragma once

#include "core/base/rng.h"
#include "costmodel/loopnest/mapping.h"

namespace dna::costmodel::loopnest {

/// A layer, an architecture that is just wide enough for the nest (or a little wider), and a nest without defects.
struct RandomNest {
    Problem problem;
    Architecture architecture;
    Mapping mapping;
};

/// Gives `nest.mapping` an architecture of unlimited memories with arrays exactly as wide as its spatial loops.
void fitArchitecture(RandomNest& nest);

struct RandomNestOptions {
    int64_t most_iterations = 3000;  ///< product of all bounds
    int64_t most_spatial = 48;       ///< product of the spatial bounds of all levels
};
/// 2 to 4 levels with random residency, fan-out points, loop orders, strides and dilations. Outermost loops, fan-outs
/// and bounds are 2 or 3, at times 4 or 5.
RandomNest randomNest(base::Rng& rng, const RandomNestOptions& options = {});
/// One whose layer is smaller than the factors cover, in one dimension at least, so that last tiles are short. Every
/// factor is needed, and no fan-out spreads Inputs along one axis by two dimensions of which one is ragged.
RandomNest randomRaggedNest(base::Rng& rng, const RandomNestOptions& options = {});
/// One where neighbours can pass on inputs: P or R (Q or S) in space, the other one in the innermost temporal loop
/// above.
RandomNest randomForwardingNest(base::Rng& rng, const RandomNestOptions& options = {});

}  // namespace dna::costmodel::loopnest
