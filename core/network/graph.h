#pragma once

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/network/network.h"

namespace dna::network {

/// Everything wrong with the wiring: duplicate names, unknown inputs, wrong number of inputs, cycles (with the names on
/// them), nodes whose output nobody reads, more or fewer than one input node.
std::vector<base::Problem> graphProblems(const std::vector<Node>& nodes,
                                         const std::vector<std::vector<std::string>>& inputs, const std::string& file);

/// Order in which every node stands after its inputs; among nodes that are ready the earliest given comes first, and
/// the input node comes first of all. Expects a graph without problems.
std::vector<int> stableOrder(const std::vector<Node>& nodes, const std::vector<std::vector<std::string>>& inputs);

/// Output shape of node `node` from the shapes of its inputs, or what is wrong with it (empty when nothing is).
std::string inferShape(const std::vector<Node>& nodes, Node& node);

}  // namespace dna::network
