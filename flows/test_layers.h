#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"

namespace dna::flows {

/// One layer of the tests: an executable beside the program, what it selects of it, and its time on two idle cores.
struct TestLayer {
    std::string name;
    std::string executable;              ///< file name in the folder of test executables
    std::vector<std::string> arguments;  ///< doctest filters
    double budget_seconds = 0;
};

/// The layers that `dna test` runs, in this order.
std::vector<TestLayer> testLayers();

/// What came of one layer.
struct LayerResult {
    TestLayer layer;
    int passed = 0, failed = 0;
    std::vector<std::string> skipped;  ///< one reason per skipped test case
    double seconds = 0;
    std::string output;                ///< everything the layer printed
};

/// Runs one layer; a crash or a layer that runs three times over its budget counts as one failure.
LayerResult runLayer(const TestLayer& layer, const std::filesystem::path& folder);

/// Counts test cases in what doctest printed; false when its summary is missing (a crash).
bool countCases(const std::string& output, LayerResult& result);

}  // namespace dna::flows
