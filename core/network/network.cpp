#include "core/network/network.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/network/graph.h"

namespace dna::network {
namespace {

const std::vector<std::pair<std::string, Op>> kOps = {{"input", Op::Input},
                                                      {"conv2d", Op::Conv2d},
                                                      {"add", Op::Add},
                                                      {"concat", Op::Concat},
                                                      {"channel_shuffle", Op::ChannelShuffle},
                                                      {"max_pool", Op::MaxPool},
                                                      {"average_pool", Op::AveragePool},
                                                      {"global_average_pool", Op::GlobalAveragePool},
                                                      {"linear", Op::Linear}};

std::string opName(Op op) {
    for (const auto& [name, value] : kOps)
        if (value == op) return name;
    DNA_CHECK(false, "unknown op");
    return {};
}

/// Empty when the text names no op (the problem is recorded).
std::optional<Op> readOp(base::JsonObject& object) {
    std::vector<std::string> names;
    for (const auto& [name, op] : kOps) names.push_back(name);
    const std::string chosen = object.choice("op", names);
    if (object.raw("op") != chosen) return {};
    for (const auto& [name, op] : kOps)
        if (name == chosen) return op;
    return {};
}

int readBits(base::JsonObject& object, const char* key) {
    const int bits = static_cast<int>(object.integer(key, 2, 16, 8));
    if (bits <= 8 || bits == 16) return bits;
    object.problem(key, fmt::format("expected 2 to 8, or 16, found {}", bits));
    return 8;
}

Quantization readQuantization(base::JsonObject object) {
    Quantization q;
    q.bits = readBits(object, "bits");
    const int least = leastOf(q.bits), greatest = greatestOf(q.bits);
    q.scale = object.number("scale", 1e-30, 1e30);
    q.zero_point = static_cast<int>(object.integer("zero_point", least, greatest));
    q.low = static_cast<int>(object.integer("low", least, greatest));
    q.high = static_cast<int>(object.integer("high", least, greatest));
    if (q.low > q.high) object.problem("low", fmt::format("low {} is above high {}", q.low, q.high));
    object.close();
    return q;
}

Shape readShape(base::JsonObject& object) {
    const std::vector<int64_t> dims = object.integers("shape", 1, 65536);
    if (dims.size() == 3) return {static_cast<int>(dims[0]), static_cast<int>(dims[1]), static_cast<int>(dims[2])};
    object.problem("shape", fmt::format("expected [channels, height, width], found {} numbers", dims.size()));
    return {1, 1, 1};
}

void readWindow(base::JsonObject& object, Node& node) {
    node.kernel = static_cast<int>(object.integer("kernel", 1, 63));
    node.stride = static_cast<int>(object.integer("stride", 1, 16, 1));
    node.pad = static_cast<int>(object.integer("pad", 0, 62, 0));
}

void readConv(base::JsonObject& object, Node& node) {
    node.out_channels = static_cast<int>(object.integer("out_channels", 1, 65536));
    readWindow(object, node);
    node.dilation = static_cast<int>(object.integer("dilation", 1, 16, 1));
    node.groups = static_cast<int>(object.integer("groups", 1, 65536, 1));
    node.batch_norm = object.flag("batch_norm", false);
    node.relu6 = object.flag("relu6", false);
    node.relu = object.flag("relu", false) || node.relu6;
}

void readAveragePool(base::JsonObject& object, Node& node) {
    readWindow(object, node);
    if (!object.flag("count_include_pad", false) && node.pad > 0)
        object.problem("count_include_pad",
                       "an average that leaves the padding out of its count is not supported; true counts it as zeros");
}

Node readNode(base::JsonObject& object, std::vector<std::string>& inputs) {
    Node node;
    node.name = object.text("name");
    const std::optional<Op> op = readOp(object);
    node.op =
        op.value_or(Op::GlobalAveragePool);  // one input, nothing to check: no problems that only follow from this one
    if (node.op == Op::Input)
        node.shape = readShape(object);
    else
        inputs = object.texts("inputs");
    if (node.op == Op::Conv2d) readConv(object, node);
    if (node.op == Op::MaxPool) readWindow(object, node);
    if (node.op == Op::AveragePool) readAveragePool(object, node);
    if (node.op == Op::Add) node.relu = object.flag("relu", false);
    if (node.op == Op::Linear) node.out_channels = static_cast<int>(object.integer("out_channels", 1, 65536));
    if (node.op == Op::ChannelShuffle) node.groups = static_cast<int>(object.integer("groups", 1, 65536));
    if (object.has("quantization")) node.quantization = readQuantization(object.object("quantization"));
    if (hasWeights(node) && object.has("weight_bits")) node.weight_bits = readBits(object, "weight_bits");
    if (op) object.close();
    return node;
}

/// Either every node is quantised or none.
void checkQuantization(const std::vector<Node>& nodes, const std::string& file, std::vector<base::Problem>& problems) {
    const auto has = [](const Node& node) { return node.quantization.has_value(); };
    if (std::none_of(nodes.begin(), nodes.end(), has)) return;
    for (size_t i = 0; i < nodes.size(); ++i)
        if (!has(nodes[i]))
            problems.push_back({file, fmt::format("/nodes/{}", i),
                                fmt::format("\"{}\" has no quantization but other nodes have", nodes[i].name)});
}

base::Json quantizationJson(const Quantization& q) {
    base::Json json{{"scale", q.scale}, {"zero_point", q.zero_point}, {"low", q.low}, {"high", q.high}};
    if (q.bits != 8) json["bits"] = q.bits;
    return json;
}

base::Json nodeJson(const Network& network, const Node& node) {
    base::Json json{{"name", node.name}, {"op", opName(node.op)}};
    if (node.op == Op::Input)
        json["shape"] = {node.shape.channels, node.shape.height, node.shape.width};
    else {
        json["inputs"] = base::Json::array();
        for (int input : node.inputs) json["inputs"].push_back(network.nodes[input].name);
    }
    if (node.op == Op::Conv2d) json["out_channels"] = node.out_channels;
    if (node.op == Op::Conv2d || node.op == Op::MaxPool || node.op == Op::AveragePool) {
        json["kernel"] = node.kernel;
        json["stride"] = node.stride;
        json["pad"] = node.pad;
    }
    if (node.op == Op::Conv2d) {
        if (node.dilation != 1) json["dilation"] = node.dilation;
        json["groups"] = node.groups;
        json["batch_norm"] = node.batch_norm;
        json["relu"] = node.relu;
        if (node.relu6) json["relu6"] = true;
    }
    if (node.op == Op::Add && node.relu) json["relu"] = true;
    if (node.op == Op::AveragePool && node.pad > 0) json["count_include_pad"] = true;
    if (node.op == Op::Linear) json["out_channels"] = node.out_channels;
    if (node.op == Op::ChannelShuffle) json["groups"] = node.groups;
    if (node.quantization) json["quantization"] = quantizationJson(*node.quantization);
    if (node.weight_bits != (node.quantization ? 8 : 0) && hasWeights(node)) json["weight_bits"] = node.weight_bits;
    return json;
}

}  // namespace

int Network::find(const std::string& wanted) const {
    for (size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i].name == wanted) return static_cast<int>(i);
    return -1;
}

std::vector<std::vector<int>> Network::consumers() const {
    std::vector<std::vector<int>> readers(nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i)
        for (int input : nodes[i].inputs) readers[input].push_back(static_cast<int>(i));
    return readers;
}

Network makeNetwork(const std::string& name, std::vector<Node> nodes,
                    const std::vector<std::vector<std::string>>& inputs, const std::string& file) {
    if (auto problems = graphProblems(nodes, inputs, file); !problems.empty())
        throw base::InputError(std::move(problems));
    Network network{name, {}};
    std::map<std::string, int> index;
    std::vector<base::Problem> problems;
    for (int given : stableOrder(nodes, inputs)) {
        Node node = std::move(nodes[given]);
        node.inputs.clear();
        for (const std::string& input : inputs[given]) node.inputs.push_back(index.at(input));
        if (node.quantization && hasWeights(node)) node.weight_bits = weightBits(node, 8);
        if (const std::string fault = inferShape(network.nodes, node); !fault.empty()) {
            problems.push_back({file, fmt::format("/nodes/{}", given), fmt::format("\"{}\": {}", node.name, fault)});
            if (!node.inputs.empty()) node.shape = network.nodes[node.inputs[0]].shape;
        }
        index[node.name] = static_cast<int>(network.nodes.size());
        network.nodes.push_back(std::move(node));
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
    return network;
}

Network readNetwork(const std::filesystem::path& file) {
    return readNetwork(base::JsonDocument::read(file, "network"), file.string());
}

Network readNetwork(base::JsonDocument document, const std::string& file) {
    const std::string name = document.root().text("name", "network");
    std::vector<Node> nodes;
    std::vector<std::vector<std::string>> inputs;
    for (base::JsonObject& object : document.root().objects("nodes")) {
        inputs.emplace_back();
        nodes.push_back(readNode(object, inputs.back()));
    }
    std::vector<base::Problem> problems;
    try {
        document.finish();
    } catch (const base::InputError& error) {
        problems = error.problems();
    }
    const std::vector<base::Problem> wiring = graphProblems(nodes, inputs, file);
    problems.insert(problems.end(), wiring.begin(), wiring.end());
    checkQuantization(nodes, file, problems);
    if (!problems.empty()) throw base::InputError(std::move(problems));
    return makeNetwork(name, std::move(nodes), inputs, file);
}

base::Json toJson(const Network& network) {
    base::Json json = base::makeDocument("network");
    json["name"] = network.name;
    json["nodes"] = base::Json::array();
    for (const Node& node : network.nodes) json["nodes"].push_back(nodeJson(network, node));
    return json;
}

int64_t macs(const Network& network, int index) {
    const Node& node = network.nodes[index];
    if (!hasWeights(node)) return 0;
    const int64_t reduction = int64_t{network.inputShapeOf(index).channels} / node.groups * node.kernel * node.kernel;
    return node.shape.elements() * reduction;
}

int64_t macs(const Network& network) {
    int64_t sum = 0;
    for (size_t i = 0; i < network.nodes.size(); ++i) sum += macs(network, static_cast<int>(i));
    return sum;
}

std::vector<LiveRange> liveRanges(const Network& network) {
    std::vector<LiveRange> ranges(network.nodes.size());
    for (size_t i = 0; i < network.nodes.size(); ++i) {
        ranges[i] = {static_cast<int>(i), static_cast<int>(i)};
        for (int input : network.nodes[i].inputs) ranges[input].last = static_cast<int>(i);
    }
    return ranges;
}

}  // namespace dna::network
