#pragma once

#include <vector>

#include "core/network/grids.h"

namespace dna::nn {

/// Nodes whose integers must be steps of one grid (scale and zero point), because an operator only moves them: a max
/// pool or channel shuffle and its input; a concat and all its inputs. Returns for every node the first node of its
/// grid.
std::vector<int> sharedGrids(const network::Network& network);

/// Quantisation of a node that keeps its inputs' grid: that of its input, with the widest clamp of all inputs of a
/// concat.
network::Quantization keptQuantization(const network::Network& network, const network::Node& node);

}  // namespace dna::nn
