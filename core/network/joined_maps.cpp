#include "core/network/joined_maps.h"

#include <set>

#include "core/network/grids.h"

namespace dna::network {
namespace {

class Separator {
public:
    explicit Separator(const Network& network) : network_(network) {
        for (const Node& node : network.nodes) names_.insert(node.name);
    }

    Network run() {
        for (const Node& node : network_.nodes) {
            std::vector<std::string> inputs;
            for (const int input : node.inputs) inputs.push_back(network_.nodes[static_cast<size_t>(input)].name);
            if (node.op == Op::Concat)
                for (size_t k = 0; k < inputs.size(); ++k)
                    if (!joins(node, node.inputs[k])) inputs[k] = copyOf(inputs[k], node);
            nodes_.push_back(node);
            inputs_.push_back(std::move(inputs));
        }
        if (nodes_.size() == network_.nodes.size()) return network_;
        return makeNetwork(network_.name, std::move(nodes_), inputs_, network_.name);
    }

private:
    /// Whether a map can stand in the concat itself; then it does.
    bool joins(const Node& concat, int map) {
        const auto& grid = network_.nodes[static_cast<size_t>(map)].quantization;
        const bool other_grid = grid && concat.quantization && !sameGrid(*grid, *concat.quantization);
        return !other_grid && !holdsPicture(map) && joined_.insert(map).second;
    }

    /// Whether a map's values are the picture's, moved or not. (The picture is copied for concats.)
    bool holdsPicture(int map) const {
        const Node& node = network_.nodes[static_cast<size_t>(map)];
        return map == 0 || (node.op != Op::Concat && keepsGrid(node.op) && holdsPicture(node.inputs[0]));
    }

    /// Adds a copy of a map for a concat; returns its name.
    std::string copyOf(const std::string& map, const Node& concat) {
        Node copy;
        copy.name = concat.name + "." + map;
        while (!names_.insert(copy.name).second) copy.name += "_";
        copy.op = Op::AveragePool;
        copy.quantization = concat.quantization;
        nodes_.push_back(copy);
        inputs_.push_back({map});
        return copy.name;
    }

    const Network& network_;
    std::set<std::string> names_;
    std::set<int> joined_;  ///< maps that stand in a concat already
    std::vector<Node> nodes_;
    std::vector<std::vector<std::string>> inputs_;
};

}  // namespace

Network separateJoinedMaps(const Network& network) { return Separator(network).run(); }

}  // namespace dna::network
