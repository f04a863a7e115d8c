#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "core/network/network.h"
#include "core/nn/parameters.h"

namespace dna::network {

/// A float network with its parameters and the normalisation of its input (bytes; (byte - mean) / deviation).
struct TrainedNetwork {
    Network graph;
    nn::Parameters<float> parameters;
    std::array<float, 3> mean{}, deviation{};
};

/// network.json with weights.safetensors beside it (F32). Throws InputError.
TrainedNetwork readTrainedNetwork(const std::filesystem::path& network_json);
void writeTrainedNetwork(const TrainedNetwork& network, const std::filesystem::path& folder,
                         const std::string& name = "network.json");

}  // namespace dna::network
