#pragma once

#include <vector>

#include "costmodel/loopnest/convention.h"
#include "costmodel/loopnest/mapping.h"

namespace dna::costmodel::loopnest {

/// Words of one tensor at one level, per instance.
struct WalkedCounts {
    double tile_words = 0, reads = 0, fills = 0, updates = 0;
};
/// What a walk counts.
struct Walked {
    std::vector<PerTensor<WalkedCounts>> counts;  ///< one a level; zero where the level does not keep the tensor
    std::vector<double> instances;                ///< used instances of each level
    double compute_cycles = 1, pes = 1;
    int64_t forwarding_steps = 0;  ///< visited (parent, time) pairs at which neighbours passed on words
};

/// Counts accesses without any formula: places the box of every tile of every instance at every time step, subtracts
/// the box before it, and compares what siblings fetch. Slow, and the oracle of the closed form. The mapping must have
/// no defects.
Walked walk(const Problem& problem, const Architecture& architecture, const Mapping& mapping, const Convention& rules);

}  // namespace dna::costmodel::loopnest
