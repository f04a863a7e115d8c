#pragma once

#include "core/network/network.h"

namespace dna::network {

/// Whether the grid of a node's output (scale, zero point, width) is that of its inputs, whose values it only moves.
constexpr bool keepsGrid(Op op) { return op == Op::MaxPool || op == Op::ChannelShuffle || op == Op::Concat; }

/// Whether two quantisations give integers the same meaning; their clamps may differ.
inline bool sameGrid(const Quantization& a, const Quantization& b) {
    return a.scale == b.scale && a.zero_point == b.zero_point && a.bits == b.bits;
}

}  // namespace dna::network
