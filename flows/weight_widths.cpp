#include "flows/weight_widths.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/error.h"

namespace dna::flows {
namespace {

const std::vector<int> kWidths{2, 3, 4, 5, 6, 7, 8, 16};

/// BITS of "NAME=BITS", 0 when it is no width.
int widthIn(const std::string& text, size_t equals) {
    int bits = 0;
    const char *begin = text.data() + equals + 1, *end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(begin, end, bits);
    return error == std::errc{} && rest == end && std::find(kWidths.begin(), kWidths.end(), bits) != kWidths.end() ? bits : 0;
}

std::string unknownNode(const network::Network& network, const std::string& name) {
    std::vector<std::string> names;
    for (const network::Node& node : network.nodes)
        if (hasWeights(node)) names.push_back(node.name);
    const std::string near = base::nearest(name, names);
    return fmt::format("\"{}\" is no convolution or linear layer of the network{}", name,
                       near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
}

}  // namespace

void WeightWidths::declare(CLI::App& app) {
    app.add_option("--weight-bits", all, "of the weights of every layer (as the network's file says, else --bits)")
        ->check(CLI::IsMember(kWidths));
    app.add_option("--weight-bits-of", of, "NAME=BITS: of the weights of one layer; may be repeated")->take_all();
}

void WeightWidths::apply(network::Network& network) const {
    std::vector<base::Problem> problems;
    for (network::Node& node : network.nodes)
        if (all != 0 && hasWeights(node)) node.weight_bits = all;
    for (const std::string& text : of) {
        const size_t equals = text.rfind('=');
        const std::string name = text.substr(0, equals);
        const int bits = equals == std::string::npos ? 0 : widthIn(text, equals), index = network.find(name);
        if (bits == 0)
            problems.push_back({"--weight-bits-of", "", fmt::format("expected NAME=BITS with 2 to 8, or 16, bits; found {}", text)});
        else if (index < 0 || !hasWeights(network.nodes[size_t(index)]))
            problems.push_back({"--weight-bits-of", "", unknownNode(network, name)});
        else
            network.nodes[size_t(index)].weight_bits = bits;
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
}

std::vector<int> WeightWidths::widthsOf(network::Network network) const {
    apply(network);
    std::vector<int> widths;
    for (const network::Node& node : network.nodes) widths.push_back(node.weight_bits);
    return widths;
}

}  // namespace dna::flows
