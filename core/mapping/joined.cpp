#include "core/mapping/joined.h"

namespace dna::mapping {

std::vector<JoinedPlace> joinedPlaces(const network::Network& network) {
    std::vector<JoinedPlace> places(network.nodes.size());
    for (size_t i = network.nodes.size(); i-- > 0;) {
        if (places[i].whole == 0) places[i].whole = static_cast<int>(i);
        const network::Node& node = network.nodes[i];
        if (node.op != network::Op::Concat) continue;
        // Readers come behind what they read: the concat's own place is known by now.
        int begin = places[i].begin;
        for (const int input : node.inputs) {
            places[static_cast<size_t>(input)] = {places[i].whole, begin};
            begin += network.nodes[static_cast<size_t>(input)].shape.channels;
        }
    }
    return places;
}

}  // namespace dna::mapping
