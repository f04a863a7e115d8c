#include "core/mapping/joined.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/mapping/program.h"
#include "core/network/joined_maps.h"

using namespace dna;
using network::Node;
using network::Op;

namespace {

Node conv(const std::string& name, int channels) {
    return {.name = name, .op = Op::Conv2d, .out_channels = channels, .relu = true};
}

using Inputs = std::vector<std::vector<std::string>>;

/// input -> a, b (of a), then `joins`, pool and classifier of the last node.
network::Network networkWith(int a, int b, std::vector<Node> joins, Inputs inputs) {
    Node input{.name = "input", .op = Op::Input};
    input.shape = {3, 6, 5};
    std::vector<Node> nodes{input, conv("a", a), conv("b", b)};
    Inputs all{{}, {"input"}, {"a"}};
    nodes.insert(nodes.end(), joins.begin(), joins.end());
    all.insert(all.end(), inputs.begin(), inputs.end());
    all.push_back({nodes.back().name});
    nodes.push_back({.name = "pool", .op = Op::GlobalAveragePool});
    all.push_back({"pool"});
    nodes.push_back({.name = "classifier", .op = Op::Linear, .out_channels = 10});
    return network::makeNetwork("joined", nodes, all, "joined.json");
}

Node concat(const std::string& name) { return {.name = name, .op = Op::Concat}; }

std::string refusal(const network::Network& network, int operand_bits = 8) {
    try {
        mapping::extractLayers(network, operand_bits);
    } catch (const base::InputError& error) {
        return error.what();
    }
    return {};
}

mapping::Program programOf(const nn::IntegerNetwork& integers) {
    design::Design design;
    design.chunks = {{}};
    std::vector<mapping::LayerPlan> plans;
    for (const mapping::Layer& layer : mapping::extractLayers(integers.graph)) {
        const auto legal = mapping::legalize(layer, design.chunk(), {});
        REQUIRE(std::holds_alternative<mapping::LayerMapping>(legal));
        plans.push_back(std::get<mapping::LayerPlan>(
            mapping::lower(layer, design.chunk(), std::get<mapping::LayerMapping>(legal))));
    }
    return mapping::buildProgram(integers, design, plans);
}

}  // namespace

TEST_CASE("concat: inputs lie one behind the other in the outermost map that joins them") {
    const auto net =
        networkWith(16, 24, {concat("ab"), conv("c", 32), concat("cab"), conv("d", 8)},
                    {{"a", "b"}, {"ab"}, {"c", "ab"}, {"cab"}});
    CHECK(net.nodes[5].shape == network::Shape{72, 6, 5});
    const auto places = mapping::joinedPlaces(net);
    const int whole = net.find("cab");
    CHECK(places[size_t(net.find("c"))].whole == whole);
    CHECK(places[size_t(net.find("c"))].begin == 0);
    CHECK(places[size_t(net.find("ab"))].begin == 32);
    CHECK(places[size_t(net.find("a"))].begin == 32);
    CHECK(places[size_t(net.find("b"))].begin == 48);
    CHECK(places[size_t(net.find("b"))].whole == whole);
    CHECK(places[size_t(net.find("d"))].whole == net.find("d"));
    // Words are 16 channels: whole maps lie at whole planes of 6 x 5 words of 16 bytes.
    const mapping::Program program = programOf(nn::randomIntegerNetwork(net, 3));
    const auto address = [&](const char* node) { return program.map_address[size_t(net.find(node))]; };
    CHECK(address("c") == address("cab"));
    CHECK(address("a") == address("cab") + 2 * 480);
    CHECK(address("ab") == address("a"));
    CHECK(address("b") == address("a") + 480);
    for (const mapping::Region& region : program.regions)
        if (region.name == "cab") CHECK(region.bytes == 5 * 480);
}

TEST_CASE("concat: a map that is joined before the whole is read keeps its place until then") {
    // "a" is written first and read last: nothing written in between may lie in the joined map.
    const auto net = networkWith(16, 48, {conv("c", 64), conv("d", 80), concat("ad"), conv("e", 8)},
                                 {{"b"}, {"c"}, {"a", "d"}, {"ad"}});
    const mapping::Program program = programOf(nn::randomIntegerNetwork(net, 3));
    const auto region = [&](const char* name) {
        for (const mapping::Region& r : program.regions)
            if (r.name == name) return r;
        return mapping::Region{};
    };
    const mapping::Region joined = region("ad");
    REQUIRE(joined.bytes == 6 * 480);
    for (const char* other : {"b", "c", "input"}) {
        const mapping::Region map = region(other);
        REQUIRE(map.bytes > 0);
        CHECK((map.address >= joined.address + joined.bytes || map.address + map.bytes <= joined.address));
    }
}

TEST_CASE("concat: copies stand where a map is joined twice, and in front of the picture") {
    const auto net = networkWith(16, 16, {concat("twice"), concat("again"), concat("seen")},
                                 {{"a", "b", "a"}, {"a", "twice"}, {"again", "input"}});
    CHECK(refusal(net).find("\"a\", which is joined once already") != std::string::npos);
    const auto separate = network::separateJoinedMaps(net);
    CHECK(separate.nodes.size() == net.nodes.size() + 3);
    for (const char* copy : {"twice.a", "again.a", "seen.input"}) {
        REQUIRE(separate.find(copy) > 0);
        CHECK(separate.nodes[size_t(separate.find(copy))].op == Op::AveragePool);
    }
    CHECK(separate.nodes.back().shape == net.nodes.back().shape);
    CHECK(refusal(separate) == "");
    CHECK(network::separateJoinedMaps(separate).nodes.size() == separate.nodes.size());
}

TEST_CASE("concat: the picture's grid binds no other map, moved as its values may be") {
    const Node pool{.name = "pooled", .op = Op::MaxPool, .kernel = 3, .stride = 1, .pad = 1};
    const auto net = networkWith(16, 16, {pool, concat("seen")}, {{"input"}, {"b", "pooled"}});
    const auto separate = network::separateJoinedMaps(net);
    REQUIRE(separate.find("seen.pooled") > 0);
    CHECK(separate.find("seen.b") < 0);
    CHECK(separate.nodes.size() == net.nodes.size() + 1);
}

TEST_CASE("concat: a quantised map on another grid than the concat comes through a copy on its grid") {
    auto net = networkWith(16, 16, {concat("ab")}, {{"a", "b"}});
    for (Node& node : net.nodes) node.quantization = network::Quantization{0.5, 3, -128, 127, 8};
    CHECK(network::separateJoinedMaps(net).nodes.size() == net.nodes.size());
    net.nodes[size_t(net.find("a"))].quantization->low = 3;  // another clamp, the same grid
    CHECK(network::separateJoinedMaps(net).nodes.size() == net.nodes.size());
    net.nodes[size_t(net.find("b"))].quantization->scale = 0.25;
    const auto separate = network::separateJoinedMaps(net);
    REQUIRE(separate.find("ab.b") > 0);
    CHECK(separate.nodes.size() == net.nodes.size() + 1);
    CHECK(separate.nodes[size_t(separate.find("ab.b"))].quantization->scale == 0.5);
}

TEST_CASE("concat: what only addresses can't do is refused by name") {
    const auto ragged = networkWith(12, 16, {concat("ab"), conv("c", 8)}, {{"a", "b"}, {"ab"}});
    CHECK(refusal(ragged).find("\"b\" would begin at channel 12") != std::string::npos);
    const auto wide = networkWith(16, 16, {concat("ab"), conv("c", 8)}, {{"a", "b"}, {"ab"}});
    CHECK(refusal(wide) == "");
    CHECK(refusal(wide, 4).find("multiple of 32 channels") != std::string::npos);
    const auto shuffled = networkWith(16, 16, {{.name = "s", .op = Op::ChannelShuffle, .groups = 2}, concat("ab"), conv("c", 8)},
                                      {{"b"}, {"a", "s"}, {"ab"}});
    CHECK(refusal(shuffled).find("\"s\", whose channels were shuffled") != std::string::npos);
}
