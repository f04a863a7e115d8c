#include "flows/test_layers.h"

#include <algorithm>
#include <regex>
#include <sstream>

#include "core/base/error.h"
#include "core/base/process.h"

namespace dna::flows {

std::vector<TestLayer> testLayers() {
    return {
        {"unit", "dna_tests_unit", {}, 120},
        {"rtl", "dna_tests_rtl", {}, 360},
        {"flows", "dna_tests_flows", {"--test-suite-exclude=kill,browser"}, 180},
        {"end_to_end", "dna_tests_flows", {"--test-suite=kill"}, 180},
        {"browser", "dna_tests_flows", {"--test-suite=browser"}, 60},
    };
}

bool countCases(const std::string& output, LayerResult& result) {
    std::istringstream lines(output);
    const std::string mark = "[dna] skipped: ";
    for (std::string line; std::getline(lines, line);)
        if (line.rfind(mark, 0) == 0) result.skipped.push_back(line.substr(mark.size()));
    static const std::regex summary(R"(test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed)");
    std::smatch match;
    if (!std::regex_search(output, match, summary)) return false;
    result.passed = std::stoi(match[1]) - static_cast<int>(result.skipped.size());
    result.failed = std::stoi(match[2]);
    return true;
}

LayerResult runLayer(const TestLayer& layer, const std::filesystem::path& folder) {
    LayerResult result{.layer = layer, .skipped = {}, .output = {}};
    std::vector<std::string> command{(folder / layer.executable).string(), "--no-colors"};
    command.insert(command.end(), layer.arguments.begin(), layer.arguments.end());
    const base::ProcessResult run =
        base::runProcess({.command = command, .timeout_seconds = 3 * layer.budget_seconds});
    if (run.interrupted) throw base::Interrupted("stopped in the tests of layer " + layer.name);
    result.seconds = run.seconds;
    result.output = run.output;
    const bool counted = countCases(run.output, result);
    if (run.timed_out) result.output += "\nstopped: ran three times over its budget\n";
    if (!counted || (run.exit_code != 0 && result.failed == 0)) ++result.failed;
    return result;
}

}  // namespace dna::flows
