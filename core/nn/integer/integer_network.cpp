// Reads and writes quantised networks: network.json (graph, scales) and weights.safetensors (integers) beside it.

#include "core/nn/integer/integer_network.h"

#include <fmt/format.h>

#include <cstdlib>
#include <algorithm>

#include "core/base/error.h"
#include "core/nn/integer/grids.h"
#include "core/nn/safetensors.h"

namespace dna::nn {
namespace {

using network::Node;
using network::Op;
using network::Quantization;

constexpr const char* kWeightsFile = "weights.safetensors";
constexpr const char* kInputTable = "input.table";

bool isLogits(const network::Network& graph, size_t index) {
    return index + 1 == graph.nodes.size() && graph.nodes[index].op == Op::Linear;
}

std::vector<int64_t> weightShape(const network::Network& graph, size_t index) {
    const Node& node = graph.nodes[index];
    return {node.out_channels, graph.inputShapeOf(static_cast<int>(index)).channels / node.groups, node.kernel,
            node.kernel};
}

/// Lengths of bias_q, multiplier and shift of a node.
struct Lengths {
    int64_t bias = 0, multiplier = 0, shift = 0;
};

Lengths lengths(const network::Network& graph, size_t index) {
    const Node& node = graph.nodes[index];
    switch (node.op) {
        case Op::Conv2d:
            return {node.out_channels, node.out_channels, node.out_channels};
        case Op::Linear:
            return isLogits(graph, index) ? Lengths{node.out_channels, 0, 0}
                                          : Lengths{node.out_channels, node.out_channels, node.out_channels};
        case Op::AveragePool:
        case Op::GlobalAveragePool:
            return {1, 1, 1};
        case Op::Add:
            return {0, 2, 1};
        default:
            return {};
    }
}

void checkRanges(const IntegerNode& integers, const std::string& name, TensorReader& reader) {
    for (int32_t m : integers.multiplier)
        if (m < 0) return reader.problem(name + ".multiplier", fmt::format("expected values of at least 0, found {}", m));
    for (int32_t s : integers.shift)
        if (s < 1 || s > 62)
            return reader.problem(name + ".shift", fmt::format("expected values in [1, 62], found {}", s));
}

/// The accumulator with its bias can never overflow: max |x| * sum |w| + |bias| < 2^31 for every channel (2^47 with 16
/// bits).
void checkAccumulators(const IntegerNode& integers, const std::string& name, int input_bits, int weight_bits,
                       TensorReader& reader) {
    const size_t rows = integers.bias_q.size();
    if (rows == 0 || integers.weight_q.size() % rows != 0) return;
    const size_t reduction = integers.weight_q.size() / rows;
    const int width = std::max(input_bits, weight_bits) == 16 ? 48 : 32;
    for (size_t k = 0; k < rows; ++k) {
        int64_t bound = std::abs(int64_t{integers.bias_q[k]});
        for (size_t r = 0; r < reduction; ++r)
            bound -= int64_t{network::leastOf(input_bits)} * std::abs(int64_t{integers.weight_q[k * reduction + r]});
        if (bound >= (int64_t{1} << (width - 1)))
            return reader.problem(name + ".bias_q",
                                  fmt::format("channel {} can overflow {} bits (bound {})", k, width, bound));
    }
}

/// Values of `bits`: int8 in the file up to 8 bits, else int16.
std::vector<Code> readCodes(TensorReader& reader, const std::string& name, const std::vector<int64_t>& shape,
                            int bits) {
    if (bits > 8) return reader.values<int16_t>(name, shape);
    const std::vector<int8_t> narrow = reader.values<int8_t>(name, shape);
    for (const int8_t value : narrow)
        if (value < network::leastOf(bits) || value > network::greatestOf(bits)) {
            reader.problem(name, fmt::format("expected values of {} bits, found {}", bits, value));
            break;
        }
    return {narrow.begin(), narrow.end()};
}

StoredTensor storeCodes(const std::vector<Code>& codes, std::vector<int64_t> shape, int bits) {
    if (bits > 8) return fromValues(codes, std::move(shape));
    return fromValues(std::vector<int8_t>(codes.begin(), codes.end()), std::move(shape));
}
IntegerNode readNode(const network::Network& graph, size_t index, TensorReader& reader) {
    const Node& node = graph.nodes[index];
    const Lengths length = lengths(graph, index);
    IntegerNode integers;
    if (network::hasWeights(node))
        integers.weight_q =
            readCodes(reader, node.name + ".weight_q", weightShape(graph, index), node.weight_bits);
    if (length.bias > 0) integers.bias_q = reader.values<int32_t>(node.name + ".bias_q", {length.bias});
    if (length.multiplier > 0)
        integers.multiplier = reader.values<int32_t>(node.name + ".multiplier", {length.multiplier});
    if (length.shift > 0) integers.shift = reader.values<int32_t>(node.name + ".shift", {length.shift});
    checkRanges(integers, node.name, reader);
    if (!node.inputs.empty())
        checkAccumulators(integers, node.name, graph.nodes[size_t(node.inputs[0])].quantization->bits,
                          node.weight_bits, reader);
    return integers;
}

/// Nodes that only move or choose values.
void checkKeptQuantizations(const network::Network& graph, const std::string& file) {
    std::vector<base::Problem> problems;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const Node& node = graph.nodes[i];
        if (!network::keepsGrid(node.op)) continue;
        const Quantization kept = keptQuantization(graph, node);
        bool same = *node.quantization == kept;
        for (const int input : node.inputs)
            same = same && network::sameGrid(*graph.nodes[static_cast<size_t>(input)].quantization, kept);
        if (same) continue;
        const std::string problem =
            node.op == Op::Concat
                ? fmt::format("a concat and its inputs have one scale and zero point, and the concat's clamp is the "
                              "widest of its inputs ({} to {})",
                              kept.low, kept.high)
                : fmt::format("a {} keeps the quantization of its input",
                              node.op == Op::MaxPool ? "max pool" : "channel shuffle");
        problems.push_back({file, fmt::format("/nodes/{}/quantization", i), problem});
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
}

}  // namespace

int IntegerNetwork::multiplierBits() const {
    for (const IntegerNode& node : nodes)
        for (const int32_t multiplier : node.multiplier)
            if (multiplier >= 1 << 15) return 32;
    return 16;
}

IntegerNetwork readIntegerNetwork(const std::filesystem::path& network_json) {
    IntegerNetwork network{network::readNetwork(network_json), {}, {}};
    if (!network.graph.quantized())
        throw base::InputError(
            network_json.string(), "/nodes/0/quantization",
            "the network is not quantised; run `dna quantize --network " + network_json.string() + "` first");
    checkKeptQuantizations(network.graph, network_json.string());
    const std::filesystem::path weights = network_json.parent_path() / kWeightsFile;
    const TensorMap tensors = readSafetensors(weights);
    TensorReader reader(tensors, weights.string());
    for (size_t i = 0; i < network.graph.nodes.size(); ++i) network.nodes.push_back(readNode(network.graph, i, reader));
    const std::vector<Code> table =
        readCodes(reader, kInputTable, {3, 256}, network.graph.nodes.front().quantization->bits);
    reader.finish();
    std::copy(table.begin(), table.end(), network.input_table.front().begin());
    return network;
}

int IntegerNetwork::containerBits() const {
    int bits = 4;
    for (const Node& node : graph.nodes) {
        bits = std::max({bits, network::containerBits(node.quantization->bits),
                         network::hasWeights(node) ? network::containerBits(node.weight_bits) : 4});
    }
    return bits;
}

void writeIntegerNetwork(const IntegerNetwork& network, const std::filesystem::path& folder,
                         const std::string& name) {
    TensorMap tensors;
    const auto put = [&](const std::string& name, const auto& values) {
        if (!values.empty()) tensors[name] = fromValues(values, {static_cast<int64_t>(values.size())});
    };
    for (size_t i = 0; i < network.nodes.size(); ++i) {
        const std::string& of = network.graph.nodes[i].name;
        const IntegerNode& node = network.nodes[i];
        if (!node.weight_q.empty())
            tensors[of + ".weight_q"] =
                storeCodes(node.weight_q, weightShape(network.graph, i), network.graph.nodes[i].weight_bits);
        put(of + ".bias_q", node.bias_q);
        put(of + ".multiplier", node.multiplier);
        put(of + ".shift", node.shift);
    }
    std::vector<Code> table;
    for (const auto& colour : network.input_table) table.insert(table.end(), colour.begin(), colour.end());
    tensors[kInputTable] = storeCodes(table, {3, 256}, network.graph.nodes.front().quantization->bits);
    writeSafetensors(folder / kWeightsFile, tensors);
    base::writeJson(folder / name, network::toJson(network.graph));
}

}  // namespace dna::nn
