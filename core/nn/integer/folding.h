#pragma once

#include <cstddef>
#include <vector>

#include "core/network/trained_network.h"

namespace dna::nn {

/// Weights and bias of a convolution or linear layer with batch norm folded in by its running statistics.
struct Folded {
    int outputs = 0, reduction = 0;
    std::vector<double> weight, bias;
};

Folded fold(const network::TrainedNetwork& network, size_t node);

/// The whole network without batch norm: convolutions with folded weights and biases.
network::TrainedNetwork foldAll(const network::TrainedNetwork& network);

/// Scale of the weights of the output channels [first, last): the largest weight at the greatest value of `bits`, and
/// never so small that the bias leaves 28 bits (30 behind a 16-bit map).
double weightScale(const Folded& folded, int first, int last, const network::Quantization& input, int bits);

/// The scale of every output channel; one for all where `common` (the last linear layer, whose accumulators are
/// compared with each other).
std::vector<double> weightScales(const Folded& folded, bool common, const network::Quantization& input, int bits);

}  // namespace dna::nn
