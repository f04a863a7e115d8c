// Weights between several widths, and weights trained at the width that their node states.
#include <doctest/doctest.h>

#include <cmath>

#include "core/autodiff/gradient_check.h"
#include "core/base/rng.h"
#include "core/network/space.h"
#include "core/network/trainable.h"
#include "core/nn/integer/folding.h"
#include "core/nn/ops.h"
#include "core/nn/straight_through.h"

using namespace dna;
using autodiff::Tape;
using autodiff::Tensor;
using autodiff::Var;

namespace {

template <class T>
Tensor<T> drawn(Tape<T>& tape, size_t size) {
    const Tensor<T> x = tape.allocateFlat(size);
    base::Rng rng(21, "weights");
    for (size_t i = 0; i < size; ++i) x.data[i] = static_cast<T>(rng.normal());
    return x;
}

template <class T>
Tensor<T> list(Tape<T>& tape, const std::vector<double>& values) {
    const Tensor<T> x = tape.allocateFlat(values.size());
    for (size_t i = 0; i < values.size(); ++i) x.data[i] = static_cast<T>(values[i]);
    return x;
}

}  // namespace

TEST_CASE("mixed roundings: values by hand") {
    autodiff::Workers workers(1);
    Tape<double> tape(workers);
    // Two channels; 3 bits: greatest code 3. Scales 0.1 and 0.2 at 3 bits; 1 bit more: 0.3 / 7 and 0.6 / 7.
    const Tensor<double> w = list<double>(tape, {0.3, -0.13, 0.06, -0.6, 0.29, 0.0});
    CHECK(nn::roundingScales(w, 2, 3)[0] == doctest::Approx(0.1));
    CHECK(nn::roundingScales(w, 2, 3)[1] == doctest::Approx(0.2));
    const auto mixed = [&](double narrow, double wide) {
        const Var y = nn::mixRoundings(tape, tape.constant(w), 2, {3, 4}, tape.constant(list<double>(tape, {narrow, wide})));
        const Tensor<double> value = tape.value(y);
        return std::vector<double>(value.data, value.data + value.size);
    };
    const std::vector<double> three{0.3, -0.1, 0.1, -0.6, 0.2, 0.0},
        four{0.3, -3 * 0.3 / 7, 1 * 0.3 / 7, -0.6, 3 * 0.6 / 7, 0.0};
    for (size_t i = 0; i < 6; ++i) {
        CHECK(mixed(1, 0)[i] == doctest::Approx(three[i]));
        CHECK(mixed(0, 1)[i] == doctest::Approx(four[i]));
        CHECK(mixed(0.25, 0.75)[i] == doctest::Approx(0.25 * three[i] + 0.75 * four[i]));
    }
}

TEST_CASE("mixed roundings: the gradient by the shares agrees with central differences") {
    // Weights stand still, so that the function is smooth in its inputs: shares, through a convolution, and its map.
    const auto build = [](int channels, int groups) {
        return [=](Tape<double>& tape, const std::vector<Var>& v) {
            const int taps = channels / groups * 9;
            const Var weight = tape.constant(drawn<double>(tape, static_cast<size_t>(channels * taps)));
            const Var mixed = nn::mixRoundings(tape, weight, channels, {4, 8}, v[1]);
            return nn::conv2d(tape, v[0], mixed, {channels, 3, 1, 1, groups});
        };
    };
    for (const int groups : {1, 4}) {
        const autodiff::GradientReport report = autodiff::checkGradient({"conv", {{{2, 4, 3, 3}}, {{}, 2}}, build(4, groups)});
        CHECK(report.max_relative_error < 1e-6);
        CHECK(report.values > 2);
    }
    // One list of shares in two layers, as the layers of a block have it.
    const autodiff::GradientReport shared = autodiff::checkGradient({"two layers", {{{2, 4, 3, 3}}, {{}, 2}}, [&](Tape<double>& tape, const std::vector<Var>& v) {
        const std::vector<Var> inner{build(4, 4)(tape, v), v[1]};
        return build(4, 1)(tape, inner);
    }});
    CHECK(shared.max_relative_error < 1e-6);
    const autodiff::GradientReport wrong = autodiff::checkGradient({"rounding counts as constant", {{{}, 8}}, [](Tape<double>& tape, const std::vector<Var>& v) {
        return nn::roundWeights(tape, v[0], {1e3}, 7);
    }});
    CHECK(wrong.max_relative_error > 0.1);  // the straight-through estimate is no derivative, and the check sees it
}

TEST_CASE("mixed roundings: weights get the gradient of the shares' sum, as if nothing was rounded") {
    autodiff::Workers workers(1);
    Tape<double> tape(workers);
    const Var weight = tape.leaf(drawn<double>(tape, 12)), gates = tape.leaf(list<double>(tape, {0.3, 0.6}));
    const Var mixed = nn::mixRoundings(tape, weight, 3, {4, 8}, gates);
    const Tensor<double> x = tape.allocate({1, 4, 1, 1});
    std::fill(x.data, x.data + x.size, 0.0);
    for (int c = 0; c < 4; ++c) x.at(0, c, 0) = c + 1.0;
    const Var logits = nn::linear(tape, tape.constant(x), mixed, tape.constant(list<double>(tape, {0, 0, 0})), 3);
    double p[3], sum = 0;
    for (int k = 0; k < 3; ++k) sum += p[k] = std::exp(tape.value(logits).at(0, k, 0));
    tape.backward(nn::softmaxCrossEntropy<double>(tape, logits, {1}));
    for (int k = 0; k < 3; ++k)
        for (int c = 0; c < 4; ++c)
            CHECK(tape.gradient(weight)[k * 4 + c] == doctest::Approx(0.9 * (p[k] / sum - (k == 1)) * (c + 1)));
}

TEST_CASE("a float network runs its narrow weights rounded, with the codes that quantisation gives the folded ones") {
    network::TrainedNetwork net{network::buildNetwork(network::readSpace("micro_bits"), {3, 1, 6}, "n", {4, 8, 4}), {}, {1, 2, 3}, {4, 5, 6}};
    network::addParameters(net.parameters, net.graph, "", 5);
    base::Rng rng(9, "statistics");
    for (size_t i = 0; i < net.parameters.infos().size(); ++i) {
        const nn::ParameterInfo& info = net.parameters.infos()[i];
        for (size_t k = 0; k < info.size && info.name.find(".bn.") != std::string::npos; ++k)
            net.parameters.values(static_cast<int>(i))[k] = static_cast<float>(0.5 + rng.uniform());
    }
    // The same network with weights rounded beforehand that states no width.
    network::TrainedNetwork plain = net;
    for (size_t i = 0; i < net.graph.nodes.size(); ++i) {
        network::Node& node = plain.graph.nodes[i];
        const int bits = node.weight_bits;
        node.weight_bits = 0;
        if (bits != 4) continue;
        const int index = net.parameters.index(node.name + ".weight");
        const nn::ParameterInfo& info = net.parameters.infos()[static_cast<size_t>(index)];
        const Tensor<float> weight{net.parameters.values(index), info.size, {}};
        const std::vector<double> scales = nn::roundingScales(weight, node.out_channels, 4);
        const nn::Folded folded = nn::fold(net, i);
        const std::vector<double> folded_scales = nn::weightScales(folded, false, {.scale = 1.0}, 4);
        const size_t reduction = info.size / scales.size();
        for (size_t k = 0; k < info.size; ++k) {
            const double code = std::floor(static_cast<double>(weight.data[k]) / scales[k / reduction] + 0.5);
            CHECK(code == std::floor(folded.weight[k] / folded_scales[k / reduction] + 0.5));
            plain.parameters.values(index)[k] = static_cast<float>(code * scales[k / reduction]);
        }
    }
    autodiff::Workers workers(2);
    const auto logits = [&](network::TrainedNetwork& network, bool training) {
        Tape<float> tape(workers);
        const Tensor<float> x = tape.allocate({2, 3, 32, 32});
        std::fill(x.data, x.data + x.size, 0.0f);
        base::Rng noise(3, "noise");
        for (int c = 0; c < 3; ++c)
            for (int p = 0; p < 2048; ++p) x.at(p / 1024, c, p % 1024) = static_cast<float>(noise.normal());
        const Tensor<float> y = tape.value(network::runNetwork(tape, network.graph, network.parameters, "", tape.constant(x), {training, false, false, {}}));
        return std::vector<float>(y.data, y.data + y.size);
    };
    CHECK(logits(net, false) == logits(plain, false));
    CHECK(logits(net, true) == logits(plain, true));
    network::TrainedNetwork unrounded = net;
    for (network::Node& node : unrounded.graph.nodes) node.weight_bits = 0;
    CHECK(logits(net, false) != logits(unrounded, false));
}
