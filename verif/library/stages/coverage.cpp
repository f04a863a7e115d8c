// V9: which lines of the library the unit benches and a fuzz run reach, and how many of its nets they toggle.
// Assertions are left out (they must never be reached); every other line that is not reached is named with its reason.
#include "verif/library/coverage.h"

#include <fmt/format.h>

#include <mutex>
#include <sstream>

#include "core/base/file.h"
#include "verif/fuzz_run.h"
#include "verif/library/chip.h"
#include "verif/library/stage.h"
#include "verif/library/unit_bench.h"
#include "verif/library/workers.h"
#include "verif/quick_build.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

constexpr double kBar = 98;  // percent of lines
constexpr FuzzRange kRange{.max_rows = 8, .max_cols = 16, .max_cycles = 15000};
constexpr FuzzRange kQuickRange{.max_rows = 4, .max_cols = 8, .max_cycles = 5000};

/// Lines that nothing can reach, by what stands in them, with the reason.
struct Reason {
    const char *text, *reason;
};
constexpr Reason kReasons[] = {
    {"default: state_q <= IDLE", "a state that no transition leads to; there so that a fault can't lock the chip"},
};

class Collector {
public:
    void add(const fs::path& file) {
        Coverage one;
        one.read(file);
        const std::lock_guard guard(lock_);
        sum_.merge(one);
    }
    const Coverage& sum() const { return sum_; }

private:
    std::mutex lock_;
    Coverage sum_;
};

void benches(StageContext& context, Collector& collector) {
    const std::vector<UnitBench> list = unitBenches(true);
    LibraryOptions quick = context.options;
    quick.full = false;  // parameters of the full run, lengths of the quick one
    forEach(int(list.size()), context.options.threads, [&](int i) {
        const fs::path folder = context.work / fmt::format("unit{}", i);
        runUnitBench(list[size_t(i)], context.options.files, quick, folder, {.coverage = true});
        collector.add(folder / "coverage.dat");
        fs::remove_all(folder);
    });
}

void cases(StageContext& context, Collector& collector) {
    const int designs = context.options.full ? 40 : 1, each = context.options.full ? 6 : 1;
    const FuzzRange& range = context.options.full ? kRange : kQuickRange;
    forEach(designs, context.options.threads, [&](int d) {
        base::Rng rng(context.options.seed, "coverage design", uint64_t(d));
        const design::Design design = randomDesign(rng, range);
        const fs::path folder = context.work / fmt::format("design{}", d);
        base::makeFolder(folder);
        const fs::path simulator = buildQuickSimulator(chipWith(design, context.options.files), folder,
                                                       {.verilator = {"--coverage-line", "--coverage-toggle"}});
        for (int i = 0; i < each; ++i) {
            base::Rng case_rng(context.options.seed, "coverage case", uint64_t(d * each + i));
            // Its verdict is the business of the fuzz run; a case that stops writes no coverage.
            if (runCase(randomCase(design, case_rng, range), simulator, folder / "vectors").stopped) continue;
            collector.add(folder / "vectors" / "coverage.dat");
        }
        fs::remove_all(folder);
    });
}

std::string lineOf(const std::string& text, int number) {
    std::istringstream lines(text);
    std::string line;
    for (int i = 0; i < number; ++i) std::getline(lines, line);
    return line.substr(std::min(line.size(), line.find_first_not_of(' ')));
}

/// Lines of functions that only make constants while the hardware is built.
std::set<int> constantFunctions(const std::string& text) {
    std::set<int> out;
    std::istringstream lines(text);
    bool inside = false;
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        inside = inside || line.find("function integer") != std::string::npos;
        if (inside) out.insert(number);
        if (line.find("endfunction") != std::string::npos) inside = false;
    }
    return out;
}

std::string reasonFor(const std::string& text, int number) {
    if (constantFunctions(text).count(number) != 0) return "makes constants while the hardware is built";
    const std::string line = lineOf(text, number);
    for (const Reason& reason : kReasons)
        if (line.find(reason.text) != std::string::npos) return reason.reason;
    return "no reason known";
}

void coverage(StageContext& context) {
    Collector collector;
    if (context.options.full) benches(context, collector);
    cases(context, collector);
    Coverage::Share all;
    std::map<std::string, std::set<int>> open = collector.sum().unreached();
    for (auto [file, share] : collector.sum().lines()) {
        if (context.options.files.count(file) == 0) continue;
        const std::string& text = context.options.files.at(file);
        for (const int line : assertionLines(text)) share.total -= int64_t(open[file].erase(line));
        all.covered += share.covered, all.total += share.total;
        for (const int line : context.options.full ? open[file] : std::set<int>{})
            context.report({.name = fmt::format("{}:{} not reached", file, line),
                            .note = fmt::format("{}  ({})", lineOf(text, line), reasonFor(text, line))});
    }
    const Coverage::Share toggles = collector.sum().toggles();
    Check lines{.name = fmt::format("{:.2f} % of {} lines", all.percent(), all.total), .checks = 1};
    // A quick run reaches less: it shows that the machinery works.
    const double bar = context.options.full ? kBar : 50;
    lines.failed = all.percent() >= bar && all.total > 0 ? 0 : 1;
    lines.note =
        fmt::format("at least {} % wanted; {:.1f} % of {} nets toggled", bar, toggles.percent(), toggles.total);
    context.report(lines);
}

}  // namespace

void register_coverage(StageRegistry& stages) {
    stages.add({"coverage", 9, "lines and nets that benches and cases reach", {"verilator"}, coverage});
}

}  // namespace dna::verif
