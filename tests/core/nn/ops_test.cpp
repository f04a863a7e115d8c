#include "core/nn/ops.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/rng.h"
#include "core/nn/op_registry.h"

using namespace dna;
using autodiff::Gradients;
using autodiff::GradientSample;
using autodiff::MapShape;
using autodiff::Tape;
using autodiff::Tensor;
using autodiff::Var;
using autodiff::Workers;

TEST_CASE("every op's gradient agrees with central differences") {
    const auto ops = nn::builtinOps();
    CHECK(ops.ops().size() >= 10);
    for (const nn::OpEntry& op : ops.ops())
        for (const GradientSample& sample : op.samples()) {
            CAPTURE(op.name);
            CAPTURE(sample.name);
            const auto report = autodiff::checkGradient(sample);
            CHECK(report.values > 0);
            CHECK(report.max_relative_error < 1e-6);
        }
}

TEST_CASE("the gradient checker catches a wrong rule") {
    // y = x^2 with the gradient of x: right nowhere but at 1/2.
    const GradientSample broken{"broken square", {{{1, 3, 2, 2}}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                                    const Tensor<double> x = tape.value(v[0]), y = tape.allocate(x.map);
                                    y.array() = x.array().square();
                                    return tape.record(
                                        y, {v[0]}, [in = v[0]](const Tensor<double>& dy, Gradients<double>& gradients) {
                                            gradients.pass(in, dy);
                                        });
                                }};
    CHECK(autodiff::checkGradient(broken).max_relative_error > 1e-2);
}

namespace {

template <class T>
Tensor<T> randomMap(Tape<T>& tape, const MapShape& map, uint64_t seed) {
    const Tensor<T> x = tape.allocate(map);
    std::fill(x.data, x.data + x.size, T(0));
    base::Rng rng(seed, "map");
    for (int n = 0; n < map.pictures; ++n)
        for (int c = 0; c < map.channels; ++c)
            for (int p = 0; p < map.pixels(); ++p) x.at(n, c, p) = static_cast<T>(rng.normal());
    return x;
}

template <class T>
Tensor<T> randomFlat(Tape<T>& tape, size_t size, uint64_t seed) {
    const Tensor<T> x = tape.allocateFlat(size);
    base::Rng rng(seed, "flat");
    for (size_t i = 0; i < size; ++i) x.data[i] = static_cast<T>(rng.normal());
    return x;
}

/// Relative norm of the difference between the float engine and a plain loop in double.
double convError(const MapShape& in, const nn::ConvGeometry& g) {
    Workers workers(2);
    Tape<float> tape(workers);
    const Tensor<float> x = randomMap(tape, in, 3),
                        w = randomFlat(
                            tape, static_cast<size_t>(g.out_channels) * (in.channels / g.groups) * g.kernel * g.kernel,
                            4);
    const Tensor<float> y = tape.value(nn::conv2d(tape, tape.constant(x), tape.constant(w), g));
    double difference = 0, norm = 0;
    const int per_group = in.channels / g.groups, outputs_per_group = g.out_channels / g.groups;
    for (int n = 0; n < in.pictures; ++n)
        for (int k = 0; k < g.out_channels; ++k)
            for (int p = 0; p < y.map.pixels(); ++p) {
                double sum = 0;
                for (int c = 0; c < per_group; ++c)
                    for (int r = 0; r < g.kernel; ++r)
                        for (int s = 0; s < g.kernel; ++s) {
                            const int row = p / y.map.width * g.stride + r - g.pad,
                                      col = p % y.map.width * g.stride + s - g.pad;
                            if (row < 0 || row >= in.height || col < 0 || col >= in.width) continue;
                            sum +=
                                static_cast<double>(
                                    x.at(n, k / outputs_per_group * per_group + c, row * in.width + col)) *
                                static_cast<double>(
                                    w.data[((static_cast<size_t>(k) * per_group + c) * g.kernel + r) * g.kernel + s]);
                        }
                difference += std::pow(sum - static_cast<double>(y.at(n, k, p)), 2);
                norm += sum * sum;
            }
    return std::sqrt(difference / norm);
}

}  // namespace

TEST_CASE("float convolutions agree with plain loops in double") {
    CHECK(convError({3, 24, 16, 16}, {72, 1, 1, 0, 1}) < 1e-5);
    CHECK(convError({2, 144, 7, 9}, {24, 1, 1, 0, 1}) < 1e-5);
    CHECK(convError({11, 30, 1, 1}, {10, 1, 1, 0, 1}) < 1e-5);
    CHECK(convError({2, 3, 32, 32}, {16, 3, 2, 1, 1}) < 1e-5);
    CHECK(convError({2, 40, 9, 7}, {40, 3, 1, 1, 40}) < 1e-5);
    CHECK(convError({2, 17, 9, 7}, {17, 5, 2, 2, 17}) < 1e-5);
    CHECK(convError({2, 12, 5, 5}, {18, 1, 1, 0, 2}) < 1e-5);
}

TEST_CASE("the gradient of a map that is larger than the caches is written a few rows at a time") {
    Workers workers(2);
    Tape<float> tape(workers);
    const MapShape map{1, 16, 512, 514};
    const Tensor<float> x = randomMap(tape, map, 1), w = randomFlat(tape, 16 * 9, 2);
    const Var in = tape.leaf(x), y = nn::conv2d(tape, in, tape.constant(w), {16, 3, 2, 1, 16});
    const Tensor<float> ones = tape.allocate(tape.stored(y).map), root = tape.allocateFlat(1);
    std::fill_n(ones.data, ones.size, 1.0f);
    const Var loss =
        tape.record(root, {y}, [&](const Tensor<float>&, Gradients<float>& gradients) { gradients.pass(y, ones); });
    tape.backward(loss);
    const float* found = tape.gradient(in);
    double error = 0;
    for (int row = 0; row < map.height; ++row)
        for (int column = 0; column < map.width; ++column) {
            double sum = 0;
            for (int tap = 0; tap < 9; ++tap) {
                const int r = row + 1 - tap / 3, c = column + 1 - tap % 3;
                if (r >= 0 && r % 2 == 0 && r < map.height && c >= 0 && c % 2 == 0 && c < map.width)
                    sum += static_cast<double>(w.data[9 * 5 + tap]);
            }
            error = std::max(error, std::abs(sum - static_cast<double>(found[(row * map.width + column) * 16 + 5])));
        }
    CHECK(error < 1e-5);
}

TEST_CASE("a path behind a zero gate gets its forward run and one dot product") {
    Workers workers(1);
    Tape<double> tape(workers);
    const MapShape map{2, 4, 3, 3};
    const auto pathsAndLoss = [&](double other_gate) {
        tape.reset();
        const Var x = tape.leaf(randomMap(tape, map, 1));
        const Tensor<double> gates = tape.allocateFlat(2);
        gates.data[0] = 1;
        gates.data[1] = other_gate;
        const Var g = tape.leaf(gates);
        const Var weight_a = tape.leaf(randomFlat(tape, 16, 5)), weight_b = tape.leaf(randomFlat(tape, 16, 6));
        const Var a = nn::conv2d(tape, x, weight_a, {.out_channels = 4}),
                  b = nn::relu(tape, nn::conv2d(tape, x, weight_b, {.out_channels = 4}));
        const Var y = nn::globalAveragePool(tape, nn::gatedSum(tape, {a, b}, g));
        tape.backward(nn::softmaxCrossEntropy<double>(tape, y, {1, 2}));
        return std::vector<double>{tape.gradient(g)[0], tape.gradient(g)[1],
                                   tape.gradient(weight_b) == nullptr ? 1.0 : 0.0,
                                   static_cast<double>(tape.rulesRun())};
    };
    const auto lean = pathsAndLoss(0), plain = pathsAndLoss(1e-12);
    CHECK(lean[0] == doctest::Approx(plain[0]).epsilon(1e-9));
    CHECK(lean[1] == doctest::Approx(plain[1]).epsilon(1e-9));
    CHECK(lean[2] == 1);             // no gradient reached the other path's weights
    CHECK(lean[3] == plain[3] - 2);  // neither its ReLU's nor its convolution's rule ran
}

TEST_CASE("an arch step computes no weight gradients") {
    Workers workers(1);
    Tape<float> tape(workers);
    const Var x = tape.constant(randomMap(tape, {2, 4, 3, 3}, 1));
    const Var weight = tape.parameter(randomFlat(tape, 16, 2), nullptr);
    const Var fixed = nn::conv2d(tape, x, weight, {.out_channels = 4});
    CHECK_FALSE(tape.wants(fixed));
    const Tensor<float> gates = tape.allocateFlat(2);
    gates.data[0] = 1, gates.data[1] = 0;
    const Var g = tape.leaf(gates);
    const Var y = nn::globalAveragePool(tape, nn::gatedSum(tape, {fixed, x}, g));
    tape.backward(nn::softmaxCrossEntropy<float>(tape, y, {1, 2}));
    CHECK(tape.rulesRun() == 3);  // loss, pool, gated sum
    CHECK(tape.gradient(g) != nullptr);
}
