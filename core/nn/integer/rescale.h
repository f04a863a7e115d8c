#pragma once

#include "core/nn/integer/integer_network.h"

namespace dna::nn {

/// Integers of a mean of `count` values (padding among them), from the scales of its input and output.
IntegerNode averageIntegers(const network::Quantization& in, const network::Quantization& out, int count,
                            int multiplier_bits);

/// Integers of a sum of two maps.
IntegerNode addIntegers(const network::Quantization& a, const network::Quantization& b,
                        const network::Quantization& out, int multiplier_bits);

/// Values that a pool takes the mean of.
int averagedValues(const network::Network& graph, int node);

}  // namespace dna::nn
