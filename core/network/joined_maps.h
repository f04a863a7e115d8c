#pragma once

#include "core/network/network.h"

namespace dna::network {

/// The same network with every map standing in one concat at most, and there once; the picture in none, nor a map that
/// only moves its values (a max pool of it): the picture's grid would bind all the others. In a quantised network maps
/// also come on the concat's grid. That is what hardware needs to join maps by their addresses alone. Where it is not so,
/// an average pool over one value (a copy, on the concat's grid) stands between, called "<concat>.<map>"; its integers
/// are the caller's to make. A network without such maps comes back as it is.
Network separateJoinedMaps(const Network& network);

}  // namespace dna::network
