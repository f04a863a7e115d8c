#include "core/network/graph.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <map>
#include <queue>

#include <fmt/format.h>

namespace dna::network {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;
using InputNames = std::vector<std::vector<std::string>>;

constexpr int64_t kMaxElements = int64_t{1} << 28;  // of one feature map
constexpr int64_t kMaxChannels = 65536;
constexpr size_t kMaxJoined = 256;                  // maps of a concat

std::map<std::string, int> indexByName(const std::vector<Node>& nodes) {
    std::map<std::string, int> index;
    for (size_t i = 0; i < nodes.size(); ++i) index.emplace(nodes[i].name, static_cast<int>(i));
    return index;
}

/// Edges from producer to consumer; unknown names give none.
Graph makeGraph(const std::vector<Node>& nodes, const InputNames& inputs) {
    const auto index = indexByName(nodes);
    Graph graph(nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i)
        for (const std::string& name : inputs[i])
            if (auto found = index.find(name); found != index.end()) boost::add_edge(found->second, i, graph);
    return graph;
}

/// Least and greatest number of inputs of a node.
struct InputCount {
    size_t least, most;
    std::string text() const {
        return least == most ? fmt::format("{} input(s)", least) : fmt::format("{} to {} inputs", least, most);
    }
};
InputCount wantedInputs(Op op) {
    if (op == Op::Input) return {0, 0};
    if (op == Op::Add) return {2, 2};
    return op == Op::Concat ? InputCount{2, kMaxJoined} : InputCount{1, 1};
}

class Checker {
public:
    Checker(const std::vector<Node>& nodes, const InputNames& inputs, const std::string& file)
        : nodes_(nodes), inputs_(inputs), file_(file) {}

    std::vector<base::Problem> run() {
        if (nodes_.empty()) {
            problems_.push_back({file_, "/nodes", "a network needs at least an input node"});
            return problems_;
        }
        checkNames();
        checkInputs();
        const Graph graph = makeGraph(nodes_, inputs_);
        const size_t before = problems_.size();
        checkCycles(graph);
        if (problems_.size() == before) checkDangling(graph);
        return problems_;
    }

private:
    void problem(size_t node, const std::string& key, const std::string& message) {
        problems_.push_back({file_, fmt::format("/nodes/{}{}", node, key), message});
    }

    void checkNames() {
        std::map<std::string, size_t> first;
        int input_nodes = 0;
        for (size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].name.empty()) problem(i, "/name", "a node needs a name");
            const auto [at, fresh] = first.emplace(nodes_[i].name, i);
            if (!fresh)
                problem(i, "/name", fmt::format("\"{}\" is already the name of node {}", nodes_[i].name, at->second));
            if (nodes_[i].op == Op::Input && ++input_nodes == 2)
                problem(i, "/op", "a network has one input node, this is another");
        }
        checkParameterNames(first);
        if (input_nodes == 0) problems_.push_back({file_, "/nodes", "no node has op \"input\""});
    }

    /// The batch norm of "a" has parameters that a layer "a.bn" would have too.
    void checkParameterNames(const std::map<std::string, size_t>& index) {
        for (size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].batch_norm && index.contains(nodes_[i].name + ".bn"))
                problem(i, "/name",
                        fmt::format("the batch norm's parameters and those of \"{0}.bn\" have the same names; rename "
                                    "\"{0}.bn\"",
                                    nodes_[i].name));
    }

    void checkInputs() {
        const auto index = indexByName(nodes_);
        std::vector<std::string> names;
        for (const Node& node : nodes_) names.push_back(node.name);
        for (size_t i = 0; i < nodes_.size(); ++i) {
            const InputCount wanted = wantedInputs(nodes_[i].op);
            if (inputs_[i].size() < wanted.least || inputs_[i].size() > wanted.most)
                problem(i, "/inputs", fmt::format("expected {}, found {}", wanted.text(), inputs_[i].size()));
            for (size_t k = 0; k < inputs_[i].size(); ++k) {
                if (index.contains(inputs_[i][k])) continue;
                const std::string near = base::nearest(inputs_[i][k], names);
                problem(i, fmt::format("/inputs/{}", k),
                        fmt::format("no node is called \"{}\"{}", inputs_[i][k],
                                    near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
            }
        }
    }

    void checkCycles(const Graph& graph) {
        std::vector<int> component(nodes_.size());
        const int count = boost::strong_components(
            graph, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph)));
        std::vector<std::vector<size_t>> members(count);
        for (size_t i = 0; i < nodes_.size(); ++i) members[component[i]].push_back(i);
        for (const auto& cycle : members) {
            const bool loop = cycle.size() > 1 || boost::edge(cycle[0], cycle[0], graph).second;
            if (!loop) continue;
            std::string names;
            for (size_t node : cycle) names += (names.empty() ? "" : ", ") + nodes_[node].name;
            problem(cycle.front(), "/inputs", "these nodes feed each other in a cycle: " + names);
        }
    }

    void checkDangling(const Graph& graph) {
        std::vector<size_t> sinks;
        for (size_t i = 0; i < nodes_.size(); ++i)
            if (boost::out_degree(i, graph) == 0) sinks.push_back(i);
        if (sinks.size() <= 1) return;
        for (size_t k = 0; k + 1 < sinks.size(); ++k)
            problem(sinks[k], "",
                    fmt::format("nobody reads the output of \"{}\" (the network's output is \"{}\")",
                                nodes_[sinks[k]].name, nodes_[sinks.back()].name));
    }

    const std::vector<Node>& nodes_;
    const InputNames& inputs_;
    std::string file_;
    std::vector<base::Problem> problems_;
};

/// Shape behind a window that slides over the map.
std::string inferWindow(const Shape& in, int out_channels, Node& node) {
    const std::string kernel =
        node.dilation == 1 ? fmt::format("kernel {}", node.kernel)
                           : fmt::format("kernel {} with dilation {}", node.kernel, node.dilation);
    const int height = in.height + 2 * node.pad - span(node);
    const int width = in.width + 2 * node.pad - span(node);
    if (height < 0 || width < 0)
        return fmt::format("{} is larger than the padded {}x{} map", kernel, in.height + 2 * node.pad,
                           in.width + 2 * node.pad);
    if (node.pad >= span(node)) return fmt::format("pad {} must be smaller than {}", node.pad, kernel);
    node.shape = {out_channels, height / node.stride + 1, width / node.stride + 1};
    return {};
}

std::string inferConv(const Shape& in, Node& node) {
    if (in.channels % node.groups != 0)
        return fmt::format("groups {} does not divide the {} input channels", node.groups, in.channels);
    if (node.out_channels % node.groups != 0)
        return fmt::format("groups {} does not divide the {} output channels", node.groups, node.out_channels);
    return inferWindow(in, node.out_channels, node);
}

/// Channels one behind the other; all maps have the same height and width.
std::string inferConcat(const std::vector<Node>& nodes, Node& node) {
    node.shape = nodes[node.inputs[0]].shape;
    int64_t channels = 0;
    for (const int input : node.inputs) {
        const Shape& part = nodes[input].shape;
        if (part.height != node.shape.height || part.width != node.shape.width)
            return fmt::format("joins maps of different sizes: {}x{} and {}x{}", node.shape.height, node.shape.width,
                               part.height, part.width);
        channels += part.channels;
    }
    if (channels > kMaxChannels) return fmt::format("{} channels are more than supported ({})", channels, kMaxChannels);
    node.shape.channels = static_cast<int>(channels);
    return {};
}

}  // namespace

std::vector<base::Problem> graphProblems(const std::vector<Node>& nodes, const InputNames& inputs,
                                         const std::string& file) {
    return Checker(nodes, inputs, file).run();
}

std::vector<int> stableOrder(const std::vector<Node>& nodes, const InputNames& inputs) {
    const Graph graph = makeGraph(nodes, inputs);
    std::vector<size_t> missing(nodes.size());
    using Ready = std::pair<bool, int>;  // the input node before all others, then the given order
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
    for (size_t i = 0; i < nodes.size(); ++i) {
        missing[i] = boost::in_degree(i, graph);
        if (missing[i] == 0) ready.emplace(nodes[i].op != Op::Input, static_cast<int>(i));
    }
    std::vector<int> order;
    while (!ready.empty()) {
        const int node = ready.top().second;
        ready.pop();
        order.push_back(node);
        for (auto [edge, end] = boost::out_edges(node, graph); edge != end; ++edge) {
            const int next = static_cast<int>(boost::target(*edge, graph));
            if (--missing[next] == 0) ready.emplace(nodes[next].op != Op::Input, next);
        }
    }
    return order;
}

std::string inferShape(const std::vector<Node>& nodes, Node& node) {
    const Shape in = node.op == Op::Input ? node.shape : nodes[node.inputs[0]].shape;
    std::string fault;
    switch (node.op) {
        case Op::Input:
            break;
        case Op::Conv2d:
            fault = inferConv(in, node);
            break;
        case Op::Add: {
            const Shape& other = nodes[node.inputs[1]].shape;
            if (!(in == other))
                fault = fmt::format("adds maps of different shapes: {}x{}x{} and {}x{}x{}", in.channels, in.height,
                                    in.width, other.channels, other.height, other.width);
            node.shape = in;
            break;
        }
        case Op::Concat:
            fault = inferConcat(nodes, node);
            break;
        case Op::ChannelShuffle:
            if (in.channels % node.groups != 0)
                fault = fmt::format("groups {} does not divide the {} channels", node.groups, in.channels);
            node.shape = in;
            break;
        case Op::MaxPool:
        case Op::AveragePool:
            fault = inferWindow(in, in.channels, node);
            break;
        case Op::GlobalAveragePool:
            node.shape = {in.channels, 1, 1};
            break;
        case Op::Linear:
            if (in.height != 1 || in.width != 1)
                fault = fmt::format("a linear layer wants a 1x1 map, found {}x{}", in.height, in.width);
            node.shape = {node.out_channels, 1, 1};
            break;
    }
    if (fault.empty() && node.shape.elements() > kMaxElements)
        fault = fmt::format("a map of {} values is larger than supported ({})", node.shape.elements(), kMaxElements);
    return fault;
}

}  // namespace dna::network
