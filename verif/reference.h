#pragma once

#include <cstdint>
#include <vector>

#include "core/nn/integer/integer_network.h"

namespace dna::verif {

/// Outputs of every node of a quantised network for one picture, by naive loops over the definition of each operator:
/// knows nothing of tiles, descriptors, layouts, nor of the fast integer executor. maps[i] is CHW int8 (empty for the
/// last node, whose int32 logits stand apart).
struct ReferenceOutputs {
    std::vector<std::vector<int8_t>> maps;
    std::vector<int32_t> logits;
};
ReferenceOutputs runReference(const nn::IntegerNetwork& network, const uint8_t* picture);

}  // namespace dna::verif
