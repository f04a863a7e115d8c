#pragma once

#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/mapping/plan.h"
#include "core/network/network.h"

namespace dna::tests {

/// A small network that uses every operator: narrow input, stride 2, kernels of 1 to 7, dilation, depthwise (with a
/// channel multiplier too), groups with and without shuffle, ReLU6, residual add, pools, linear; ragged sizes from
/// `rng`.
network::Network everyOperator(base::Rng& rng, const std::string& name, bool max_pool = true);

/// A random chunk (output arrays can take maxima), and a random legal mapping of a layer on it.
design::Chunk randomChunk(base::Rng& rng);
std::vector<mapping::LayerPlan> randomPlans(const std::vector<mapping::Layer>& layers, const design::Chunk& chunk,
                                            base::Rng& rng);

std::vector<uint8_t> randomPicture(const network::Network& network, base::Rng& rng);

}  // namespace dna::tests
