#include "core/nn/integer/grids.h"

#include <algorithm>
#include <boost/pending/disjoint_sets.hpp>

namespace dna::nn {

std::vector<int> sharedGrids(const network::Network& network) {
    const size_t count = network.nodes.size();
    std::vector<int> rank(count), parent(count);
    boost::disjoint_sets<int*, int*> sets(rank.data(), parent.data());
    for (size_t i = 0; i < count; ++i) {
        sets.make_set(static_cast<int>(i));
        if (!network::keepsGrid(network.nodes[i].op)) continue;
        for (const int input : network.nodes[i].inputs) sets.union_set(input, static_cast<int>(i));
    }
    std::vector<int> first(count, -1), grids;
    for (size_t i = 0; i < count; ++i) {
        int& known = first[static_cast<size_t>(sets.find_set(static_cast<int>(i)))];
        if (known < 0) known = static_cast<int>(i);
        grids.push_back(known);
    }
    return grids;
}

network::Quantization keptQuantization(const network::Network& network, const network::Node& node) {
    network::Quantization q = *network.nodes[static_cast<size_t>(node.inputs[0])].quantization;
    for (const int input : node.inputs) {
        const network::Quantization& other = *network.nodes[static_cast<size_t>(input)].quantization;
        q.low = std::min(q.low, other.low), q.high = std::max(q.high, other.high);
    }
    return q;
}

}  // namespace dna::nn
