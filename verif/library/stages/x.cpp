// V6: cases of the fuzz run on Icarus, where memories and all registers without reset begin as X and read data are X
// while they are not valid. No X may reach a control output, an address or a written byte; bytes and cycles are
// compared too.
#include <fmt/format.h>

#include "core/base/file.h"
#include "core/mapping/cycles.h"
#include "verif/fuzz_run.h"
#include "verif/icarus.h"
#include "verif/library/chip.h"
#include "verif/library/stage.h"
#include "verif/library/workers.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

constexpr FuzzRange kRange{.max_rows = 8, .max_cols = 16, .max_cycles = 8000, .rom = true};
constexpr FuzzRange kQuickRange{.max_rows = 4, .max_cols = 8, .max_cycles = 5000, .rom = true};

/// Case `index` of a seed: every third one with stalls.
FuzzCase caseOf(uint64_t seed, int index, const FuzzRange& range) {
    base::Rng design_rng(seed, "x design", uint64_t(index)), case_rng(seed, "x case", uint64_t(index));
    FuzzCase fuzz_case = randomCase(randomDesign(design_rng, range), case_rng, range);
    fuzz_case.stall_seed = index % 3 == 2 ? 1 + case_rng.below(1000000) : 0;
    return fuzz_case;
}

/// Layers that ended in another cycle than predicted; only the normative memory is predicted.
int64_t lateLayers(const FuzzCase& fuzz_case, const std::vector<mapping::LayerPlan>& plans, const IcarusRun& run) {
    if (fuzz_case.stall_seed != 0) return 0;
    const std::vector<mapping::LayerTime> times = mapping::networkCycles(plans, design::MemoryModel{});
    int64_t late = 0;
    for (size_t i = 0; i < run.cycles.size(); ++i) late += run.cycles[i] != times[i % times.size()].done;
    return late;
}

Check runX(const FuzzCase& fuzz_case, const Library& library, const fs::path& folder) {
    const std::vector<mapping::LayerPlan> plans = writeCaseVectors(fuzz_case, folder / "vectors");
    const rtlgen::Chip chip = chipWith(fuzz_case.design, library, romOf(fuzz_case));
    const IcarusRun run = simulateIcarus(chip, folder, fuzz_case.pictures, fuzz_case.stall_seed);
    Check check{.name = {}, .checks = 1, .note = run.first, .seconds = run.seconds};
    const int64_t late = lateLayers(fuzz_case, plans, run);
    if (check.note.empty() && late > 0) check.note = fmt::format("{} layers end in another cycle than predicted", late);
    check.failed = run.passed() && late == 0 ? 0 : 1;
    if (!check.failed) fs::remove_all(folder);
    else base::writeJson(folder / "case.json", toJson(fuzz_case));  // to run the bench, or dna fuzz --replay
    if (!check.failed) check.note = fmt::format("{} layers, {} cycles, no X", run.cycles.size(), run.cycles.back());
    return check;
}

/// A register that reset no longer clears must be seen.
Check selfCheck(const StageContext& context) {
    const Library library = broken(context.options.files, "rtl/dna_store.v: `read_slot_o  <= 1'b0;` -> ``");
    FuzzCase fuzz_case = caseOf(context.options.seed, 0, kQuickRange);
    fuzz_case.design.chunks.front().output_slots = 2;  // a single buffer looks at no slot
    Check check = runX(fuzz_case, library, context.work / "broken");
    check.name = "broken: an output buffer slot without reset";
    check.failed = 1 - check.failed;
    return check;
}

void x(StageContext& context) {
    const int cases = context.options.full ? 60 : 2;
    forEach(cases + 1, context.options.threads, [&](int i) {
        if (i == cases) return context.report(selfCheck(context));
        const FuzzCase fuzz_case = caseOf(context.options.seed, i, context.options.full ? kRange : kQuickRange);
        Check check = runX(fuzz_case, context.options.files, context.work / std::to_string(i));
        check.name = fmt::format("case {:02} on {}{}", i, describe(fuzz_case.design),
                                 fuzz_case.stall_seed != 0 ? ", stalls" : "");
        context.report(check);
    });
}

}  // namespace

void register_x(StageRegistry& stages) {
    stages.add({"x", 6, "unknown values never leave the chip", {"iverilog", "vvp"}, x});
}

}  // namespace dna::verif
