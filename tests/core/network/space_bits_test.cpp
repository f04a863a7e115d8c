// Widths of weights in a network space: its file, its networks.
#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/network/space.h"
#include "tests/flows/temporary_folder.h"

using namespace dna;
using network::BlockOption;

namespace {

/// The space `micro` with `"bits"` of the whole space and of single stages (null: no such key).
base::Json microWith(const base::Json& bits, const std::vector<base::Json>& of_stages = {}) {
    base::Json json = base::JsonDocument::readAny(std::string(DNA_SOURCE_DIR) + "/core/network/spaces/micro.json").json();
    if (!bits.is_null()) json["bits"] = bits;
    for (size_t i = 0; i < of_stages.size(); ++i)
        if (!of_stages[i].is_null()) json["stages"][i]["bits"] = of_stages[i];
    return json;
}

network::NetworkSpace read(const base::Json& json) {
    const TemporaryFolder folder;
    base::writeJson(folder.path / "space.json", json);
    return network::readSpace((folder.path / "space.json").string());
}

std::vector<int> bitsOf(const network::Network& net, const std::string& prefix) {
    std::vector<int> bits;
    for (const network::Node& node : net.nodes)
        if (network::hasWeights(node) && node.name.rfind(prefix, 0) == 0) bits.push_back(node.weight_bits);
    return bits;
}

}  // namespace

TEST_CASE("space: bits of all blocks, of the blocks of a stage, of none") {
    for (const network::BlockSite& site : read(microWith(nullptr)).blocks) CHECK(site.bits.empty());
    for (const network::BlockSite& site : read(microWith({8, 4})).blocks) CHECK(site.bits == std::vector<int>{4, 8});
    const network::NetworkSpace mixed = read(microWith({4, 8}, {{8}, nullptr, {4}}));
    CHECK(mixed.blocks[0].bits == std::vector<int>{8});
    CHECK(mixed.blocks[1].bits == std::vector<int>{4, 8});
    CHECK(mixed.blocks[2].bits == std::vector<int>{4});
    const network::NetworkSpace one = read(microWith(nullptr, {nullptr, {4, 8}}));
    CHECK(one.blocks[0].bits.empty());
    CHECK(one.blocks[1].bits == std::vector<int>{4, 8});
    CHECK(network::readSpace("micro_bits").blocks[2].bits == std::vector<int>{4, 8});
}

TEST_CASE("space: bits that are none are refused where they stand") {
    struct Given {
        base::Json bits;
        const char* message;
    };
    for (const Given& given : {Given{{4, 6}, "4 or 8 bits, found 6"}, Given{{16}, "4 or 8 bits, found 16"}, Given{{4, 4}, "4 is listed twice"},
                               Given{base::Json::array(), "at least one width"}, Given{4, "array of integers"}, Given{"4", "array of integers"},
                               Given{{"4", 8}, "/bits/0"}, Given{{4.5}, "/bits/0"}, Given{{4, nullptr}, "/bits/1"}, Given{{-4}, "/bits/0"},
                               Given{{1e300}, "/bits/0"}, Given{{{4, 8}}, "/bits/0"}, Given{base::Json::object(), "array of integers"}}) {
        CAPTURE(given.bits.dump());
        CHECK_THROWS_WITH_AS(read(microWith(given.bits)), doctest::Contains(given.message), base::InputError);
        CHECK_THROWS_WITH_AS(read(microWith(nullptr, {nullptr, given.bits})), doctest::Contains("/stages/1"), base::InputError);
    }
}

TEST_CASE("space: networks state the width of every layer where blocks have widths, else none") {
    const network::NetworkSpace plain = network::readSpace("micro");
    CHECK(bitsOf(network::buildNetwork(plain, {0, 1, 2}, "n"), "") == std::vector<int>(12, 0));

    const network::NetworkSpace space = read(microWith({4, 8}, {nullptr, nullptr, {4}}));
    const network::Network net = network::buildNetwork(space, {0, 8, 2}, "n", {4, 8, 4});  // the middle block: a 1x1 convolution
    CHECK(bitsOf(net, "b0") == std::vector<int>{4, 4, 4});
    CHECK(bitsOf(net, "b1") == std::vector<int>{8});
    CHECK(bitsOf(net, "b2") == std::vector<int>{4, 4, 4});
    for (const char* fixed : {"stem", "head", "classifier"}) CHECK(bitsOf(net, fixed) == std::vector<int>{8});
    const network::Network widest = network::buildNetwork(space, {0, 8, 2}, "n");
    CHECK(bitsOf(widest, "b0") == std::vector<int>{8, 8, 8});
    CHECK(bitsOf(widest, "b2") == std::vector<int>{4, 4, 4});
    for (const network::Network& part : network::buildFixedParts(space))
        for (const int bits : bitsOf(part, "")) CHECK(bits == 8);
}

TEST_CASE("space: the options of a block are its operators at each of its widths") {
    const network::NetworkSpace space = read(microWith({4, 8}, {nullptr, nullptr, {8}}));
    const auto both = network::blockOptions(space, 0), one = network::blockOptions(space, 2);
    CHECK(both.size() == 18);
    CHECK(both[0] == BlockOption{0, 4});
    CHECK(both[1] == BlockOption{0, 8});
    CHECK(both[17] == BlockOption{8, 8});
    CHECK(one.size() == 9);
    CHECK(one[3] == BlockOption{3, 8});
    CHECK(network::blockOptions(network::readSpace("micro"), 0)[5] == BlockOption{5, 0});
    CHECK(bitsOf(network::buildOperator(space, 0, BlockOption{3, 4}), "") == std::vector<int>{4, 4, 4});
    CHECK(bitsOf(network::buildOperator(space, 0, 3), "") == std::vector<int>{8, 8, 8});
}
