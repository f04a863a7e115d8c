// From the layer graph to the tape: which parameters a node has and which ops compute it.

#include "core/network/trainable.h"

#include "core/base/error.h"
#include "core/nn/ops.h"
#include "core/nn/straight_through.h"

namespace dna::network {
namespace {

using autodiff::Tape;
using autodiff::Var;
using nn::Parameters;
using nn::Start;

template <class T>
class Runner {
public:
    Runner(Tape<T>& tape, const Network& network, Parameters<T>& parameters, const std::string& prefix,
           const RunMode& mode)
        : tape_(tape), network_(network), parameters_(parameters), prefix_(prefix), mode_(mode) {}

    Var run(const Node& node, const std::vector<Var>& values) {
        const auto input = [&](int k) { return values[node.inputs[k]]; };
        switch (node.op) {
            case Op::Conv2d:
                return conv(node, input(0));
            case Op::Add:
                return node.relu ? nn::relu(tape_, nn::add(tape_, input(0), input(1)))
                                 : nn::add(tape_, input(0), input(1));
            case Op::Concat: {
                std::vector<Var> parts;
                for (size_t k = 0; k < node.inputs.size(); ++k) parts.push_back(input(static_cast<int>(k)));
                return nn::concat(tape_, parts);
            }
            case Op::ChannelShuffle:
                return nn::channelShuffle(tape_, input(0), node.groups);
            case Op::MaxPool:
                return nn::maxPool(tape_, input(0), {0, node.kernel, node.stride, node.pad, 1});
            case Op::AveragePool:
                return averagePool(node, input(0));
            case Op::GlobalAveragePool:
                return nn::globalAveragePool(tape_, input(0));
            case Op::Linear:
                return nn::linear(tape_, input(0), rounded(node, bind(node, ".weight")), bind(node, ".bias"),
                                  node.out_channels);
            case Op::Input:
                break;
        }
        DNA_CHECK(false, "the input node is not run");
        return {};
    }

private:
    int index(const Node& node, const char* what) const { return parameters_.index(prefix_ + node.name + what); }
    Var bind(const Node& node, const char* what) {
        return parameters_.bind(tape_, index(node, what), mode_.train_weights);
    }

    /// The weight at its width. The logits are compared with each other, so their layer has one scale.
    Var rounded(const Node& node, Var weight) {
        const int channels = &node == &network_.nodes.back() ? 1 : node.out_channels;
        if (mode_.mix && node.op == Op::Conv2d)
            return nn::mixRoundings(tape_, weight, channels, mode_.mix->bits, mode_.mix->gates);
        if (node.weight_bits == 0 || node.weight_bits >= 8) return weight;
        return nn::roundWeights(tape_, weight, nn::roundingScales(tape_.value(weight), channels, node.weight_bits),
                                greatestOf(node.weight_bits));
    }

    /// The weight as OIHW, also where a supernet keeps it transposed.
    Var weight(const Node& node) {
        const nn::ParameterInfo& info = parameters_.infos()[index(node, ".weight")];
        const Var kept = bind(node, ".weight");
        return info.transposed
                   ? nn::transposeFlat(tape_, kept, static_cast<int>(info.shape[0]), static_cast<int>(info.shape[1]))
                   : kept;
    }

    /// A depthwise convolution with equal weights.
    Var averagePool(const Node& node, Var x) {
        const int channels = tape_.value(x).map.channels, taps = node.kernel * node.kernel;
        const autodiff::Tensor<T> shares = tape_.allocateFlat(static_cast<size_t>(channels) * taps);
        shares.array().setConstant(T(1) / static_cast<T>(taps));
        return nn::depthwiseConv2d(tape_, x, tape_.constant(shares),
                                   {channels, node.kernel, node.stride, node.pad, channels});
    }

    /// The weight as the kernel of a convolution without dilation: zeros between its taps.
    Var spreadWeight(const Node& node, Var kept) {
        return node.dilation == 1 ? kept : nn::spreadKernel(tape_, kept, node.kernel, node.dilation);
    }

    Var conv(const Node& node, Var x) {
        const nn::ConvGeometry geometry{node.out_channels, network::span(node), node.stride, node.pad, node.groups,
                                        node.batch_norm && mode_.training};
        const Var y = nn::conv2d(tape_, x, spreadWeight(node, rounded(node, weight(node))), geometry);
        if (!node.batch_norm) {
            const Var biased = nn::addBias(tape_, y, bind(node, ".bias"));
            if (node.relu6) return nn::relu6(tape_, biased);
            return node.relu ? nn::relu(tape_, biased) : biased;
        }
        nn::BatchNormOptions<T> options;
        options.training = mode_.training;
        options.relu = node.relu && !node.relu6;
        options.running_mean = parameters_.values(index(node, ".bn.running_mean"));
        options.running_variance = parameters_.values(index(node, ".bn.running_var"));
        options.update_running = mode_.training && mode_.update_running;
        const Var normalized = nn::batchNorm(tape_, y, bind(node, ".bn.weight"), bind(node, ".bn.bias"), options);
        return node.relu6 ? nn::relu6(tape_, normalized) : normalized;
    }

    Tape<T>& tape_;
    const Network& network_;
    Parameters<T>& parameters_;
    const std::string& prefix_;
    RunMode mode_;
};

}  // namespace

template <class T>
void addParameters(Parameters<T>& parameters, const Network& network, const std::string& prefix, uint64_t seed) {
    for (size_t i = 0; i < network.nodes.size(); ++i) {
        const Node& node = network.nodes[i];
        if (node.op != Op::Conv2d && node.op != Op::Linear) continue;
        const int64_t outputs = node.out_channels,
                      inputs = network.inputShapeOf(static_cast<int>(i)).channels / node.groups;
        const auto add = [&](const char* what, std::vector<int64_t> shape, Start start, bool trained, bool decay) {
            parameters.add(prefix + node.name + what, std::move(shape), start, trained, decay, seed);
        };
        if (!parameters.has(prefix + node.name + ".weight"))
            add(".weight", {outputs, inputs, node.kernel, node.kernel}, Start::HeNormal, true, true);
        if (!node.batch_norm) {
            add(".bias", {outputs}, Start::Zero, true, false);
            continue;
        }
        add(".bn.weight", {outputs}, Start::One, true, false);
        add(".bn.bias", {outputs}, Start::Zero, true, false);
        add(".bn.running_mean", {outputs}, Start::Zero, false, false);
        add(".bn.running_var", {outputs}, Start::One, false, false);
    }
}

template <class T>
Var runNetwork(Tape<T>& tape, const Network& network, Parameters<T>& parameters, const std::string& prefix, Var input,
               const RunMode& mode, std::vector<Var>* outputs) {
    Runner<T> runner(tape, network, parameters, prefix, mode);
    std::vector<Var> values{input};
    for (size_t i = 1; i < network.nodes.size(); ++i) values.push_back(runner.run(network.nodes[i], values));
    if (outputs) {
        for (Var value : values) tape.value(value);
        *outputs = values;
    }
    return values.back();
}

template void addParameters<float>(Parameters<float>&, const Network&, const std::string&, uint64_t);
template void addParameters<double>(Parameters<double>&, const Network&, const std::string&, uint64_t);
template Var runNetwork<float>(Tape<float>&, const Network&, Parameters<float>&, const std::string&, Var,
                               const RunMode&, std::vector<Var>*);
template Var runNetwork<double>(Tape<double>&, const Network&, Parameters<double>&, const std::string&, Var,
                                const RunMode&, std::vector<Var>*);

}  // namespace dna::network
