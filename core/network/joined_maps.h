#pragma once

#include "core/network/network.h"

namespace dna::network {

/// The same network with every map standing in one concat at most, and there once; the picture in none: what hardware
/// needs to join maps by their addresses alone. Where a map stands in more, an average pool over one value (a copy) stands
/// between them, called "<concat>.<map>". A network without such maps comes back as it is.
Network separateJoinedMaps(const Network& network);

}  // namespace dna::network
