#pragma once

#include <cstdint>
#include <vector>

#include "core/nn/integer/integer_network.h"

namespace dna::verif {

/// Outputs of every node of a quantised network for one picture, by naive loops over the definition of each operator:
/// knows nothing of tiles, descriptors, layouts, nor of the fast integer executor. maps[i] is CHW (empty for the last
/// node, whose logits stand apart).
struct ReferenceOutputs {
    std::vector<std::vector<nn::Code>> maps;
    std::vector<int64_t> logits;
};
ReferenceOutputs runReference(const nn::IntegerNetwork& network, const uint8_t* picture);

}  // namespace dna::verif
