#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace dna::flows {

/// What a suite may be given besides its own data.
struct BenchInputs {
    std::optional<std::filesystem::path> cases;  ///< a file of reference cases for the loop-nest analysis
};

/// A named set of Google Benchmarks.
struct BenchSuite {
    std::string name;
    std::string summary;
    /// Registers the benchmarks; their names begin with what they measure.
    std::function<void(const BenchInputs&)> declare;
};

/// All suites; each file of flows/bench/suites adds one through `void register_<file>(BenchRegistry&)`.
class BenchRegistry {
public:
    void add(BenchSuite suite) { suites_.push_back(std::move(suite)); }
    const std::vector<BenchSuite>& suites() const { return suites_; }

private:
    std::vector<BenchSuite> suites_;
};

/// Defined in the generated file that calls every register_<file>.
BenchRegistry builtinBenches();

struct BenchOptions {
    std::string suite;
    BenchInputs inputs;
    int repetitions = 5;
    std::string filter = ".";  ///< regular expression on the names of the benchmarks
};

/// Runs a suite on one thread. `dna.bench`: medians over the repetitions with the fastest and the slowest of them;
/// rates are per second of processor time. Throws InputError for an unknown suite or a filter that nothing matches.
base::Json runBench(const BenchOptions& options);

}  // namespace dna::flows
