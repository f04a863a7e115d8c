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

using Rom = std::vector<mapping::Descriptor>;

rtlgen::Chip chipOf(const design::Design& design, const FuzzOptions& options, const Rom& rom) {
    rtlgen::Chip chip = rtlgen::emitChip(design, rom);
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

/// Runs one case after the other on a design; a chip with a ROM is built anew for every case.
class CaseRunner {
public:
    CaseRunner(const FuzzOptions& options, fs::path folder) : options_(options), folder_(std::move(folder)) {}

    Verdict operator()(const FuzzCase& fuzz_case) {
        const Rom rom = romOf(fuzz_case);
        if (simulator_.empty() || !rom.empty()) {
            base::makeFolder(folder_);
            simulator_ = buildQuickSimulator(chipOf(fuzz_case.design, options_, rom), folder_, options_.build);
        }
        return runCase(fuzz_case, simulator_, folder_ / "vectors");
    }

private:
    const FuzzOptions& options_;
    fs::path folder_, simulator_;
};

/// All cases of one design. A chip with a ROM is built once with the programs of all of them, one behind the other.
class DesignRun {
public:
    DesignRun(const FuzzOptions& options, int index, int designs)
        : options_(options), index_(index), designs_(designs), folder_(options.work / fmt::format("design{}", index)) {}

    FuzzResult run() {
        base::Rng rng(options_.seed, "fuzz design", uint64_t(index_));
        FuzzRange range = options_.range;
        range.rom = true;
        drawCases(randomDesign(rng, range));
        base::makeFolder(folder_);
        simulator_ = buildQuickSimulator(chipOf(cases_.front().fuzz_case.design, options_, rom_), folder_, options_.build);
        result_.designs = 1;
        for (const Drawn& drawn : cases_) runOne(drawn);
        fs::remove_all(folder_);
        return std::move(result_);
    }

private:
    struct Drawn {
        int number;
        FuzzCase fuzz_case;
        uint32_t descriptor_base;
    };

    void drawCases(const design::Design& design) {
        for (int number = index_; number < options_.cases; number += designs_) {
            base::Rng rng(options_.seed, "fuzz case", uint64_t(number));
            cases_.push_back({number, randomCase(design, rng, options_.range), uint32_t(rom_.size() * mapping::kDescriptorBytes)});
            const Rom rom = romOf(cases_.back().fuzz_case);
            rom_.insert(rom_.end(), rom.begin(), rom.end());
        }
    }

    void runOne(const Drawn& drawn) {
        if (base::stopRequested()) throw base::Interrupted("the fuzz run was interrupted");
        const FuzzCase& fuzz_case = drawn.fuzz_case;
        const Verdict verdict = runCase(fuzz_case, simulator_, folder_ / "vectors", drawn.descriptor_base);
        ++result_.cases;
        result_.pairs.add(fuzz_case);
        result_.cycles +=
            fuzz_case.pictures * mapping::networkCycles(plansOf(fuzz_case), design::MemoryModel{}).back().done;
        add(result_, verdict);
        if (!verdict.passed()) keep(fuzz_case, drawn.number, verdict);
    }

    /// The first failing case of a design is shrunk, others are as they were drawn.
    void keep(const FuzzCase& fuzz_case, int number, const Verdict& verdict) {
        const bool first_one = result_.failing.empty();
        CaseRunner runner(options_, folder_ / "shrink");
        const auto fails = [&](const FuzzCase& c) { return runner(c).kind == verdict.kind; };
        const FuzzCase kept = first_one ? shrink(fuzz_case, fails, options_.shrink_attempts) : fuzz_case;
        const fs::path file = options_.work / fmt::format("case-{}-{}.json", options_.seed, number);
        base::writeJson(file, toJson(kept));
        result_.failing.push_back({index_, number, verdict, file});
    }

    const FuzzOptions& options_;
    int index_, designs_;
    fs::path folder_, simulator_;
    std::vector<Drawn> cases_;
    Rom rom_;
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
        sum.interrupted = interrupted_;
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
            } catch (const base::Interrupted&) {
                interrupted_ = stop_ = true;
                return;
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
    std::atomic<bool> stop_{false}, interrupted_{false};
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
    CaseRunner run(options, folder);
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
