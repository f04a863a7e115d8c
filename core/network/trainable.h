#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/autodiff/tape.h"
#include "core/network/network.h"
#include "core/nn/parameters.h"

namespace dna::network {

/// Adds the parameters of every node, names behind `prefix`: <node>.weight (OIHW), <node>.bias (linear, and conv2d
/// without batch norm), <node>.bn.{weight, bias, running_mean, running_var}. Weights that are there already (a
/// supernet's shared ones) are kept.
template <class T>
void addParameters(nn::Parameters<T>& parameters, const Network& network, const std::string& prefix, uint64_t seed);

/// Weights between several widths: sum of their roundings to `bits`, weighted by the list `gates` on the tape.
struct BitMix {
    std::vector<int> bits;
    autodiff::Var gates;
};

struct RunMode {
    bool training = true;        ///< batch norm uses the batch's statistics
    bool train_weights = true;   ///< weights want gradients
    bool update_running = true;  ///< batch norm updates its running statistics (training only)
    std::optional<BitMix> mix{};  ///< of the weights of every convolution, whatever width its node states
};

/// Puts a network on the tape; returns the output of its last node. `outputs`, when given, gets every node's value.
/// Weights of fewer than 8 bits are rounded as quantisation will round them, the gradient passing through
/// (nn/straight_through.h); wider ones stay as they are.
template <class T>
autodiff::Var runNetwork(autodiff::Tape<T>& tape, const Network& network, nn::Parameters<T>& parameters,
                         const std::string& prefix, autodiff::Var input, const RunMode& mode,
                         std::vector<autodiff::Var>* outputs = nullptr);

}  // namespace dna::network
