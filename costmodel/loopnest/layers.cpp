#include "costmodel/loopnest/layers.h"

#include <fmt/format.h>

#include <algorithm>

namespace dna::costmodel::loopnest {
namespace {

constexpr int64_t kMaxCount = 1'000'000;

CountedLayer readLayer(base::JsonObject& object, const std::string& file) {
    CountedLayer layer;
    Problem& problem = layer.problem;
    problem.name = object.text("name");
    if (problem.name.empty()) object.problem("name", "expected a name");
    layer.count = object.integer("count", 1, kMaxCount, 1);
    const auto size = [&](std::string_view key) { return object.integer(key, 1, base::kMaxInteger, 1); };
    for (int d = 0; d < kDims; ++d) problem.bounds[d] = size(kDimNames.substr(size_t(d), 1));
    problem.stride_p = size("Wstride");
    problem.stride_q = size("Hstride");
    problem.dilation_r = size("Wdilation");
    problem.dilation_s = size("Hdilation");
    object.close();
    try {
        validate(problem, file, object.pointer());
    } catch (const base::InputError& error) {
        for (const base::Problem& found : error.problems()) object.problem("", found.message);
    }
    return layer;
}

/// Convolution or linear layer as a problem; groups share neither channels nor filters.
Problem problemOf(const network::Network& network, int node) {
    const network::Node& n = network.nodes[node];
    Problem problem;
    problem.name = n.name;
    const auto set = [&](Dim d, int64_t value) { problem.bounds[index(d)] = value; };
    if (n.op == network::Op::Linear) {
        set(Dim::C, network.inputShapeOf(node).elements());
        set(Dim::M, n.out_channels);
        return problem;
    }
    set(Dim::C, network.inputShapeOf(node).channels / n.groups);
    set(Dim::M, n.out_channels / n.groups);
    set(Dim::G, n.groups);
    set(Dim::P, n.shape.height);
    set(Dim::Q, n.shape.width);
    set(Dim::R, n.kernel);
    set(Dim::S, n.kernel);
    problem.stride_p = problem.stride_q = n.stride;
    problem.dilation_r = problem.dilation_s = n.dilation;
    return problem;
}

const char* opText(network::Op op) {
    switch (op) {
        case network::Op::Add:
            return "add";
        case network::Op::Concat:
            return "concat";
        case network::Op::ChannelShuffle:
            return "channel_shuffle";
        case network::Op::MaxPool:
            return "max_pool";
        case network::Op::AveragePool:
            return "average_pool";
        case network::Op::GlobalAveragePool:
            return "global_average_pool";
        default:
            return "input";
    }
}

}  // namespace

bool sameShape(const Problem& a, const Problem& b) {
    Problem named = b;
    named.name = a.name;
    return a == named;
}

LayerList readLayers(const std::filesystem::path& file) {
    base::JsonDocument document = base::JsonDocument::read(file, "layers");
    base::JsonObject& root = document.root();
    LayerList out;
    out.name = root.text("name");
    for (base::JsonObject object : root.objects("layers")) {
        out.layers.push_back(readLayer(object, file.string()));
        const std::string& name = out.layers.back().problem.name;
        if (std::any_of(out.layers.begin(), out.layers.end() - 1,
                        [&](const CountedLayer& other) { return other.problem.name == name; }))
            object.problem("name", fmt::format("two layers are called \"{}\"", name));
    }
    if (out.layers.empty()) root.problem("layers", "expected at least one layer");
    document.finish();
    return out;
}

LayerList layersOf(const network::Network& network) {
    LayerList out;
    out.name = network.name;
    for (size_t node = 0; node < network.nodes.size(); ++node) {
        const network::Node& n = network.nodes[node];
        if (n.op != network::Op::Conv2d && n.op != network::Op::Linear) {
            if (n.op != network::Op::Input) out.skipped.push_back(fmt::format("{} ({})", n.name, opText(n.op)));
            continue;
        }
        const Problem problem = problemOf(network, int(node));
        const auto same = std::find_if(out.layers.begin(), out.layers.end(),
                                       [&](const CountedLayer& layer) { return sameShape(layer.problem, problem); });
        if (same != out.layers.end())
            ++same->count;
        else
            out.layers.push_back({problem, 1});
    }
    return out;
}

}  // namespace dna::costmodel::loopnest
