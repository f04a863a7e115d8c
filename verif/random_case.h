#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/mapping/descriptor.h"
#include "core/mapping/plan.h"
#include "core/network/network.h"

namespace dna::verif {

/// A small network that uses every operator: narrow input, stride 2, kernels of 1 to 7, dilation, depthwise (with a
/// channel multiplier too), groups with and without shuffle, ReLU6, residual add, pools, linear, half of the weights 4 bits
/// wide; ragged sizes from `rng`.
network::Network everyOperator(base::Rng& rng, const std::string& name, bool max_pool = true);

struct Words {
    int least = 1, most = 1;
};

/// What random chunks are drawn from; the default holds every layer of everyOperator.
struct ChunkRange {
    int max_rows = 32, max_cols = 16;  ///< columns of 8 bits: half or twice as many of 16 or 4
    Words input_words{256, 512}, weight_words{1024, 2048}, output_words{256, 1024};
    int accumulator_room = 11;              ///< accumulator bits above a product's and its sign, at least
    std::optional<design::Template> array{};  ///< this template only
    std::vector<int> operand_bits{4, 8, 16};
    Words descriptor_slots{64, 256};
    bool rom = false;  ///< descriptors may stand in a ROM: the chip is emitted with its programs
};

/// A random chunk among those that the reader of designs accepts: what is legal stands there alone.
design::Chunk randomChunk(base::Rng& rng, const ChunkRange& range = {});

/// Descriptors of random bits: what a ROM can hold, not what a chip can run.
std::vector<mapping::Descriptor> randomDescriptors(base::Rng& rng);

/// A random legal mapping of every layer. Throws InputError when the chunk can't hold the smallest tile of one.
std::vector<mapping::LayerPlan> randomPlans(const std::vector<mapping::Layer>& layers, const design::Chunk& chunk,
                                            base::Rng& rng);

std::vector<uint8_t> randomPicture(const network::Network& network, base::Rng& rng);

}  // namespace dna::verif
