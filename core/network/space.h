#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/network/network.h"

namespace dna::network {

/// One candidate operator of a block: k3_e1, k5_e1_g2, skip, ... (search.md 2).
struct Candidate {
    std::string name;
    int kernel = 3;
    int expansion = 1;
    int groups = 1;
    bool skip = false;
};

/// One searchable block: where it stands and what its shapes are.
struct BlockSite {
    std::string name;
    int in_channels = 0, out_channels = 0, stride = 1;
    Shape input;              ///< shape of the map it reads
    std::vector<int> bits{};  ///< widths of its weights to choose from, ascending; none: not stated
};

/// One of the things a block can be: an operator whose weights have `bits` (0: not stated).
struct BlockOption {
    int candidate = 0;
    int bits = 0;
    bool operator==(const BlockOption&) const = default;
};

/// A network space (`dna.network_space`): stem, searchable blocks, head; every choice vector makes a network.
struct NetworkSpace {
    std::string name;
    Shape input;
    int classes = 10;
    int stem_channels = 16, stem_stride = 1;
    int head_channels = 0;
    std::vector<Candidate> candidates;
    std::vector<BlockSite> blocks;
};

/// A built-in space by name, or a file.
NetworkSpace readSpace(const std::string& name_or_file);
std::vector<std::string> builtinSpaces();
/// The same space for pictures of another size and number of classes.
void fitSpace(NetworkSpace& space, const Shape& input, int classes);

/// Widths to choose from at a block: its `bits`, or {0} where none are stated.
std::vector<int> widths(const BlockSite& site);
/// Everything that a block can be, operator by operator, each at all widths in ascending order.
std::vector<BlockOption> blockOptions(const NetworkSpace& space, int block);

/// The network of a choice per block (index into candidates) and the width of its weights; no `bits`: the widest of
/// every block. Where a block states widths, stem and head state 8. Node names: "stem", "b<i>.expand", "b<i>.shuffle",
/// "b<i>.depthwise", "b<i>.project", "b<i>.add", "b<i>.skip" (shape-changing skip), "head", "pool", "classifier".
Network buildNetwork(const NetworkSpace& space, const std::vector<int>& choices, const std::string& name,
                     const std::vector<int>& bits = {});

/// Just one operator as a network of its own, fed by an input of the block's shape: what the cost table is filled from.
Network buildOperator(const NetworkSpace& space, int block, const BlockOption& option);
/// The same at the block's widest width.
Network buildOperator(const NetworkSpace& space, int block, int candidate);
/// Stem and head alone (blocks replaced by nothing): nodes whose cost no choice changes.
std::vector<Network> buildFixedParts(const NetworkSpace& space);

}  // namespace dna::network
