#pragma once

#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/mapping/plan.h"
#include "core/network/network.h"

namespace dna::tests {

/// A small network that uses every operator: narrow input, stride 2, 1x1/3x3/5x5, depthwise, groups with and without
/// shuffle, residual add, global pool, linear; ragged sizes from `rng`.
network::Network everyOperator(base::Rng& rng, const std::string& name);

/// A random chunk, and a random legal mapping of a layer on it.
design::Chunk randomChunk(base::Rng& rng);
std::vector<mapping::LayerPlan> randomPlans(const std::vector<mapping::Layer>& layers, const design::Chunk& chunk,
                                            base::Rng& rng);

std::vector<uint8_t> randomPicture(const network::Network& network, base::Rng& rng);

}  // namespace dna::tests
