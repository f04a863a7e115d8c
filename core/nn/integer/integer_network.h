#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/network/network.h"

namespace dna::nn {

/// A quantised activation or weight, whatever its width (2 to 8, or 16 bits).
using Code = int16_t;

/// Integer parameters of one node, for the exact rule of docs (single rounding):
///     y = clamp(zy + floor(((acc + bias_q[k]) * multiplier[k] + 2^(shift[k]-1)) / 2^shift[k]), low, high)
/// with acc = sum x * w; bias_q already holds -zx * sum(w), so a padded tap counts as x = zx.
/// conv2d, linear: weight_q is OIHW ([out][in / groups][kernel][kernel]); per output channel multiplier (0 < M < 2^15,
/// or < 2^(MB-1) in general) and shift (1..62). The last linear layer has no multiplier or shift (raw logits).
/// average_pool, global_average_pool: no weights; bias_q, multiplier, shift hold one entry for all channels (acc = plain
/// sum). max_pool: nothing; its output has the quantisation of its input.
/// add: multiplier = {Ma, Mb}, shift = {S}; y = clamp(zy + floor(((a - za) Ma + (b - zb) Mb + 2^(S-1)) / 2^S), low,
/// high).
struct IntegerNode {
    std::vector<Code> weight_q;
    std::vector<int32_t> bias_q;
    std::vector<int32_t> multiplier;
    std::vector<int32_t> shift;
};

/// A quantised network: the graph (every node's `quantization` set) and the integers of every node.
struct IntegerNetwork {
    network::Network graph;
    std::vector<IntegerNode> nodes;                        ///< one per graph node
    std::array<std::array<Code, 256>, 3> input_table{};  ///< host's map from picture byte to input value, per colour

    /// Widest container of an activation or weight: 4, 8 or 16.
    int containerBits() const;
    /// Least MB that holds all its multipliers: 16 or 32.
    int multiplierBits() const;
};

/// Reads network.json and the weights.safetensors beside it; throws InputError naming the `quantize` verb when the
/// network is not quantised.
IntegerNetwork readIntegerNetwork(const std::filesystem::path& network_json);
void writeIntegerNetwork(const IntegerNetwork& network, const std::filesystem::path& folder,
                         const std::string& name = "network.json");

/// Widths of a quantised network's numbers.
struct IntegerWidths {
    int bits = 8;              ///< activations, and weights of nodes that state no width: 2 to 8, or 16
    int multiplier_bits = 16;  ///< MB of the requantisation rule: 16 or 32
};

/// Random integers for a graph, shaped so that activations neither vanish nor saturate: for tests, for
/// `quantize --random-calibration` on untrained networks, for fuzzing.
IntegerNetwork randomIntegerNetwork(const network::Network& graph, uint64_t seed, const IntegerWidths& widths = {});

/// Output of every node for one picture (CHW order; logits apart): the integer executor that measures the accuracy of
/// quantised networks. `picture` is [3][H][W] bytes.
struct IntegerActivations {
    std::vector<std::vector<Code>> maps;  ///< per node, CHW; the last node's is empty
    std::vector<int64_t> logits;
};
IntegerActivations runInteger(const IntegerNetwork& network, const uint8_t* picture);

/// The rounding rule itself; 64-bit intermediate, exact.
int32_t requantize(int64_t accumulator_plus_bias, int32_t multiplier, int32_t shift, int zero_point, int low, int high);

}  // namespace dna::nn
