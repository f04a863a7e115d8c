#pragma once

#include <cstdint>
#include <vector>

#include "core/autodiff/workers.h"
#include "core/network/trained_network.h"
#include "core/nn/integer/integer_network.h"

namespace dna::nn {

struct QuantizeOptions {
    int pictures = 512;        ///< calibration pictures used, at most
    IntegerWidths widths{};
    bool correct_bias = true;  ///< remove the mean error of every output channel, layer by layer
    std::vector<int> weight_bits{};  ///< of every node's weights (0: as the maps); empty: as the network states
    std::vector<network::Quantization> ranges{};  ///< of every node's output, as trained for; empty: from the pictures
};

/// Post-training quantisation: batch norm folded with its running statistics, symmetric weights with a scale per
/// output channel (one scale for the last linear layer), of the width that their node states (else that of the maps), activation ranges of least squared error on the calibration
/// pictures. `pictures` holds `count` pictures of [3][H][W] bytes.
IntegerNetwork quantize(network::TrainedNetwork& network, const uint8_t* pictures, int count,
                        const QuantizeOptions& options, autodiff::Workers& workers);

/// Class of a picture: the largest logit, ties to the lower class.
int classify(const IntegerNetwork& network, const uint8_t* picture);

/// Class of each of `count` pictures that stand one behind the other.
std::vector<int> classify(const IntegerNetwork& network, const uint8_t* pictures, int count,
                          autodiff::Workers& workers);

}  // namespace dna::nn
