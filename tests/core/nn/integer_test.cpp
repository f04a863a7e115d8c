#include "core/nn/integer/integer_network.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/network/space.h"
#include "core/network/trainable.h"
#include "core/nn/integer/fixed_point.h"
#include "core/nn/integer/quantize.h"
#include "core/nn/safetensors.h"

using namespace dna;

namespace {

std::filesystem::path temporaryFolder(const std::string& name) {
    const auto folder = std::filesystem::temp_directory_path() / name;
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
}

std::vector<uint8_t> randomPicture(uint64_t seed) {
    base::Rng rng(seed, "picture");
    std::vector<uint8_t> picture(3 * 32 * 32);
    for (auto& byte : picture) byte = static_cast<uint8_t>(rng.below(256));
    return picture;
}

/// The convolution written as seven plain loops, from the formula in the header.
nn::Code naiveConv(const nn::IntegerNetwork& net, int index, const std::vector<nn::Code>& map, int k, int y, int x) {
    const network::Node& node = net.graph.nodes[index];
    const network::Shape& in = net.graph.inputShapeOf(index);
    const int per_group = in.channels / node.groups, group = k / (node.out_channels / node.groups);
    const int zero_point = net.graph.nodes[node.inputs[0]].quantization->zero_point;
    int64_t sum = net.nodes[index].bias_q[k];
    for (int c = 0; c < per_group; ++c)
        for (int r = 0; r < node.kernel; ++r)
            for (int s = 0; s < node.kernel; ++s) {
                const int row = y * node.stride + r - node.pad, col = x * node.stride + s - node.pad;
                const bool inside = row >= 0 && row < in.height && col >= 0 && col < in.width;
                const int value =
                    inside ? map[((group * per_group + c) * in.height + row) * in.width + col] : zero_point;
                sum += value * net.nodes[index].weight_q[((k * per_group + c) * node.kernel + r) * node.kernel + s];
            }
    const double scaled = std::floor(
        static_cast<double>(sum) * net.nodes[index].multiplier[k] / std::ldexp(1.0, net.nodes[index].shift[k]) + 0.5);
    const auto& q = *node.quantization;
    return static_cast<nn::Code>(std::min<double>(std::max<double>(q.zero_point + scaled, q.low), q.high));
}

}  // namespace

TEST_CASE("requantize: one rounding, half toward plus infinity") {
    CHECK(nn::requantize(3, 1, 1, 0, -128, 127) == 2);    // 1.5 -> 2
    CHECK(nn::requantize(-3, 1, 1, 0, -128, 127) == -1);  // -1.5 -> -1
    CHECK(nn::requantize(-5, 1, 1, 0, -128, 127) == -2);  // -2.5 -> -2
    CHECK(nn::requantize(1000, 1 << 14, 14, 5, -128, 127) == 127);
    CHECK(nn::requantize(-1000, 1 << 14, 14, 5, 5, 127) == 5);  // ReLU: low = zero point
    CHECK(nn::requantize(int64_t{1} << 31, 32767, 62, 0, -128, 127) == 0);
}

TEST_CASE("fixed point: normalised 15-bit multiplier, relative error below 2^-15") {
    base::Rng rng(3, "fixed");
    for (int i = 0; i < 2000; ++i) {
        const double factor = std::exp(-20 + 25 * rng.uniform());
        const nn::FixedPoint fixed = nn::toFixedPoint(factor);
        CHECK(fixed.multiplier >= (1 << 14));
        CHECK(fixed.multiplier < (1 << 15));
        CHECK(std::abs(fixed.value() / factor - 1) <= std::ldexp(1.0, -15));
    }
    CHECK(nn::toFixedPoint(1 - 1e-12).multiplier == (1 << 14));  // rounds up to the next power of two
    CHECK(nn::toFixedPoint(1 - 1e-12).shift == 14);
}

TEST_CASE("integer executor: every map of a random network agrees with plain loops") {
    const auto space = network::readSpace("micro");
    const auto net = nn::randomIntegerNetwork(network::buildNetwork(space, {1, 7, 8}, "n"), 5);
    const auto result = nn::runInteger(net, randomPicture(1).data());
    int compared = 0;
    for (size_t i = 0; i < net.graph.nodes.size(); ++i) {
        const network::Node& node = net.graph.nodes[i];
        if (node.op != network::Op::Conv2d) continue;
        for (int k = 0; k < node.shape.channels; k += 3)
            for (int p = 0; p < node.shape.height * node.shape.width; p += 5) {
                const int y = p / node.shape.width, x = p % node.shape.width;
                REQUIRE(result.maps[i][k * node.shape.height * node.shape.width + p] ==
                        naiveConv(net, static_cast<int>(i), result.maps[node.inputs[0]], k, y, x));
                ++compared;
            }
    }
    CHECK(compared > 1000);
    const int shuffle = net.graph.find("b0.shuffle"), expand = net.graph.find("b0.expand");
    CHECK(result.maps[shuffle][1 * 256 + 7] ==
          result.maps[expand][8 * 256 + 7]);  // channel 1 comes from the second group's first
}

TEST_CASE("random integers neither vanish nor saturate") {
    const auto space = network::readSpace("mini");
    for (int candidate : {0, 1, 3, 7, 8}) {
        const auto net =
            nn::randomIntegerNetwork(network::buildNetwork(space, std::vector<int>(7, candidate), "n"), 11);
        const auto result = nn::runInteger(net, randomPicture(2).data());
        for (size_t i = 0; i + 1 < net.graph.nodes.size(); ++i) {
            CAPTURE(net.graph.nodes[i].name);
            const auto& q = *net.graph.nodes[i].quantization;
            double square = 0, top = 0;
            for (nn::Code value : result.maps[i]) {
                square += (value - q.zero_point) * (value - q.zero_point);
                top += value == q.high;
            }
            const double count = static_cast<double>(result.maps[i].size());
            CHECK(std::sqrt(square / count) > 4);
            CHECK(top / count < 0.3);
        }
    }
}

namespace {

using network::Node;
using network::Op;

/// Every kind of node that quantisation knows, on a picture of 3x12x10.
network::Network everyNode() {
    Node input{.name = "input", .op = Op::Input};
    input.shape = {3, 12, 10};
    const auto conv = [](const std::string& name, int channels, int groups, int dilation) {
        Node node{.name = name, .op = Op::Conv2d, .out_channels = channels, .kernel = 3, .stride = 1, .pad = dilation};
        node.dilation = dilation, node.groups = groups, node.batch_norm = node.relu = true;
        return node;
    };
    Node stem = conv("stem", 8, 1, 1), dilated = conv("dilated", 8, 1, 2), depthwise = conv("depthwise", 8, 8, 2);
    stem.relu6 = true;
    const Node max{.name = "max", .op = Op::MaxPool, .kernel = 3, .stride = 2, .pad = 1};
    const Node mean{.name = "mean", .op = Op::AveragePool, .kernel = 3, .stride = 1, .pad = 1};
    const Node add{.name = "add", .op = Op::Add}, pool{.name = "pool", .op = Op::GlobalAveragePool};
    const Node join{.name = "join", .op = Op::Concat}, joins{.name = "joins", .op = Op::Concat};
    const Node classes{.name = "classes", .op = Op::Linear, .out_channels = 5};
    return network::makeNetwork("n", {input, stem, max, dilated, mean, depthwise, add, join, joins, pool, classes},
                                {{},
                                 {"input"},
                                 {"stem"},
                                 {"max"},
                                 {"dilated"},
                                 {"mean"},
                                 {"depthwise", "mean"},
                                 {"add", "mean"},
                                 {"join", "dilated", "mean"},
                                 {"joins"},
                                 {"pool"}},
                                "n");
}

/// Relative error (rms) of the logits of quantised networks against the float network on random pictures.
double quantisationError(const network::Network& graph) {
    constexpr int kPictures = 32;
    network::TrainedNetwork trained{graph, {}, {128, 128, 128}, {64, 64, 64}};
    network::addParameters(trained.parameters, graph, "", 3);
    const size_t bytes = static_cast<size_t>(graph.inputShape().elements());
    base::Rng rng(5, "pictures");
    std::vector<uint8_t> pictures(kPictures * bytes);
    for (auto& byte : pictures) byte = static_cast<uint8_t>(rng.below(256));
    autodiff::Workers workers(1);
    const nn::IntegerNetwork net = nn::quantize(trained, pictures.data(), kPictures, {}, workers);
    autodiff::Tape<float> tape(workers);
    const network::Shape& shape = graph.inputShape();
    const autodiff::Tensor<float> x = tape.allocate({kPictures, shape.channels, shape.height, shape.width});
    std::fill(x.data, x.data + x.size, 0.0f);
    const int plane = shape.height * shape.width;
    for (int n = 0; n < kPictures; ++n)
        for (int i = 0; i < static_cast<int>(bytes); ++i)
            x.at(n, i / plane, i % plane) = (static_cast<float>(pictures[n * bytes + i]) - 128) / 64;
    const auto& wanted = tape.value(
        network::runNetwork(tape, graph, trained.parameters, "", tape.constant(x), {false, false, false}));
    double error = 0, norm = 0;
    for (int n = 0; n < kPictures; ++n) {
        const auto logits = nn::runInteger(net, pictures.data() + n * bytes).logits;
        for (size_t k = 0; k < logits.size(); ++k) {
            const double exact = static_cast<double>(wanted.at(n, static_cast<int>(k), 0));
            const double found = net.graph.nodes.back().quantization->scale * static_cast<double>(logits[k]);
            error += (found - exact) * (found - exact), norm += exact * exact;
        }
    }
    return std::sqrt(error / norm);
}

}  // namespace

TEST_CASE("quantisation of every operator stays close to the float network") {
    CHECK(quantisationError(everyNode()) < 0.05);
}

TEST_CASE("concat: all inputs and the result are quantised alike, with clamps of their own") {
    network::TrainedNetwork trained{everyNode(), {}, {128, 128, 128}, {64, 64, 64}};
    network::addParameters(trained.parameters, trained.graph, "", 3);
    base::Rng rng(5, "pictures");
    std::vector<uint8_t> pictures(8 * 360);
    for (auto& byte : pictures) byte = static_cast<uint8_t>(rng.below(256));
    autodiff::Workers workers(1);
    for (const auto& net :
         {nn::quantize(trained, pictures.data(), 8, {}, workers), nn::randomIntegerNetwork(everyNode(), 4)}) {
        const auto at = [&](const char* name) { return *net.graph.nodes[static_cast<size_t>(net.graph.find(name))].quantization; };
        REQUIRE(net.graph.find("joins.mean") > 0);  // "mean" stands in "join" already
        for (const char* part : {"add", "mean", "join", "dilated", "joins.mean"}) {
            CAPTURE(part);
            CHECK(at(part).scale == at("joins").scale);
            CHECK(at(part).zero_point == at("joins").zero_point);
        }
        CHECK(at("dilated").low == at("joins").zero_point);  // its ReLU
        CHECK(at("joins").low <= at("dilated").low);
    }
}

TEST_CASE("a concat of maps that are quantised in different ways is refused") {
    const auto folder = temporaryFolder("dna_integer_concat_test");
    auto net = nn::randomIntegerNetwork(everyNode(), 4);
    net.graph.nodes[static_cast<size_t>(net.graph.find("dilated"))].quantization->scale *= 2;
    nn::writeIntegerNetwork(net, folder);
    CHECK_THROWS_WITH_AS(nn::readIntegerNetwork(folder / "network.json"),
                         doctest::Contains("a concat and its inputs have one scale and zero point"), base::InputError);
}

TEST_CASE("a max pool whose output is quantised unlike its input is refused") {
    const auto folder = temporaryFolder("dna_integer_pool_test");
    auto net = nn::randomIntegerNetwork(everyNode(), 4);
    net.graph.nodes[static_cast<size_t>(net.graph.find("max"))].quantization->zero_point ^= 1;
    nn::writeIntegerNetwork(net, folder);
    CHECK_THROWS_WITH_AS(nn::readIntegerNetwork(folder / "network.json"),
                         doctest::Contains("a max pool keeps the quantization of its input"), base::InputError);
}

TEST_CASE("quantised networks survive a round trip through their files") {
    const auto folder = temporaryFolder("dna_integer_test");
    const auto net = nn::randomIntegerNetwork(network::buildNetwork(network::readSpace("micro"), {0, 1, 2}, "n"), 9);
    nn::writeIntegerNetwork(net, folder);
    const auto again = nn::readIntegerNetwork(folder / "network.json");
    CHECK(again.input_table == net.input_table);
    for (size_t i = 0; i < net.nodes.size(); ++i) {
        CHECK(again.graph.nodes[i].quantization == net.graph.nodes[i].quantization);
        CHECK(again.nodes[i].weight_q == net.nodes[i].weight_q);
        CHECK(again.nodes[i].shift == net.nodes[i].shift);
    }
    const std::string bytes = base::readFile(folder / "weights.safetensors");
    SUBCASE("a truncated weights file is refused at every length") {
        for (size_t length : {size_t{0}, size_t{5}, size_t{8}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
            std::ofstream(folder / "weights.safetensors", std::ios::binary)
                .write(bytes.data(), static_cast<std::streamsize>(length));
            CHECK_THROWS_AS(nn::readIntegerNetwork(folder / "network.json"), base::InputError);
        }
    }
    SUBCASE("an unquantised network names the verb to run") {
        base::writeJson(folder / "network.json",
                        network::toJson(network::buildNetwork(network::readSpace("micro"), {0, 1, 2}, "n")));
        CHECK_THROWS_WITH_AS(nn::readIntegerNetwork(folder / "network.json"), doctest::Contains("dna quantize"),
                             base::InputError);
    }
    SUBCASE("shift, multiplier and accumulator bounds are checked") {
        auto broken = net;
        const int stem = net.graph.find("stem");
        broken.nodes[stem].shift[0] = 0;
        broken.nodes[stem].multiplier[1] = 40000;
        broken.nodes[stem].bias_q[2] = 2147483647;
        nn::writeIntegerNetwork(broken, folder);
        CHECK_THROWS_WITH_AS(nn::readIntegerNetwork(folder / "network.json"), doctest::Contains("stem.bias_q"),
                             base::InputError);
    }
}
