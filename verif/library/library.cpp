#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <mutex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/library/stage.h"

namespace dna::verif {

namespace {

template <class Items, class Member>
int64_t sum(const Items& items, Member member) {
    int64_t total = 0;
    for (const auto& item : items) total += int64_t(member(item));
    return total;
}

std::string line(const std::string& stage, const Check& check) {
    const std::string verdict = check.skipped  ? "skipped"
                                : check.failed ? fmt::format("{} of {} FAILED", check.failed, check.checks)
                                               : fmt::format("{} ok", check.checks);
    const std::string seconds = check.seconds > 0 ? fmt::format("{:.1f} s", check.seconds) : "";
    return fmt::format("{:<12} {:<44} {:>16} {:>8}{}", stage, check.name, verdict, seconds,
                       check.note.empty() ? "" : "  " + check.note);
}

/// CPU time of this process and of the programs it waited for.
double cpuSeconds() {
    double seconds = 0;
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage{};
        getrusage(who, &usage);
        for (const timeval& time : {usage.ru_utime, usage.ru_stime})
            seconds += double(time.tv_sec) + 1e-6 * double(time.tv_usec);
    }
    return seconds;
}

/// Why a stage can't run here; empty when it can.
std::string missingTools(const Stage& stage) {
    std::string missing;
    for (const std::string& program : stage.programs) {
        try {
            base::requireProgram(program);
        } catch (const base::ToolError& error) {
            missing += (missing.empty() ? "" : "; ") + std::string(error.what());
        }
    }
    return missing;
}

std::vector<Stage> wanted(const LibraryOptions& options, const StageRegistry& registry) {
    std::vector<Stage> stages = registry.stages();
    std::sort(stages.begin(), stages.end(), [](const Stage& a, const Stage& b) { return a.layer < b.layer; });
    const auto named = [&](const std::string& name) {
        return std::any_of(stages.begin(), stages.end(), [&](const Stage& stage) { return stage.name == name; });
    };
    std::string names;
    for (const Stage& stage : stages) names += (names.empty() ? "" : ", ") + stage.name;
    std::vector<base::Problem> problems;
    for (const std::string& name : options.only)
        if (!named(name)) problems.push_back({"--only", "", fmt::format("no stage {}; there are {}", name, names)});
    if (!problems.empty()) throw base::InputError(problems);
    std::erase_if(stages, [&](const Stage& stage) {
        return !options.only.empty() &&
               std::find(options.only.begin(), options.only.end(), stage.name) == options.only.end();
    });
    return stages;
}

StageResult runStage(const Stage& stage, const LibraryOptions& options, base::Log& log) {
    StageResult result{.name = stage.name, .layer = stage.layer, .checks = {}, .seconds = 0};
    std::mutex lock;
    StageContext context{options, options.work / stage.name, log, [&](Check check) {
                             const std::lock_guard guard(lock);
                             log.info(line(stage.name, check));
                             result.checks.push_back(std::move(check));
                         }};
    const double before = cpuSeconds();
    const std::string missing = missingTools(stage);
    if (missing.empty()) {
        base::makeFolder(context.work);
        stage.run(context);
    } else {
        context.report({.name = "all", .skipped = true, .note = missing});
    }
    std::sort(result.checks.begin(), result.checks.end(),
              [](const Check& a, const Check& b) { return a.name < b.name; });
    result.seconds = cpuSeconds() - before;
    return result;
}

}  // namespace

int64_t StageResult::count() const {
    return sum(checks, [](const Check& check) { return check.checks; });
}
int64_t StageResult::failed() const {
    return sum(checks, [](const Check& check) { return check.failed; });
}
int64_t StageResult::skipped() const {
    return sum(checks, [](const Check& check) { return check.skipped; });
}
int64_t LibraryResult::failed() const {
    return sum(stages, [](const StageResult& stage) { return stage.failed(); });
}
int64_t LibraryResult::skipped() const {
    return sum(stages, [](const StageResult& stage) { return stage.skipped(); });
}

LibraryResult verifyLibrary(const LibraryOptions& options, const StageRegistry& stages, base::Log& log) {
    LibraryResult result;
    for (const Stage& stage : wanted(options, stages)) {
        if (base::stopRequested()) throw base::Interrupted("the verification of the library was interrupted");
        result.stages.push_back(runStage(stage, options, log));
    }
    return result;
}

base::Json toJson(const LibraryResult& result) {
    base::Json json = base::makeDocument("verify_library");
    json["stages"] = base::Json::array();
    for (const StageResult& stage : result.stages) {
        base::Json entry;
        entry["name"] = stage.name;
        entry["layer"] = fmt::format("V{}", stage.layer);
        entry["checks"] = stage.count();
        entry["failed"] = stage.failed();
        entry["skipped"] = stage.skipped();
        entry["seconds"] = stage.seconds;
        entry["details"] = base::Json::array();
        for (const Check& check : stage.checks)
            entry["details"].push_back(base::Json{{"name", check.name},
                                                  {"checks", check.checks},
                                                  {"failed", check.failed},
                                                  {"skipped", check.skipped},
                                                  {"note", check.note},
                                                  {"seconds", check.seconds}});
        json["stages"].push_back(std::move(entry));
    }
    json["failed"] = result.failed();
    json["skipped"] = result.skipped();
    return json;
}

std::string plainText(const LibraryResult& result) {
    std::string text = fmt::format("{:<5} {:<12} {:>8} {:>16} {:>8} {:>8} {:>10}\n", "layer", "stage", "lines",
                                   "checks", "failed", "skipped", "CPU-s");
    for (const StageResult& stage : result.stages)
        text += fmt::format("V{:<4} {:<12} {:>8} {:>16} {:>8} {:>8} {:>10.1f}\n", stage.layer, stage.name,
                            stage.checks.size(), stage.count(), stage.failed(), stage.skipped(), stage.seconds);
    return text;
}

}  // namespace dna::verif
