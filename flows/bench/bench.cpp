#include "flows/bench/bench.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>

#include "core/base/error.h"

namespace dna::flows {
namespace {

/// Keeps the repetitions of every benchmark, in the order in which they ran.
class Collector : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type != Run::RT_Iteration) continue;
            if (run.error_occurred) throw base::ToolError(run.benchmark_name() + ": " + run.error_message);
            const std::string name = run.run_name.function_name;
            if (!repetitions_.count(name)) names_.push_back(name);
            repetitions_[name].push_back(run);
        }
    }
    base::Json results() const {
        base::Json out = base::Json::array();
        for (const std::string& name : names_) out.push_back(result(name, repetitions_.at(name)));
        return out;
    }

private:
    struct Spread {
        double median = 0, least = 0, most = 0;
    };
    static Spread spreadOf(std::vector<double> values) {
        std::sort(values.begin(), values.end());
        const size_t n = values.size();
        return {n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2, values.front(), values.back()};
    }
    static base::Json result(const std::string& name, const std::vector<Run>& runs) {
        std::vector<double> nanoseconds;
        std::map<std::string, std::vector<double>> counters;
        for (const Run& run : runs) {
            nanoseconds.push_back(1e9 * run.cpu_accumulated_time / double(run.iterations));
            for (const auto& [key, counter] : run.counters) counters[key].push_back(counter.value);
        }
        const Spread time = spreadOf(nanoseconds);
        base::Json out = {
            {"name", name}, {"cpu_ns", time.median}, {"cpu_ns_least", time.least}, {"cpu_ns_most", time.most}};
        for (const auto& [key, values] : counters) out[key] = spreadOf(values).median;
        return out;
    }

    std::vector<std::string> names_;
    std::map<std::string, std::vector<Run>> repetitions_;
};

const BenchSuite& findSuite(const BenchRegistry& registry, const std::string& name) {
    std::vector<std::string> names;
    for (const BenchSuite& suite : registry.suites()) {
        if (suite.name == name) return suite;
        names.push_back(suite.name);
    }
    const std::string near = base::nearest(name, names);
    throw base::InputError("NAME", "",
                           fmt::format("no suite \"{}\"; there are {}{}", name, fmt::join(names, ", "),
                                       near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
}

void checkFilter(const std::string& filter) {
    try {
        const std::regex compiled(filter, std::regex::extended);
    } catch (const std::regex_error& error) {
        throw base::InputError("--filter", "",
                               fmt::format("\"{}\" is no regular expression: {}", filter, error.what()));
    }
}

/// Google Benchmark takes its settings as a command line.
void configure(int repetitions) {
    std::string count = fmt::format("--benchmark_repetitions={}", repetitions);
    std::string program = "dna";
    char* arguments[] = {program.data(), count.data(), nullptr};
    int size = 2;
    benchmark::Initialize(&size, arguments);
}

}  // namespace

base::Json runBench(const BenchOptions& options) {
    const BenchRegistry registry = builtinBenches();
    const BenchSuite& suite = findSuite(registry, options.suite);
    checkFilter(options.filter);
    configure(options.repetitions);
    benchmark::ClearRegisteredBenchmarks();
    suite.declare(options.inputs);
    Collector collector;
    benchmark::RunSpecifiedBenchmarks(&collector, options.filter);
    base::Json json = base::makeDocument("bench");
    json["suite"] = suite.name;
    json["repetitions"] = options.repetitions;
    json["results"] = collector.results();
    if (json["results"].empty())
        throw base::InputError("--filter", "",
                               fmt::format("\"{}\" matches no benchmark of {}", options.filter, suite.name));
    return json;
}

}  // namespace dna::flows
