// Searched widths of weights through the whole program: search, training, quantisation, accelerator, report.
#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/nn/integer/integer_network.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

base::Json jsonOf(const fs::path& file) { return base::JsonDocument::readAny(file).json(); }

/// examples/micro-bits.json with fewer pictures and epochs.
fs::path quickConfig(const fs::path& folder) {
    base::Json config = jsonOf(fs::path(DNA_SOURCE_DIR) / "examples" / "micro-bits.json");
    config["data"]["training"] = 320;
    config["data"]["test"] = 100;
    config["search"]["epochs"] = 3;
    config["training"]["epochs"] = 2;
    config["final_das_evaluations"] = 20;
    config["verify"] = {{"images", 1}, {"stalled_images", 0}};
    base::writeJson(folder / "config.json", config);
    return folder / "config.json";
}

/// The last line of search.jsonl that has this phase.
base::Json lineOf(const fs::path& run, const std::string& phase) {
    std::istringstream lines(base::readFile(run / "search.jsonl"));
    base::Json found;
    for (std::string line; std::getline(lines, line);)
        if (base::Json json = base::Json::parse(line); json.at("phase") == phase) found = json;
    return found;
}

}  // namespace

TEST_CASE("searched bits: from the search to the integer network, its cost and the report") {
    const TemporaryFolder folder;
    const fs::path run = folder.path / "run";
    const ProgramRun made = runDna({"cosearch", "--config", quickConfig(folder.path).string(), "--out", run.string(), "--until", "das"});
    REQUIRE_MESSAGE(made.exit_code == 0, made.err);

    const base::Json derived = lineOf(run, "derive");
    const auto bits = derived.at("bits").get<std::vector<int>>();
    REQUIRE(bits.size() == 3);
    CHECK(derived.at("bit_choices") == base::Json({{4, 8}, {4, 8}, {4, 8}}));
    for (const base::Json& block : derived.at("bit_probabilities")) CHECK(block.at(0).get<double>() + block.at(1).get<double>() == doctest::Approx(1));
    CHECK(lineOf(run, "search").at("mean_bits").get<double>() > 4);

    // The width of every node, from the derivation to the integers in the file.
    const nn::IntegerNetwork integer = nn::readIntegerNetwork(run / "network.json");
    for (size_t i = 0; i < integer.graph.nodes.size(); ++i) {
        const network::Node& node = integer.graph.nodes[i];
        if (!network::hasWeights(node)) continue;
        const int wanted = node.name[0] == 'b' ? bits[static_cast<size_t>(node.name[1] - '0')] : 8;
        CHECK(node.weight_bits == wanted);
        for (const nn::Code code : integer.nodes[i].weight_q) CHECK(std::abs(code) <= network::greatestOf(wanted));
    }
    const base::Json accuracy = jsonOf(run / "result.json").at("accuracy");
    CHECK(accuracy.at("bits") == 8);
    CHECK(accuracy.contains("quantized"));
    CHECK(accuracy.contains("int8") == (accuracy.at("weight_bits") == base::Json({8})));
    CHECK(jsonOf(run / "result.json").at("bits") == derived.at("bits"));
    CHECK(jsonOf(run / "accuracy.json").at("integer").at("accuracy") == accuracy.at("quantized"));

    REQUIRE(runDna({"estimate", "--network", (run / "network.json").string(), "--design", (run / "design.json").string()}).exit_code == 0);
    REQUIRE(runDna({"report", run.string()}).exit_code == 0);
    CHECK(base::readFile(run / "report.html").find("Bits of the weights") != std::string::npos);

    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const ProgramRun verified = runDna({"cosearch", "--config", (folder.path / "config.json").string(), "--out", run.string(), "--resume", "--until", "verification"}, {}, {}, 600);
    REQUIRE_MESSAGE(verified.exit_code == 0, verified.err);
    const base::Json result = jsonOf(run / "result.json");
    CHECK(result.at("mismatches") == 0);
    CHECK(result.at("cycles").at("cycles_rtl") == result.at("cycles").at("cycles_model"));
}

TEST_CASE("dna train: a network that states widths is trained under their rounding; then --qat, or quantised") {
    const TemporaryFolder folder;
    const std::string net = (folder.path / "net.json").string(), run = (folder.path / "run").string();
    REQUIRE(runDna({"network", "--space", "micro_bits", "--operators", "k3_e3", "--bits", "4,8,4", "--out", net}).exit_code == 0);
    const std::vector<std::string> data{"--data", "shapes", "--pictures", "256", "--epochs", "1", "--batch", "32"};
    const auto with = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), data.begin(), data.end());
        return arguments;
    };
    const ProgramRun trained = runDna(with({"train", "--network", net, "--out", run}));
    REQUIRE_MESSAGE(trained.exit_code == 0, trained.err);
    const ProgramRun qat = runDna(with({"train", "--network", run + "/network.json", "--qat", "--out", run + "-qat", "--json"}));
    REQUIRE_MESSAGE(qat.exit_code == 0, qat.err);
    CHECK(base::Json::parse(qat.out).at("weight_bits") == base::Json({4, 8}));
    const network::Network graph = network::readNetwork(run + "-qat/network.json");
    for (const char* node : {"b0.expand", "b0.depthwise", "b2.project"}) CHECK(graph.nodes[static_cast<size_t>(graph.find(node))].weight_bits == 4);
    for (const char* node : {"stem", "b1.expand", "classifier"}) CHECK(graph.nodes[static_cast<size_t>(graph.find(node))].weight_bits == 8);

    struct Given {
        std::vector<std::string> more;
        bool int8;
    };
    for (const Given& given : {Given{{}, false}, Given{{"--weight-bits", "8"}, true}}) {
        std::vector<std::string> arguments{"quantize", "--network", run + "/network.json", "--data", "shapes", "--out", run + "-int", "--json"};
        arguments.insert(arguments.end(), given.more.begin(), given.more.end());
        const ProgramRun quantized = runDna(arguments);
        REQUIRE_MESSAGE(quantized.exit_code == 0, quantized.err);
        const base::Json result = base::Json::parse(quantized.out);
        CHECK(result.contains("accuracy_quantized"));
        CHECK(result.contains("accuracy_int8") == given.int8);
    }
}

TEST_CASE("dna network: widths that a space does not have are refused") {
    const TemporaryFolder folder;
    const std::string out = (folder.path / "n.json").string();
    struct Given {
        std::string space, bits, message;
    };
    for (const Given& given : {Given{"micro", "4", "states no widths"}, Given{"micro_bits", "4,8", "found 2"}, Given{"micro_bits", "6", "4 and 8 bits to choose from"}}) {
        const ProgramRun run = runDna({"network", "--space", given.space, "--operators", "k3_e1", "--bits", given.bits, "--out", out});
        CHECK(run.exit_code == 2);
        CHECK_MESSAGE(run.err.find(given.message) != std::string::npos, run.err);
    }
    CHECK(!fs::exists(out));
}
