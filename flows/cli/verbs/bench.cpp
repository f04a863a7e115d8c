#include <fmt/format.h>

#include <memory>

#include "flows/bench/bench.h"
#include "flows/cli/verb.h"

namespace dna::flows {
namespace {

std::string plainText(const base::Json& json) {
    std::string text =
        fmt::format("{:<40} {:>12} {:>25} {:>14}\n", "benchmark", "ns a pass", "fastest - slowest", "a second");
    for (const base::Json& result : json.at("results"))
        text += fmt::format("{:<40} {:>12.1f} {:>12.1f} - {:>10.1f} {:>14.0f}\n", result.at("name").get<std::string>(),
                            result.at("cpu_ns").get<double>(), result.at("cpu_ns_least").get<double>(),
                            result.at("cpu_ns_most").get<double>(), result.value("items_per_second", 0.0));
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
