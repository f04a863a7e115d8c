#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/base/error.h"
#include "flows/cli/console.h"
#include "flows/cli/verb.h"
#include "flows/test_layers.h"

namespace dna::flows {
namespace {

/// Budget of the build on two idle cores; ./dna says how long it took.
constexpr double kBuildBudgetSeconds = 420;

std::filesystem::path testFolder() {
    const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tests";
    if (!std::filesystem::is_directory(folder))
        throw base::ToolError("the tests are not built; run them with ./dna test in a clone of the repository");
    return folder;
}

std::vector<TestLayer> selected(const std::vector<std::string>& names) {
    std::vector<TestLayer> out;
    for (const TestLayer& layer : testLayers())
        if (names.empty() || std::find(names.begin(), names.end(), layer.name) != names.end()) out.push_back(layer);
    return out;
}

std::string timeText(double seconds, double budget) {
    return fmt::format("{} of {}{}", durationText(seconds), durationText(budget), seconds > budget ? " (over)" : "");
}

void report(const LayerResult& result, base::Log& log) {
    if (result.failed > 0) log.info(result.output);
    log.info(fmt::format("{:<11} {:>4} passed {:>3} failed {:>3} skipped   {}", result.layer.name, result.passed,
                         result.failed, result.skipped.size(), timeText(result.seconds, result.layer.budget_seconds)));
    for (const std::string& reason : result.skipped) log.info("            skipped: " + reason);
}

int runTests(const std::vector<std::string>& names, VerbContext& context) {
    const std::filesystem::path folder = testFolder();
    base::Json json = base::makeDocument("test");
    if (const char* seconds = std::getenv("DNA_BUILD_SECONDS"))
        context.log.info(fmt::format("build       {:>39}", timeText(std::atof(seconds), kBuildBudgetSeconds)));
    int passed = 0, failed = 0, skipped = 0;
    for (const TestLayer& layer : selected(names)) {
        const LayerResult result = runLayer(layer, folder);
        report(result, context.log);
        passed += result.passed, failed += result.failed, skipped += static_cast<int>(result.skipped.size());
        json["layers"].push_back({{"name", layer.name},
                                  {"passed", result.passed},
                                  {"failed", result.failed},
                                  {"skipped", result.skipped},
                                  {"seconds", result.seconds},
                                  {"budget_seconds", layer.budget_seconds}});
    }
    json["passed"] = passed;
    json["failed"] = failed;
    json["skipped"] = skipped;
    context.print(json, fmt::format("{} passed, {} failed{}", passed, failed,
                                    skipped ? fmt::format(", {} skipped", skipped) : ""));
    return failed == 0 && passed > 0 ? kDone : kCheckFailed;
}

}  // namespace

void register_test(VerbRegistry& verbs) {
    verbs.add({"test", "run the tests, layer by layer, within their time budgets", "dna test unit flows",
               [](CLI::App& app) {
                   auto names = std::make_shared<std::vector<std::string>>();
                   std::vector<std::string> known;
                   for (const TestLayer& layer : testLayers()) known.push_back(layer.name);
                   app.add_option("layers", *names, "layers to run; default: all")->check(CLI::IsMember(known));
                   return [names](VerbContext& context) { return runTests(*names, context); };
               }});
}

}  // namespace dna::flows
