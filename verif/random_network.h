#pragma once

#include "core/base/rng.h"
#include "core/design/design.h"
#include "core/network/network.h"

namespace dna::verif {

/// How large a random network may be.
struct NetworkRange {
    int max_size = 28;      ///< rows and columns of the picture
    int max_width = 100;    ///< columns of pictures of few rows: more than the 6 bits for what is left of them count
    int max_channels = 96;  ///< of a map; small maps may have up to 40 blocks of them
    int max_layers = 4;     ///< operators between the first convolution and the classifier
};

/// A random network for a chunk: a convolution of the picture, random operators (those of the table in the source; a
/// new one is a line there), a global pool where the map is not one pixel, a linear layer. Any size, any channel count.
/// Not every one is legal: the caller draws again when lowering refuses it.
network::Network randomNetwork(base::Rng& rng, const design::Chunk& chunk, const NetworkRange& range);

}  // namespace dna::verif
