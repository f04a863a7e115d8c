// Widths of weights, from the command line to the quantised network's file.
#include <doctest/doctest.h>

#include "core/base/json.h"
#include "core/network/network.h"
#include "core/network/space.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"

using namespace dna;

namespace {

/// A float network of the space `micro` whose file states a width of the stem.
std::string plainNetwork(const TemporaryFolder& folder) {
    const network::NetworkSpace space = network::readSpace("micro");
    network::Network net = network::buildNetwork(space, std::vector<int>(space.blocks.size(), 2), "n");
    net.nodes[static_cast<size_t>(net.find("stem"))].weight_bits = 6;
    const auto file = folder.path / "plain.json";
    base::writeJson(file, network::toJson(net));
    return file.string();
}

ProgramRun quantize(const TemporaryFolder& folder, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"quantize", "--network", plainNetwork(folder), "--random-calibration", "--out", (folder.path / "int").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return runDna(arguments);
}

}  // namespace

TEST_CASE("dna quantize: one layer's width stands above that of all, that of all above the file's, the file's above --bits") {
    struct Given {
        std::vector<std::string> arguments;
        int stem, classifier, others;
    };
    for (const Given& given : {Given{{}, 6, 8, 8}, Given{{"--bits", "16"}, 6, 16, 16}, Given{{"--weight-bits", "4"}, 4, 4, 4},
                               Given{{"--weight-bits", "4", "--weight-bits-of", "stem=8", "--weight-bits-of", "classifier=5"}, 8, 5, 4}}) {
        TemporaryFolder folder;
        const ProgramRun run = quantize(folder, given.arguments);
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        const network::Network net = network::readNetwork(folder.path / "int" / "network.json");
        for (const network::Node& node : net.nodes)
            if (network::hasWeights(node))
                CHECK(node.weight_bits == (node.name == "stem" ? given.stem : node.name == "classifier" ? given.classifier : given.others));
    }
}

TEST_CASE("dna quantize: widths that do not exist and names of no layer are refused, nothing is written") {
    const TemporaryFolder folder;
    struct Given {
        std::vector<std::string> arguments;
        std::string message;
    };
    for (const Given& given : {Given{{"--weight-bits", "9"}, "--weight-bits"}, Given{{"--weight-bits", "0"}, "--weight-bits"},
                               Given{{"--weight-bits-of", "stem"}, "NAME=BITS"}, Given{{"--weight-bits-of", "stem=12"}, "stem=12"},
                               Given{{"--weight-bits-of", "stem=4x"}, "stem=4x"}, Given{{"--weight-bits-of", "stm=4"}, "did you mean \"stem\"?"},
                               Given{{"--weight-bits-of", "input=4"}, "no convolution or linear layer"}}) {
        const ProgramRun run = quantize(folder, given.arguments);
        CHECK(run.exit_code == 2);
        CHECK_MESSAGE(run.err.find(given.message) != std::string::npos, run.err);
        CHECK(!std::filesystem::exists(folder.path / "int"));
    }
}
