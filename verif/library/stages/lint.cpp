// V0: emitted files of random designs for Verilator -Wall, Icarus -g2005 -Wall and Yosys check -assert, nothing waived; one
// edge of the clock.
#include <fmt/format.h>

#include "verif/fuzz_case.h"
#include "verif/library/chip.h"
#include "verif/library/stage.h"
#include "verif/library/workers.h"
#include "verif/lint.h"
#include "verif/random_case.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

/// Every second design of the full run has the largest arrays, as the space has them.
design::Design designOf(uint64_t seed, int index, bool full) {
    base::Rng rng(seed, "lint design", uint64_t(index));
    if (full && index % 2 == 0) return randomDesign(rng, {.rom = true});
    return randomDesign(rng, {.max_rows = full ? 8 : 4, .max_cols = 8, .max_cycles = 60000, .rom = true});
}

void lint(StageContext& context) {
    const int designs = context.options.full ? 200 : 1;
    forEach(designs, context.options.threads, [&](int i) {
        const design::Design design = designOf(context.options.seed, i, context.options.full);
        base::Rng rng(context.options.seed, "lint descriptors", uint64_t(i));
        const rtlgen::Chip chip = chipWith(design, context.options.files, randomDescriptors(rng));
        const fs::path folder = context.work / std::to_string(i);
        std::string complaints = lintVerilator(chip, folder) + lintIcarus(chip, folder) + lintYosys(chip, folder) + lintEdges(chip);
        fs::remove_all(folder);
        Check check{.name = fmt::format("design {:03} {}", i, describe(design)), .checks = 4};
        check.failed = complaints.empty() ? 0 : 1;
        check.note = complaints.substr(0, complaints.find('\n'));
        context.report(check);
    });
}

}  // namespace

void register_lint(StageRegistry& stages) {
    stages.add({"lint", 0, "random designs without a warning", {"verilator", "iverilog", "yosys"}, lint});
}

}  // namespace dna::verif
