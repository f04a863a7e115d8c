// What a file says beside its graph: the numbers of its metadata, and the widths of the weights among them.

#include "flows/onnx/metadata.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "flows/onnx/weights.h"

namespace dna::flows::onnx {
namespace {

/// Float networks may state any width or none; quantised ones have weights of int8 at most.
bool isWidth(double bits, bool quantized) {
    return (bits >= 2 && bits <= 8 && bits == std::floor(bits)) || (!quantized && (bits == 0 || bits == 16));
}

/// Nothing, or what is wrong with a layer of these weights.
std::string faultOf(const Layer& layer, double bits) {
    const bool quantized = !layer.weight_codes.empty();
    if (!isWidth(bits, quantized))
        return fmt::format("expected {}, found {}", quantized ? "2 to 8" : "2 to 8, 16, or 0 (not stated)", bits);
    const int width = static_cast<int>(bits);
    for (const int64_t code : layer.weight_codes)
        if (code < network::leastOf(width) || code > network::greatestOf(width))
            return fmt::format("{} bits can't hold its weight {}", width, code);
    return {};
}

}  // namespace

std::optional<std::vector<double>> numbers(const std::string& text) {
    std::vector<double> out;
    const char *at = text.data(), *end = text.data() + text.size();
    while (true) {
        double value = 0;
        const auto [next, fault] = std::from_chars(at, end, value);
        if (fault != std::errc() || !std::isfinite(value)) return {};
        out.push_back(value);
        if (next == end) return out;
        if (*next != ',') return {};
        at = next + 1;
    }
}

std::optional<std::string> weightBitsText(const network::Network& network) {
    std::vector<int> widths;
    for (const network::Node& node : network.nodes)
        if (network::hasWeights(node)) widths.push_back(node.weight_bits);
    const int unsaid = network.quantized() ? 8 : 0;
    if (std::all_of(widths.begin(), widths.end(), [&](int bits) { return bits == unsaid; })) return {};
    return fmt::format("{}", fmt::join(widths, ","));
}

void readWeightBits(const std::string& text, const std::string& file, std::vector<Layer>& layers,
                    std::vector<base::Problem>& problems) {
    const std::string place = fmt::format("metadata \"{}\"", kWeightBitsKey);
    const std::optional<std::vector<double>> widths = numbers(text);
    const auto products = static_cast<size_t>(
        std::count_if(layers.begin(), layers.end(), [](const Layer& layer) { return hasWeights(layer); }));
    if (!widths || widths->size() != products)
        return problems.push_back(
            {file, place,
             fmt::format("expected {} numbers, one for each convolution and linear layer, found \"{}\"", products,
                         shown(text))});
    size_t next = 0;
    for (Layer& layer : layers) {
        if (!hasWeights(layer)) continue;
        const double bits = (*widths)[next++];
        if (const std::string fault = faultOf(layer, bits); !fault.empty())
            problems.push_back({file, place, fmt::format("{}: {}", layer.place, fault)});
        else
            layer.node.weight_bits = static_cast<int>(bits);
    }
}

}  // namespace dna::flows::onnx
