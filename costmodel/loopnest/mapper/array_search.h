#pragma once

#include <map>
#include <memory>

#include "costmodel/loopnest/mapper/top_tiles.h"
#include "costmodel/loopnest/mapper/visit_bounds.h"

namespace dna::costmodel::loopnest {

/// A complete mapping and what it is worth.
struct Candidate {
    double objective = std::numeric_limits<double>::infinity();
    Nest nest;
};

/// One part of the search tree: all mappings with the same spatial factors.
struct Part {
    SpatialChoice choice;
    std::shared_ptr<const TopTiles> top;
    double bound = 0;  ///< no mapping of the part is better
};

/// What came out of searching a part.
struct PartResult {
    Candidate best;    ///< better than the incumbent it started from, or none (infinite objective)
    double bound = 0;  ///< of what was left out when the budget ended; infinite when nothing was
    int64_t nodes = 0;
    int64_t evaluated = 0;
};

/// A lower bound of the objective over a part.
double partBound(const MapSpace& space, const SpatialChoice& choice, const TopTiles& top);

/// True when the layer and the architecture do not tell P from Q and R from S; then of two mirrored mappings one is
/// searched.
bool isSymmetric(const MapSpace& space);
/// P and Q, R and S exchanged.
Factors mirrored(const Factors& f);

/// Searches a part exhaustively below `incumbent`, except for at most `node_limit` nodes. `stop` is asked now and then.
PartResult searchPart(const MapSpace& space, const Part& part, double incumbent, int64_t node_limit, bool symmetric,
                      const std::function<bool()>& stop);

}  // namespace dna::costmodel::loopnest
