#pragma once

#include <vector>

#include "costmodel/loopnest/convention.h"
#include "costmodel/loopnest/mapping.h"
#include "tests/costmodel/loopnest/walker.h"

namespace dna::costmodel::loopnest {

/// What a walk through a nest with short last tiles counts.
struct RaggedWalked {
    std::vector<PerTensor<WalkedCounts>> totals;             ///< one a level, over all instances; largest tile
    std::vector<PerTensor<std::vector<WalkedCounts>>> each;  ///< of every instance of a level, without tiles
    std::vector<double> instances;                           ///< of each level, above some MAC that works
    double compute_cycles = 0, pes = 0, macs = 0;
};

/// Counts without any formula: at every time step, cuts the box of every instance to the layer, compares what siblings
/// fetch, and remembers which instance has held which word of Outputs. Without halo reuse and forwarding. Where one of
/// each reducing group is refilled, the active members share each refill evenly.
RaggedWalked walkRagged(const Problem& problem, const Mapping& mapping, const Convention& rules);

}  // namespace dna::costmodel::loopnest
