#include "verif/fuzz.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/mapping/cycles.h"
#include "rtlgen/chip.h"
#include "verif/shrink.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

rtlgen::Chip chipOf(const design::Design& design, const FuzzOptions& options) {
    rtlgen::Chip chip = rtlgen::emitChip(design);
    for (const auto& [file, text] : options.library) {
        if (chip.files.count(file) == 0) throw base::InputError(file, "", "the library has no such file");
        chip.files[file] = text;
    }
    return chip;
}

void add(FuzzResult& sum, const Verdict& verdict) {
    sum.mismatches += verdict.mismatches;
    sum.writes_outside += verdict.writes_outside;
    sum.cycle_differences += verdict.cycle_differences;
    sum.access_differences += verdict.access_differences;
    sum.stopped += int(verdict.stopped);
}

/// All cases of one design.
class DesignRun {
public:
    DesignRun(const FuzzOptions& options, int index, int designs)
        : options_(options), index_(index), designs_(designs), folder_(options.work / fmt::format("design{}", index)) {}

    FuzzResult run() {
        base::Rng rng(options_.seed, "fuzz design", uint64_t(index_));
        const design::Design design = randomDesign(rng, options_.range);
        base::makeFolder(folder_);
        simulator_ = buildQuickSimulator(chipOf(design, options_), folder_, options_.build);
        result_.designs = 1;
        for (int number = index_; number < options_.cases; number += designs_) runOne(design, number);
        fs::remove_all(folder_);
        return std::move(result_);
    }

private:
    Verdict runOnRtl(const FuzzCase& fuzz_case) const { return runCase(fuzz_case, simulator_, folder_ / "vectors"); }

    void runOne(const design::Design& design, int number) {
        if (base::stopRequested()) throw base::Interrupted("the fuzz run was interrupted");
        base::Rng rng(options_.seed, "fuzz case", uint64_t(number));
        const FuzzCase fuzz_case = randomCase(design, rng, options_.range);
        const Verdict verdict = runOnRtl(fuzz_case);
        ++result_.cases;
        result_.pairs.add(fuzz_case);
        result_.cycles +=
            fuzz_case.pictures * mapping::networkCycles(plansOf(fuzz_case), design::MemoryModel{}).back().done;
        add(result_, verdict);
        if (!verdict.passed()) keep(fuzz_case, number, verdict);
    }

    /// The first failing case of a design is shrunk, others are as they were drawn.
    void keep(const FuzzCase& fuzz_case, int number, const Verdict& verdict) {
        const bool first_one = result_.failing.empty();
        const auto fails = [&](const FuzzCase& c) { return runOnRtl(c).kind == verdict.kind; };
        const FuzzCase kept = first_one ? shrink(fuzz_case, fails, options_.shrink_attempts) : fuzz_case;
        const fs::path file = options_.work / fmt::format("case-{}-{}.json", options_.seed, number);
        base::writeJson(file, toJson(kept));
        result_.failing.push_back({index_, number, verdict, file});
    }

    const FuzzOptions& options_;
    int index_, designs_;
    fs::path folder_, simulator_;
    FuzzResult result_;
};

void merge(FuzzResult& sum, const FuzzResult& part) {
    sum.cases += part.cases, sum.designs += part.designs, sum.stopped += part.stopped, sum.cycles += part.cycles;
    sum.mismatches += part.mismatches, sum.writes_outside += part.writes_outside;
    sum.cycle_differences += part.cycle_differences, sum.access_differences += part.access_differences;
    sum.failing.insert(sum.failing.end(), part.failing.begin(), part.failing.end());
    sum.pairs.merge(part.pairs);
}

class FuzzRun {
public:
    FuzzRun(const FuzzOptions& options, base::Log& log)
        : options_(options), log_(log), designs_(designsOf(options)), results_(size_t(designs_)) {}

    FuzzResult run() {
        std::vector<std::thread> threads;
        for (int i = 1; i < options_.threads; ++i) threads.emplace_back([this] { work(); });
        work();
        for (std::thread& thread : threads) thread.join();
        if (failure_) std::rethrow_exception(failure_);
        FuzzResult sum;
        for (const FuzzResult& result : results_) merge(sum, result);
        return sum;
    }

private:
    static int designsOf(const FuzzOptions& options) {
        const int wanted = options.designs > 0 ? options.designs : std::max(25, options.cases / 8);
        return std::min(wanted, options.cases);
    }

    void work() {
        for (int i = next_++; i < designs_ && !stop_; i = next_++) {
            try {
                results_[size_t(i)] = DesignRun(options_, i, designs_).run();
            } catch (...) {
                const std::lock_guard guard(lock_);
                if (!failure_) failure_ = std::current_exception();
                stop_ = true;
                return;
            }
            if (options_.stop_at_first && !results_[size_t(i)].passed()) stop_ = true;
            const std::lock_guard guard(lock_);
            log_.progress("designs", double(++finished_), double(designs_));
        }
    }

    const FuzzOptions& options_;
    base::Log& log_;
    int designs_;
    std::vector<FuzzResult> results_;
    std::atomic<int> next_{0};
    std::atomic<bool> stop_{false};
    int finished_ = 0;
    std::mutex lock_;
    std::exception_ptr failure_;
};

}  // namespace

FuzzResult fuzz(const FuzzOptions& options, base::Log& log) {
    base::makeFolder(options.work);
    return FuzzRun(options, log).run();
}

Verdict replay(const FuzzCase& fuzz_case, const FuzzOptions& options, FuzzCase* shrunk) {
    const fs::path folder = options.work / "replay";
    base::makeFolder(folder);
    const fs::path simulator = buildQuickSimulator(chipOf(fuzz_case.design, options), folder, options.build);
    const auto run = [&](const FuzzCase& c) { return runCase(c, simulator, folder / "vectors"); };
    const Verdict verdict = run(fuzz_case);
    if (shrunk != nullptr && !verdict.passed())
        *shrunk = shrink(
            fuzz_case, [&](const FuzzCase& c) { return run(c).kind == verdict.kind; }, options.shrink_attempts);
    fs::remove_all(folder);
    return verdict;
}

std::map<std::string, std::string> readLibrary(const fs::path& folder) {
    std::map<std::string, std::string> library;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".v")
            library["rtl/" + entry.path().filename().string()] = base::readFile(entry.path());
    if (library.empty()) throw base::InputError(folder.string(), "", "no Verilog files in this folder");
    return library;
}

}  // namespace dna::verif
