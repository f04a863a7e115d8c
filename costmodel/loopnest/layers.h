#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/network/network.h"
#include "costmodel/loopnest/problem.h"

namespace dna::costmodel::loopnest {

/// A layer and how often the network has it.
struct CountedLayer {
    Problem problem;
    int64_t count = 1;
};
struct LayerList {
    std::string name;
    std::vector<CountedLayer> layers;
    std::vector<std::string> skipped;  ///< nodes without multiply-accumulates: "add3 (add)"
};

/// Whether two layers are the same but for their names.
bool sameShape(const Problem& a, const Problem& b);

/// Reads a `dna.layers` file: {"name", "layers": [{"name", "count", C M P Q R S N G, "Wstride", "Hstride", "Wdilation",
/// "Hdilation"}]}; what is missing is 1. Throws InputError with every problem.
LayerList readLayers(const std::filesystem::path& file);

/// Convolutions and linear layers of a network for one picture, equal shapes merged under the first one's name.
LayerList layersOf(const network::Network& network);

}  // namespace dna::costmodel::loopnest
