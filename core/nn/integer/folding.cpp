#include "core/nn/integer/folding.h"

#include <algorithm>
#include <cmath>

#include "core/network/trainable.h"

namespace dna::nn {

using network::Node;
using network::Op;

Folded fold(const network::TrainedNetwork& network, size_t index) {
    const Node& node = network.graph.nodes[index];
    const Parameters<float>& parameters = network.parameters;
    const auto values = [&](const char* what) { return parameters.values(parameters.index(node.name + what)); };
    Folded folded;
    folded.outputs = node.out_channels;
    folded.reduction =
        network.graph.inputShapeOf(static_cast<int>(index)).channels / node.groups * node.kernel * node.kernel;
    const float* weight = values(".weight");
    for (int k = 0; k < folded.outputs; ++k) {
        double factor = 1, bias = 0;
        if (node.batch_norm) {
            factor = static_cast<double>(values(".bn.weight")[k]) /
                     std::sqrt(static_cast<double>(values(".bn.running_var")[k]) + 1e-5);
            bias = static_cast<double>(values(".bn.bias")[k]) -
                   static_cast<double>(values(".bn.running_mean")[k]) * factor;
        } else {
            bias = static_cast<double>(values(".bias")[k]);
        }
        for (int r = 0; r < folded.reduction; ++r)
            folded.weight.push_back(static_cast<double>(weight[static_cast<size_t>(k) * folded.reduction + r]) *
                                    factor);
        folded.bias.push_back(bias);
    }
    return folded;
}

network::TrainedNetwork foldAll(const network::TrainedNetwork& network) {
    network::TrainedNetwork result{network.graph, {}, network.mean, network.deviation};
    for (Node& node : result.graph.nodes) node.batch_norm = false;
    network::addParameters(result.parameters, result.graph, "", 0);
    for (size_t i = 0; i < result.graph.nodes.size(); ++i) {
        const Node& node = result.graph.nodes[i];
        if (node.op != Op::Conv2d && node.op != Op::Linear) continue;
        const Folded folded = fold(network, i);
        const auto put = [&](const char* what, const std::vector<double>& from) {
            float* to = result.parameters.values(result.parameters.index(node.name + what));
            std::transform(from.begin(), from.end(), to, [](double value) { return static_cast<float>(value); });
        };
        put(".weight", folded.weight);
        put(".bias", folded.bias);
    }
    return result;
}

double weightScale(const Folded& folded, int first, int last, const network::Quantization& input, int bits) {
    double largest = 0, bias = 0;
    for (int k = first; k < last; ++k) {
        bias = std::max(bias, std::abs(folded.bias[k]));
        for (int r = 0; r < folded.reduction; ++r)
            largest = std::max(largest, std::abs(folded.weight[static_cast<size_t>(k) * folded.reduction + r]));
    }
    const double bias_limit = std::ldexp(1.0, input.bits == 16 ? 30 : 28);
    return std::max({largest / network::greatestOf(bits), bias / (input.scale * bias_limit), 1e-12});
}

std::vector<double> weightScales(const Folded& folded, bool common, const network::Quantization& input, int bits) {
    std::vector<double> scales;
    for (int k = 0; k < folded.outputs; ++k)
        scales.push_back(common ? weightScale(folded, 0, folded.outputs, input, bits)
                                : weightScale(folded, k, k + 1, input, bits));
    return scales;
}

}  // namespace dna::nn
