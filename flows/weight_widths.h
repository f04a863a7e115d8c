#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/network/network.h"

namespace CLI {
class App;
}

namespace dna::flows {

/// Widths of weights as a command line gives them; they stand above those that the network's file states.
struct WeightWidths {
    int all = 0;                    ///< of every node; 0: not given
    std::vector<std::string> of{};  ///< of single nodes, "NAME=BITS"

    /// Options --weight-bits and --weight-bits-of.
    void declare(CLI::App& app);
    bool given() const { return all != 0 || !of.empty(); }
    /// Throws InputError for names of no node, nodes without weights and widths that do not exist.
    void apply(network::Network& network) const;
    /// Width of every node's weights after apply(): the network itself goes on with those that its file states, which
    /// it was trained with.
    std::vector<int> widthsOf(network::Network network) const;
    base::Json toJson() const { return {{"all", all}, {"of", of}}; }
};

}  // namespace dna::flows
