#pragma once

#include <string>

#include "core/network/trained_network.h"
#include "core/nn/integer/integer_network.h"

namespace dna::flows::onnx {

/// The bytes of an ONNX file (opset 13, open batch). Parameters are initializers of the names that weights.safetensors
/// has; the normalisation of the pictures stands in the metadata.
std::string exportModel(const network::TrainedNetwork& network);

/// An integer network with QuantizeLinear and DequantizeLinear around every layer. Throws InputError where that form
/// can't say it: 16-bit values, integers that don't follow from scales. `file` stands in messages.
std::string exportModel(const nn::IntegerNetwork& network, const std::string& file);

}  // namespace dna::flows::onnx
