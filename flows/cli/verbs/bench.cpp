#include <fmt/format.h>

#include <memory>

#include "flows/bench/bench.h"
#include "flows/cli/verb.h"

namespace dna::flows {
namespace {

/// "nodes 1234, proven 1": what a benchmark counts besides time.
std::string countersText(const base::Json& result) {
    std::string text;
    for (const auto& [key, value] : result.items())
        if (key != "name" && key != "items_per_second" && key.rfind("cpu_ns", 0) != 0)
            text += fmt::format("{}{} {:.6g}", text.empty() ? "  " : ", ", key, value.get<double>());
    return text;
}

std::string plainText(const base::Json& json) {
    std::string text =
        fmt::format("{:<40} {:>13} {:>29} {:>12}\n", "benchmark", "ns a pass", "fastest - slowest", "a second");
    for (const base::Json& result : json.at("results"))
        text += fmt::format("{:<40} {:>13.1f} {:>13.1f} - {:>13.1f} {:>12.4g}{}\n",
                            result.at("name").get<std::string>(), result.at("cpu_ns").get<double>(),
                            result.at("cpu_ns_least").get<double>(), result.at("cpu_ns_most").get<double>(),
                            result.value("items_per_second", 0.0), countersText(result));
    return text + fmt::format("medians of {} repetitions; processor time\n", json.at("repetitions").get<int>());
}

std::string suiteNames() {
    std::string out;
    const BenchRegistry registry = builtinBenches();
    for (const BenchSuite& suite : registry.suites())
        out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", suite.name, suite.summary);
    return out;
}

}  // namespace

void register_bench(VerbRegistry& verbs) {
    verbs.add({"bench", "how fast the program's parts are (Google Benchmark)", "dna bench loopnest --repetitions 5",
               [](CLI::App& app) {
                   auto options = std::make_shared<BenchOptions>();
                   app.add_option("suite", options->suite, suiteNames())->required();
                   app.add_option("--repetitions", options->repetitions, "of every benchmark; medians are reported")
                       ->check(CLI::Range(1, 1000))
                       ->capture_default_str();
                   app.add_option("--filter", options->filter, "regular expression on the benchmarks' names")
                       ->capture_default_str();
                   app.add_option("--cases", options->inputs.cases,
                                  "loopnest: measure on the nests of this file of reference cases");
                   return [options](VerbContext& context) {
                       const base::Json json = runBench(*options);
                       context.print(json, plainText(json));
                       return int(kDone);
                   };
               }});
}

}  // namespace dna::flows
