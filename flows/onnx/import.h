#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/network/trained_network.h"
#include "core/nn/integer/integer_network.h"
#include "flows/onnx/model.h"

namespace dna::flows::onnx {

/// How pictures become the network's input: (byte / 255 - mean) / deviation per colour, as torchvision's ToTensor and
/// Normalize do. What is not given comes from the file's metadata, or is 0 and 1.
struct ImportOptions {
    std::optional<std::array<double, 3>> mean, deviation;
};

struct Imported {
    std::variant<network::TrainedNetwork, nn::IntegerNetwork> network;
    std::vector<std::string> notes;  ///< what a user should know of the choices made

    const network::Network& graph() const;
};

/// A model as a network: a float one, or an integer network where the model quantises every layer. Throws InputError
/// with everything that is not supported, node by node.
Imported importModel(const Model& model, const std::string& name, const ImportOptions& options);

}  // namespace dna::flows::onnx
