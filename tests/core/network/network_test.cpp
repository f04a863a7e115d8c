#include "core/network/network.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "core/network/space.h"

using namespace dna;
using network::Node;
using network::Op;

namespace {

Node inputNode(int channels = 3, int size = 8) {
    Node node{.name = "input", .op = Op::Input};
    node.shape = {channels, size, size};
    return node;
}

Node conv(const std::string& name, int channels) {
    return {.name = name, .op = Op::Conv2d, .out_channels = channels, .kernel = 3, .stride = 1, .pad = 1};
}

std::string problemsOf(std::vector<Node> nodes, const std::vector<std::vector<std::string>>& inputs) {
    try {
        network::makeNetwork("n", std::move(nodes), inputs, "n.json");
    } catch (const base::InputError& error) {
        return error.what();
    }
    return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::filesystem::path writeTemporary(const std::string& name, const std::string& text) {
    const auto file = std::filesystem::temp_directory_path() / name;
    std::ofstream(file) << text;
    return file;
}

}  // namespace

TEST_CASE("network: nodes given in any order are sorted, the input first") {
    const auto net =
        network::makeNetwork("n", {conv("b", 4), conv("a", 5), inputNode()}, {{"a"}, {"input"}, {}}, "n.json");
    CHECK(net.nodes[0].name == "input");
    CHECK(net.nodes[1].name == "a");
    CHECK(net.nodes[2].name == "b");
    CHECK(net.nodes[2].inputs == std::vector<int>{1});
    CHECK(net.nodes[2].shape == network::Shape{4, 8, 8});
}

TEST_CASE("network: every wiring problem is reported") {
    SUBCASE("cycle") {
        Node add{.name = "add", .op = Op::Add};
        const std::string text = problemsOf({inputNode(), add, conv("a", 3)}, {{}, {"input", "a"}, {"add"}});
        CHECK(contains(text, "cycle: add, a"));
    }
    SUBCASE("duplicate, unknown with suggestion, wrong count") {
        const std::string text =
            problemsOf({inputNode(), conv("a", 3), conv("a", 3), conv("c", 3)}, {{}, {"inputt"}, {"a"}, {}});
        CHECK(contains(text, "\"a\" is already the name of node 1"));
        CHECK(contains(text, "did you mean \"input\"?"));
        CHECK(contains(text, "expected 1 input(s), found 0"));
    }
    SUBCASE("names that are parameters of another node's batch norm") {
        Node normalized = conv("a", 3);
        normalized.batch_norm = true;
        CHECK(contains(problemsOf({inputNode(), normalized, conv("a.bn", 3)}, {{}, {"input"}, {"a"}}),
                       "the batch norm's parameters and those of \"a.bn\" have the same names"));
    }
    SUBCASE("dangling") {
        CHECK(contains(problemsOf({inputNode(), conv("a", 3), conv("b", 3)}, {{}, {"input"}, {"input"}}),
                       "nobody reads the output of \"a\""));
    }
    SUBCASE("concat") {
        const Node join{.name = "join", .op = Op::Concat};
        CHECK(contains(problemsOf({inputNode(), conv("a", 3), join}, {{}, {"input"}, {"a"}}),
                       "expected 2 to 256 inputs, found 1"));
        Node half = conv("b", 4);
        half.stride = 2;
        CHECK(contains(problemsOf({inputNode(), conv("a", 3), half, join}, {{}, {"input"}, {"input"}, {"a", "b"}}),
                       "\"join\": joins maps of different sizes: 8x8 and 4x4"));
    }
    SUBCASE("shapes") {
        Node add{.name = "add", .op = Op::Add};
        Node grouped = conv("g", 4);
        grouped.groups = 2;
        const std::string text =
            problemsOf({inputNode(), conv("a", 4), add, grouped}, {{}, {"input"}, {"input", "a"}, {"add"}});
        CHECK(contains(text, "different shapes: 3x8x8 and 4x8x8"));
        CHECK(contains(text, "groups 2 does not divide the 3 input channels"));
    }
}

TEST_CASE("network: file round trip, and a broken file names every fault") {
    const auto space = network::readSpace("mini");
    const auto net = network::buildNetwork(space, {1, 2, 3, 4, 5, 6, 8}, "round");
    const auto file = writeTemporary("dna_network_test.json", network::toJson(net).dump());
    const auto again = network::readNetwork(file);
    CHECK(network::toJson(again) == network::toJson(net));
    const auto broken = writeTemporary("dna_network_broken.json",
                                       R"({"format": "dna.network", "version": 1, "nodes": [
            {"name": "input", "op": "input", "shape": [3, 8]},
            {"name": "c", "op": "conv", "inputs": ["x"]},
            {"name": "p", "op": "global_average_pool", "inputs": ["c"], "colour": 1}]})");
    try {
        network::readNetwork(broken);
        FAIL("accepted a broken network");
    } catch (const base::InputError& error) {
        CHECK(error.problems().size() >= 4);
        CHECK(contains(error.what(), "/nodes/0/shape"));
        CHECK(contains(error.what(), "/nodes/1/op"));
        CHECK(contains(error.what(), "colour"));
        CHECK(contains(error.what(), "no node is called \"x\""));
    }
}

TEST_CASE("network: widths of weights, and their file") {
    Node narrow = conv("narrow", 6);
    narrow.weight_bits = 4;
    const auto net = network::makeNetwork("n", {inputNode(), narrow, conv("c", 6)}, {{}, {"input"}, {"narrow"}}, "n.json");
    const auto again = network::readNetwork(writeTemporary("dna_network_widths.json", network::toJson(net).dump()));
    CHECK(again.nodes[1].weight_bits == 4);
    CHECK(again.nodes[2].weight_bits == 0);  // not stated
    CHECK(network::weightBits(again.nodes[1], 8) == 4);
    CHECK(network::weightBits(again.nodes[2], 16) == 16);
    SUBCASE("a quantised file that states none means 8") {
        network::Network quantized = net;
        for (Node& node : quantized.nodes) node.quantization.emplace();
        quantized.nodes[2].weight_bits = 8;
        const auto read = network::readNetwork(writeTemporary("dna_network_widths.json", network::toJson(quantized).dump()));
        CHECK(read.nodes[1].weight_bits == 4);
        CHECK(read.nodes[2].weight_bits == 8);
        CHECK(!network::toJson(read).at("nodes").at(2).contains("weight_bits"));
    }
    SUBCASE("others than 2 to 8 and 16 are refused, and widths of what has no weights") {
        base::Json json = network::toJson(net);
        for (const int bits : {-4, 0, 1, 9, 12, 17}) {
            json["nodes"][1]["weight_bits"] = bits;
            CHECK_THROWS_WITH_AS(network::readNetwork(writeTemporary("dna_network_widths.json", json.dump())),
                                 doctest::Contains("/nodes/1/weight_bits"), base::InputError);
        }
        json["nodes"][1].erase("weight_bits");
        json["nodes"][0]["weight_bits"] = 4;
        CHECK_THROWS_WITH_AS(network::readNetwork(writeTemporary("dna_network_widths.json", json.dump())),
                             doctest::Contains("/nodes/0/weight_bits"), base::InputError);
    }
}

TEST_CASE("network: windows of pools and dilated kernels, and their file") {
    Node dilated = conv("dilated", 6);
    dilated.pad = 2, dilated.dilation = 2, dilated.relu = dilated.relu6 = true;
    const Node max{.name = "max", .op = Op::MaxPool, .kernel = 3, .stride = 2, .pad = 1};
    const Node mean{.name = "mean", .op = Op::AveragePool, .kernel = 2, .stride = 2};
    const auto net = network::makeNetwork("n", {inputNode(3, 9), dilated, max, mean},
                                          {{}, {"input"}, {"dilated"}, {"max"}}, "n.json");
    CHECK(net.nodes[1].shape == network::Shape{6, 9, 9});  // 9 + 2 * 2 - 5 + 1
    CHECK(net.nodes[2].shape == network::Shape{6, 5, 5});  // (9 + 2 - 3) / 2 + 1
    CHECK(net.nodes[3].shape == network::Shape{6, 2, 2});  // (5 - 2) / 2 + 1
    const auto again = network::readNetwork(writeTemporary("dna_network_window.json", network::toJson(net).dump()));
    CHECK(network::toJson(again) == network::toJson(net));
    CHECK(again.nodes[1].relu6);
    Node wide = conv("wide", 6);
    wide.dilation = 6;
    CHECK(contains(problemsOf({inputNode(3, 9), wide}, {{}, {"input"}}),
                   "kernel 3 with dilation 6 is larger than the padded 11x11 map"));
}

TEST_CASE("network: an average pool says what becomes of its padding") {
    const std::string head = R"({"format": "dna.network", "version": 1, "nodes": [
        {"name": "input", "op": "input", "shape": [3, 8, 8]},
        {"name": "p", "op": "average_pool", "inputs": ["input"], "kernel": 3, "pad": 1)";
    CHECK_THROWS_WITH_AS(network::readNetwork(writeTemporary("dna_network_pad.json", head + "}]}")),
                         doctest::Contains("/nodes/1/count_include_pad"), base::InputError);
    const auto file = writeTemporary("dna_network_pad.json", head + R"(, "count_include_pad": true}]})");
    CHECK(network::readNetwork(file).nodes[1].shape == network::Shape{3, 8, 8});
}

TEST_CASE("space mini: sizes of all-same-block networks (engine.md, section 5)") {
    const auto space = network::readSpace("mini");
    CHECK(space.blocks.size() == 7);
    CHECK(space.candidates.size() == 9);
    const auto mmac = [&](int candidate) {
        return static_cast<double>(network::macs(network::buildNetwork(space, std::vector<int>(7, candidate), "n"))) /
               1e6;
    };
    CHECK(mmac(0) == doctest::Approx(2.32).epsilon(0.01));   // k3_e1
    CHECK(mmac(2) == doctest::Approx(5.95).epsilon(0.01));   // k3_e3
    CHECK(mmac(3) == doctest::Approx(11.39).epsilon(0.01));  // k3_e6
    CHECK(mmac(7) == doctest::Approx(13.4).epsilon(0.01));   // k5_e6
    CHECK(mmac(8) == doctest::Approx(0.75).epsilon(0.02));   // skip
}

TEST_CASE("space: operators and fixed parts add up to the network") {
    const auto space = network::readSpace("mini");
    const std::vector<int> choices{8, 1, 8, 3, 5, 6, 7};
    int64_t sum = 0;
    for (const auto& part : network::buildFixedParts(space)) sum += network::macs(part);
    for (int b = 0; b < 7; ++b) sum += network::macs(network::buildOperator(space, b, choices[b]));
    CHECK(sum == network::macs(network::buildNetwork(space, choices, "n")));
    CHECK(network::buildOperator(space, 0, 8).nodes.size() == 1);  // identity: just the input
}

TEST_CASE("space: nodes of one block in order, residual only where the shape is kept") {
    const auto space = network::readSpace("micro");
    const auto net = network::buildNetwork(space, {1, 2, 8}, "n");
    std::vector<std::string> names;
    for (const auto& node : net.nodes) names.push_back(node.name);
    CHECK(names == std::vector<std::string>{"input", "stem", "b0.expand", "b0.shuffle", "b0.depthwise", "b0.project",
                                            "b0.add", "b1.expand", "b1.depthwise", "b1.project", "b2.skip", "head",
                                            "pool", "classifier"});
    const auto ranges = network::liveRanges(net);
    CHECK(ranges[1].last == net.find("b0.add"));
    CHECK_FALSE(net.nodes[net.find("b0.project")].relu);
}

TEST_CASE("space: an unknown name suggests a built-in one") {
    CHECK_THROWS_WITH_AS(network::readSpace("minni"), doctest::Contains("did you mean \"mini\""), base::InputError);
}

TEST_CASE("the published spaces: 22 blocks, 9 candidates, maps of the stated size before the head") {
    for (const auto& [name, size] : {std::pair{"fbnet_cifar", 4}, std::pair{"fbnet_imagenet", 7}}) {
        const auto space = network::readSpace(name);
        CHECK(space.blocks.size() == 22);
        CHECK(space.candidates.size() == 9);
        CHECK(network::buildFixedParts(space).back().inputShape() == network::Shape{352, size, size});
    }
}
