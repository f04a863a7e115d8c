#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace dna::network {

enum class Op { Input, Conv2d, Add, Concat, ChannelShuffle, MaxPool, AveragePool, GlobalAveragePool, Linear };

/// Feature-map shape of one picture.
struct Shape {
    int channels = 0;
    int height = 0;
    int width = 0;
    bool operator==(const Shape&) const = default;
    int64_t elements() const { return int64_t{channels} * height * width; }
};

/// Narrowest container that holds values of so many bits: 4, 8 or 16.
constexpr int containerBits(int bits) { return bits <= 4 ? 4 : bits <= 8 ? 8 : 16; }
/// Values of so many bits, two's complement: [leastOf, greatestOf].
constexpr int leastOf(int bits) { return -(1 << (bits - 1)); }
constexpr int greatestOf(int bits) { return (1 << (bits - 1)) - 1; }

/// Affine quantisation of a node's output: real = scale * (q - zero_point), q clamped to [low, high], `bits` wide (2 to
/// 8, or 16). ReLU is low = zero_point, ReLU6 also high = zero_point + 6 / scale. The last linear layer gives raw
/// accumulators as logits and has scale only.
struct Quantization {
    double scale = 1.0;
    int zero_point = 0;
    int low = -128;
    int high = 127;
    int bits = 8;
    bool operator==(const Quantization&) const = default;
};

/// One node of the layer graph. Batch norm and ReLU belong to the convolution they follow.
struct Node {
    std::string name;
    Op op = Op::Input;
    std::vector<int> inputs{};  ///< indices of earlier nodes
    int out_channels = 0;       ///< conv2d, linear
    int kernel = 1;             ///< conv2d, max_pool, average_pool: square kernel
    int stride = 1;             ///< the same
    int pad = 0;                ///< the same, on all four sides; average_pool counts the zeros, max_pool ignores them
    int dilation = 1;           ///< conv2d: distance of neighbouring taps
    int groups = 1;             ///< conv2d, channel_shuffle
    bool batch_norm = false;    ///< conv2d
    bool relu = false;          ///< conv2d, add; also set where relu6 is
    bool relu6 = false;         ///< conv2d: clamps to [0, 6]
    std::optional<Quantization> quantization{};
    /// conv2d, linear: width of the weights, 2 to 8 or 16. 0 in a float network: not stated, as wide as the maps will be.
    int weight_bits = 0;
    Shape shape{};  ///< of the output; inferred
};

/// A layer graph in topological order: node 0 is the input, the last node gives the logits.
struct Network {
    std::string name;
    std::vector<Node> nodes;

    const Shape& inputShape() const { return nodes.front().shape; }
    const Shape& inputShapeOf(int node) const { return nodes[nodes[node].inputs[0]].shape; }
    int classes() const { return nodes.back().shape.channels; }
    bool quantized() const { return nodes.front().quantization.has_value(); }
    int find(const std::string& name) const;  ///< index, or -1
    /// Consumers of every node.
    std::vector<std::vector<int>> consumers() const;
};

/// Checks the graph (Boost.Graph: cycles, dangling nodes, unknown inputs), sorts it topologically (stable), infers
/// shapes. Throws InputError with every problem; `file` stands in the messages.
Network makeNetwork(const std::string& name, std::vector<Node> nodes,
                    const std::vector<std::vector<std::string>>& inputs, const std::string& file);

Network readNetwork(const std::filesystem::path& file);
/// The same from a parsed document; `file` stands in the messages.
Network readNetwork(base::JsonDocument document, const std::string& file);
base::Json toJson(const Network& network);

/// Positions that a kernel spans in the map, gaps of a dilation included.
inline int span(const Node& node) { return node.dilation * (node.kernel - 1) + 1; }

/// Multiply-accumulates of one node / of the network for one picture (convolutions and linear layers).
int64_t macs(const Network& network, int node);
int64_t macs(const Network& network);

/// Whether a node has weights: conv2d, linear.
inline bool hasWeights(const Node& node) { return node.op == Op::Conv2d || node.op == Op::Linear; }
/// Width of a node's weights in a network whose maps have `bits`: the stated one, or the same.
inline int weightBits(const Node& node, int bits) { return node.weight_bits != 0 ? node.weight_bits : bits; }

/// Live range of each node's output in execution order: [definition, last use]. For the memory map.
struct LiveRange {
    int first = 0;
    int last = 0;
};
std::vector<LiveRange> liveRanges(const Network& network);

}  // namespace dna::network
