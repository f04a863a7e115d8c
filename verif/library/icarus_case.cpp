#include "verif/library/icarus_case.h"

#include <fmt/format.h>

#include "core/base/file.h"
#include "core/mapping/cycles.h"
#include "verif/fuzz_run.h"
#include "verif/icarus.h"
#include "verif/library/chip.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

/// Layers that ended in another cycle than predicted; only the normative memory is predicted.
int64_t lateLayers(const FuzzCase& fuzz_case, const std::vector<mapping::LayerPlan>& plans, const IcarusRun& run) {
    if (fuzz_case.stall_seed != 0) return 0;
    const std::vector<mapping::LayerTime> times = mapping::networkCycles(plans, design::MemoryModel{});
    int64_t late = 0;
    for (size_t i = 0; i < run.cycles.size(); ++i) late += run.cycles[i] != times[i % times.size()].done;
    return late;
}

}  // namespace

Check runOnIcarus(const FuzzCase& fuzz_case, const Library& library, const fs::path& folder) {
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

}  // namespace dna::verif
