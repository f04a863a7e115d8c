#include <doctest/doctest.h>

#include <cmath>

#include "core/base/rng.h"
#include "core/network/space.h"
#include "core/network/trainable.h"
#include "core/nn/integer/folding.h"
#include "core/nn/integer/quantize.h"
#include "core/nn/integer/quantized_forward.h"
#include "core/nn/ops.h"
#include "core/nn/straight_through.h"

using namespace dna;

namespace {

/// Normalised bytes of `count` pictures on the tape.
autodiff::Var onTape(autodiff::Tape<float>& tape, const network::TrainedNetwork& net, const std::vector<uint8_t>& bytes, int count) {
    const network::Shape& shape = net.graph.inputShape();
    const int pixels = shape.height * shape.width;
    const autodiff::Tensor<float> x = tape.allocate({count, shape.channels, shape.height, shape.width});
    std::fill(x.data, x.data + x.size, 0.0f);
    for (int n = 0; n < count; ++n)
        for (int c = 0; c < 3; ++c)
            for (int p = 0; p < pixels; ++p)
                x.at(n, c, p) = (static_cast<float>(bytes[static_cast<size_t>((n * 3 + c) * pixels + p)]) - net.mean[c]) / net.deviation[c];
    return tape.constant(x);
}

/// A network of the space `micro` whose batch norms have statistics of their own.
network::TrainedNetwork someNetwork() {
    network::TrainedNetwork net{network::buildNetwork(network::readSpace("micro"), {3, 1, 6}, "some"), {}, {120, 130, 110}, {60, 64, 58}};
    network::addParameters(net.parameters, net.graph, "", 5);
    base::Rng rng(9, "statistics");
    for (size_t i = 0; i < net.parameters.infos().size(); ++i) {
        const nn::ParameterInfo& info = net.parameters.infos()[i];
        if (info.name.find(".bn.") == std::string::npos) continue;
        for (size_t k = 0; k < info.size; ++k)
            net.parameters.values(static_cast<int>(i))[k] = static_cast<float>(info.name.ends_with("running_var") || info.name.ends_with("bn.weight")
                                                                                   ? 0.5 + rng.uniform()
                                                                                   : rng.normal() * 0.3);
    }
    return net;
}

std::vector<uint8_t> noise(const network::TrainedNetwork& net, int count) {
    std::vector<uint8_t> bytes(static_cast<size_t>(net.graph.inputShape().elements()) * static_cast<size_t>(count));
    base::Rng rng(3, "noise");
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
    return bytes;
}

}  // namespace

TEST_CASE("rounding on the tape: values by hand, gradients pass where nothing is clamped") {
    autodiff::Workers workers(2);
    autodiff::Tape<float> tape(workers);
    // Scale 0.5, zero point -2, codes -3 to 4: real values -0.5 to 3.
    const nn::RoundingGrid grid{0.5, -2, -3, 4};
    const std::vector<float> in{-0.8f, -0.6f, -0.2f, 0.2f, 0.25f, 1.3f, 3.2f, 3.3f}, out{-0.5f, -0.5f, 0, 0, 0.5f, 1.5f, 3, 3}, gradient{0, 1, 1, 1, 1, 1, 1, 0};
    const autodiff::Tensor<float> x = tape.allocate({1, 1, 2, 4});
    std::fill(x.data, x.data + x.size, 0.0f);
    for (int p = 0; p < 8; ++p) x.at(0, 0, p) = in[static_cast<size_t>(p)];
    const autodiff::Var leaf = tape.leaf(x);
    const autodiff::Var y = nn::roundToGrid(tape, leaf, grid);
    for (int p = 0; p < 8; ++p) CHECK(tape.value(y).at(0, 0, p) == out[static_cast<size_t>(p)]);
    for (int p = 0; p < 8; ++p) CHECK(tape.value(y).at(0, 1, p) == 0.0f);  // padded channels stay 0
    const autodiff::Var mean = nn::globalAveragePool(tape, y);
    const autodiff::Tensor<float> weight = tape.allocateFlat(2), bias = tape.allocateFlat(2);
    weight.data[0] = 8.0f;
    bias.data[0] = 0.0f;
    // Two classes of logits (8 mean, 0): d loss / d mean = 8 (p - 1) for label 0.
    weight.data[1] = bias.data[1] = 0.0f;
    const autodiff::Var logits = nn::linear(tape, mean, tape.constant(weight), tape.constant(bias), 2);
    const double margin = static_cast<double>(tape.value(logits).at(0, 0, 0)), p = 1 / (1 + std::exp(-margin));
    tape.backward(nn::softmaxCrossEntropy<float>(tape, logits, {0}));
    const autodiff::Tensor<float> found{const_cast<float*>(tape.gradient(leaf)), x.size, x.map};
    for (int i = 0; i < 8; ++i) CHECK(found.at(0, 0, i) == doctest::Approx((p - 1) * static_cast<double>(gradient[static_cast<size_t>(i)])));

    const autodiff::Tensor<float> w = tape.allocateFlat(4);
    for (int i = 0; i < 4; ++i) w.data[i] = std::vector<float>{0.3f, -0.9f, 0.26f, 0.1f}[static_cast<size_t>(i)];
    const autodiff::Tensor<float> rounded = tape.value(nn::roundWeights(tape, tape.constant(w), {0.1, 0.25}, 7));
    for (int i = 0; i < 4; ++i) CHECK(rounded.data[i] == doctest::Approx(std::vector<double>{0.3, -0.7, 0.25, 0}[static_cast<size_t>(i)]));
}

TEST_CASE("folded network: the same answers without batch norm") {
    network::TrainedNetwork net = someNetwork();
    network::TrainedNetwork folded = nn::foldAll(net);
    autodiff::Workers workers(1);
    autodiff::Tape<float> tape(workers);
    const auto bytes = noise(net, 4);
    const autodiff::Tensor<float> a =
        tape.value(network::runNetwork(tape, net.graph, net.parameters, "", onTape(tape, net, bytes, 4), {false, false, false}));
    const autodiff::Tensor<float> b =
        tape.value(network::runNetwork(tape, folded.graph, folded.parameters, "", onTape(tape, net, bytes, 4), {false, false, false}));
    for (int n = 0; n < 4; ++n)
        for (int c = 0; c < 10; ++c) CHECK(b.at(n, c, 0) == doctest::Approx(a.at(n, c, 0)).epsilon(1e-4));
}

TEST_CASE("rounded forward: computes what the integer network computes") {
    constexpr int kPictures = 16;
    network::TrainedNetwork net = someNetwork();
    const auto bytes = noise(net, kPictures);
    autodiff::Workers workers(2);
    struct Widths {
        int bits, every_second;  ///< of all maps and most weights; of every second node's weights (0: not stated)
    };
    for (const auto [bits, every_second] : {Widths{8, 0}, Widths{4, 0}, Widths{8, 4}, Widths{16, 8}}) {
        CAPTURE(bits);
        CAPTURE(every_second);
        for (size_t i = 1; i < net.graph.nodes.size(); i += 2)
            if (network::hasWeights(net.graph.nodes[i])) net.graph.nodes[i].weight_bits = every_second;
        nn::QuantizeOptions options;
        options.widths.bits = bits;
        const nn::IntegerNetwork measured = nn::quantize(net, bytes.data(), kPictures, options, workers);
        for (const network::Node& node : measured.graph.nodes) options.ranges.push_back(*node.quantization);
        options.correct_bias = false;
        network::TrainedNetwork folded = nn::foldAll(net);
        const nn::IntegerNetwork integer = nn::quantize(folded, bytes.data(), kPictures, options, workers);
        for (size_t i = 0; i < integer.graph.nodes.size(); ++i)
            if (network::hasWeights(integer.graph.nodes[i])) CHECK(integer.graph.nodes[i].weight_bits == (i % 2 == 1 && every_second != 0 ? every_second : bits));
        for (size_t i = 0; i + 1 < options.ranges.size(); ++i) CHECK(*integer.graph.nodes[i].quantization == options.ranges[i]);

        autodiff::Tape<float> tape(workers);
        const autodiff::Tensor<float> logits = tape.value(nn::runRounded(tape, folded, options.ranges, onTape(tape, net, bytes, kPictures)));
        const double scale = integer.graph.nodes.back().quantization->scale;
        double error = 0, size = 0, rounding = 0;
        const autodiff::Tensor<float> unrounded =
            tape.value(network::runNetwork(tape, net.graph, net.parameters, "", onTape(tape, net, bytes, kPictures), {false, false, false}));
        for (int n = 0; n < kPictures; ++n) {
            const auto exact = nn::runInteger(integer, bytes.data() + static_cast<size_t>(n) * 3072).logits;
            for (int c = 0; c < 10; ++c) {
                const double wanted = scale * static_cast<double>(exact[static_cast<size_t>(c)]);
                error += std::pow(static_cast<double>(logits.at(n, c, 0)) - wanted, 2);
                rounding += std::pow(static_cast<double>(unrounded.at(n, c, 0)) - wanted, 2);
                size += wanted * wanted;
            }
        }
        // What is left are the 15-bit factors between layers and sums of floats; not rounding at all is further away.
        CHECK(std::sqrt(error / size) < 0.015);
        CHECK(error < rounding / 4);
    }
}
