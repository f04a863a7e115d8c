// V10: does the verification notice faults? Single tokens of the library are changed; the unit benches of the changed
// module run first, then lint and fuzz cases on designs of all templates, then some cases with unknown values on Icarus, until
// one of them fails.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "core/base/file.h"
#include "verif/fuzz_run.h"
#include "verif/library/chip.h"
#include "verif/library/mutate.h"
#include "verif/library/stage.h"
#include "verif/library/unit_bench.h"
#include "verif/library/workers.h"
#include "verif/library/icarus_case.h"
#include "verif/lint.h"
#include "verif/pair_table.h"
#include "verif/quick_build.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

constexpr FuzzRange kRange{.max_rows = 8, .max_cols = 8, .max_cycles = 15000};
constexpr FuzzRange kUnknownRange{.max_rows = 8, .max_cols = 8, .max_cycles = 5000};
constexpr int kCasesOfDesign = 25;
constexpr double kBar = 0.95;

using Features = std::map<std::string, std::string>;

/// Values of parameters that a design has and those of its template before it have not; sizes don't count.
int newValues(const Features& features, const std::set<std::pair<std::string, std::string>>& met) {
    return int(std::count_if(features.begin(), features.end(), [&](const auto& feature) {
        const bool size = feature.first.ends_with("_words") || feature.first == "accumulator_bits";
        return !size && !met.contains(feature);
    }));
}

/// Designs on which mutants run: `each` of every template, out of many random ones those that together have the most of what is
/// optional.
std::vector<design::Design> designsFor(uint64_t seed, int each) {
    std::map<design::Template, std::vector<design::Design>> drawn;
    for (uint64_t step = 0; step < 400; ++step) {
        base::Rng rng(seed, "mutant design", step);
        const design::Design design = randomDesign(rng, kRange);
        drawn[design.chunk().array].push_back(design);
    }
    std::vector<design::Design> designs;
    for (const auto& [array, candidates] : drawn) {
        std::set<std::pair<std::string, std::string>> met;
        for (int i = 0; i < each; ++i) {
            const auto gain = [&](const design::Design& design) { return newValues(featuresOf(design.chunk()), met); };
            const auto best = std::max_element(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) { return gain(a) < gain(b); });
            const Features features = featuresOf(best->chunk());
            met.insert(features.begin(), features.end());
            designs.push_back(*best);
        }
    }
    return designs;
}

/// A design on which mutants run, and the modules that it is made of: others may be changed without a trace.
struct Bed {
    design::Design design;
    std::set<std::string> modules;
};

std::vector<Bed> bedsFor(const std::vector<design::Design>& designs, const LibraryOptions& options, const fs::path& folder) {
    std::vector<Bed> beds;
    for (const design::Design& design : designs)
        beds.push_back({design, modulesOf(chipWith(design, options.files), folder)});
    return beds;
}

class Killer {
public:
    Killer(const LibraryOptions& options, const std::vector<Bed>& beds, fs::path folder)
        : options_(options), beds_(beds), folder_(std::move(folder)) {}

    /// What noticed the mutant; empty when nothing did.
    std::string kill(const Mutant& mutant) const {
        const Library library = mutated(options_.files, mutant);
        std::string by = byBench(mutant, library);
        if (by.empty()) by = byCases(mutant, library);
        return by.empty() ? byUnknownValues(mutant, library) : by;
    }

private:
    std::string byBench(const Mutant& mutant, const Library& library) const {
        for (const UnitBench& bench : unitBenches(true)) {
            const std::vector<std::string> modules = modulesBelow(library, bench.module());
            if (std::find(modules.begin(), modules.end(), mutant.module()) == modules.end()) continue;
            LibraryOptions quick = options_;
            quick.full = false;
            const Check check = runUnitBench(bench, library, quick, folder_ / "unit", {}, 60);
            if (check.failed > 0) return "bench " + bench.name();
        }
        return {};
    }

    std::string byCases(const Mutant& mutant, const Library& library) const {
        for (size_t d = 0; d < beds_.size(); ++d) {
            if (!beds_[d].modules.contains(mutant.module())) continue;
            const design::Design& design = beds_[d].design;
            const fs::path folder = folder_ / "design";
            fs::remove_all(folder);
            base::makeFolder(folder);
            const rtlgen::Chip chip = chipWith(design, library);
            if (!lintVerilator(chip, folder / "lint").empty()) return "lint of " + describe(design);
            const fs::path simulator = buildQuickSimulator(chip, folder);
            for (int number = 0; number < kCasesOfDesign; ++number) {
                base::Rng rng(options_.seed, "mutant case", d * kCasesOfDesign + uint64_t(number));
                const Verdict verdict = runCase(randomCase(design, rng, kRange), simulator, folder / "vectors");
                if (!verdict.passed()) return fmt::format("case on {}: {}", describe(design), verdict.kind);
            }
        }
        return {};
    }

    /// One case a design, without and with stalls in turn: what reset leaves behind shows as X.
    std::string byUnknownValues(const Mutant& mutant, const Library& library) const {
        for (size_t d = 0; d < beds_.size(); ++d) {
            if (!beds_[d].modules.contains(mutant.module())) continue;
            base::Rng rng(options_.seed, "mutant x case", d);
            FuzzCase fuzz_case = randomCase(beds_[d].design, rng, kUnknownRange);
            fuzz_case.stall_seed = d % 2;
            const Check check = runOnIcarus(fuzz_case, library, folder_ / "x");
            if (check.failed > 0) return fmt::format("X on {}: {}", describe(beds_[d].design), check.note);
        }
        return {};
    }

    const LibraryOptions& options_;
    const std::vector<Bed>& beds_;
    fs::path folder_;
};

/// The first `wanted` mutants of a random order that Verilator and Icarus take without a warning on the designs, one of each
/// template, that have the mutant's module: others are found by V0 already. In a quick run only mutants of modules with benches
/// of their own.
std::vector<Mutant> chosen(StageContext& context, int wanted, bool quick) {
    std::vector<Mutant> all = mutantsOf(context.options.files);
    if (quick) {
        std::vector<std::string> modules;
        for (const UnitBench& bench : unitBenches(false)) modules.push_back(bench.module());
        std::erase_if(all, [&](const Mutant& mutant) {
            return std::find(modules.begin(), modules.end(), mutant.module()) == modules.end();
        });
    }
    base::Rng rng(context.options.seed, "mutants");
    for (size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[rng.below(i)]);
    std::vector<Bed> beds = bedsFor(designsFor(1, 1), context.options, context.work / "lint");
    if (quick) beds.resize(1);
    std::vector<Mutant> out;
    for (size_t i = 0; i < all.size() && int(out.size()) < wanted; ++i) {
        const Library library = mutated(context.options.files, all[i]);
        const bool clean = std::all_of(beds.begin(), beds.end(), [&](const Bed& bed) {
            if (!bed.modules.contains(all[i].module())) return true;
            const rtlgen::Chip chip = chipWith(bed.design, library);
            return lintVerilator(chip, context.work / "lint").empty() &&
                   lintIcarus(chip, context.work / "lint").empty() && lintEdges(chip).empty();
        });
        if (clean) out.push_back(all[i]);
    }
    return out;
}

void mutants(StageContext& context) {
    const bool full = context.options.full;
    const std::vector<Mutant> list = chosen(context, full ? 100 : 1, !full);
    const std::vector<Bed> beds = bedsFor(designsFor(context.options.seed, full ? 3 : 0), context.options, context.work / "beds");
    std::mutex lock;
    int64_t killed = 0;
    forEach(int(list.size()), context.options.threads, [&](int i) {
        const fs::path folder = context.work / std::to_string(i);
        const std::string by = Killer(context.options, beds, folder).kill(list[size_t(i)]);
        fs::remove_all(folder);
        const std::lock_guard guard(lock);
        killed += !by.empty();
        context.report({.name = list[size_t(i)].text(), .checks = 1, .note = by.empty() ? "SURVIVED" : by});
    });
    Check bar{.name = fmt::format("{} of {} killed", killed, list.size()), .checks = 1};
    bar.failed = double(killed) < kBar * double(list.size()) ? 1 : 0;
    bar.note = fmt::format("at least {:.0f} % wanted", 100 * kBar);
    context.report(bar);
}

}  // namespace

void register_mutants(StageRegistry& stages) {
    stages.add({"mutants", 10, "faults of one token are noticed", {"verilator", "iverilog"}, mutants});
}

}  // namespace dna::verif
