#pragma once

#include <vector>

#include "core/network/network.h"

namespace dna::mapping {

/// Where a map lies in DRAM: within the map `whole` (itself, unless a concat joins it to others), from channel `begin`.
/// Maps are [C/B][H][W][B], so a concat is nothing but addresses: its inputs are written one behind the other.
struct JoinedPlace {
    int whole = 0;
    int begin = 0;
};

/// The place of every node's map. Of a network whose maps stand in one concat at most (network::separateJoinedMaps).
std::vector<JoinedPlace> joinedPlaces(const network::Network& network);

}  // namespace dna::mapping
