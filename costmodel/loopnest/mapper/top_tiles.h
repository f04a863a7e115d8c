#pragma once

#include <vector>

#include "costmodel/loopnest/mapper/cuts.h"

namespace dna::costmodel::loopnest {

/// A tile of the outermost bounded level (level 1) with what its traffic with level 0 costs at least, over all loop
/// orders there. Traffic of tensors that pass level 1 by belongs to the arrays below.
struct TopTile {
    Factors tile = kOnes;
    Factors loops = kOnes;  ///< temporal loops of level 0 that step it
    double energy_pj = 0;
    double reads = 0, writes = 0;  ///< level 0, words per instance
    double fills = 0;              ///< level 1, words per instance
};

/// Tiles that fit level 1 for one choice of spatial factors below level 0, cheapest first.
class TopTiles {
public:
    TopTiles(const MapSpace& space, const SpatialChoice& choice);
    const std::vector<TopTile>& all() const { return tiles_; }
    /// What all of them cost at least.
    double leastEnergy() const { return tiles_.empty() ? 0 : tiles_.front().energy_pj; }

private:
    std::vector<TopTile> tiles_;
};

}  // namespace dna::costmodel::loopnest
