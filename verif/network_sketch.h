#pragma once

#include <string>
#include <vector>

#include "core/network/network.h"

namespace dna::verif {

/// A network that grows node by node; names of inputs are checked when it is built.
class NetworkSketch {
public:
    void node(const std::string& name, network::Op op, std::vector<std::string> inputs, network::Node rest = {});
    /// A convolution with pad kernel / 2, batch norm and, if wanted, ReLU.
    void conv(const std::string& name, const std::string& from, int out, int kernel, int stride, int groups,
              bool relu = true);
    /// The convolution added last gets a dilation, and the padding that keeps its size.
    void dilate(int dilation);
    void relu6() { nodes_.back().relu = nodes_.back().relu6 = true; }
    void pool(const std::string& name, const std::string& from, network::Op op, int kernel, int stride, int pad);
    /// Appends a node that reads the last one; its name tells the place: "n3".
    void append(network::Op op, network::Node rest = {});
    /// Appends a node that reads others.
    void appendOf(network::Op op, std::vector<std::string> inputs, network::Node rest = {});
    /// Appends the sum of the last node and an earlier one.
    void appendAdd(const std::string& other, bool other_first);

    const std::string& last() const { return nodes_.back().name; }
    network::Shape shape() const { return build("sketch").nodes.back().shape; }
    /// Throws InputError when the graph is none.
    network::Network build(const std::string& name) const { return network::makeNetwork(name, nodes_, inputs_, name); }

private:
    std::vector<network::Node> nodes_;
    std::vector<std::vector<std::string>> inputs_;
};

}  // namespace dna::verif
