// V6: cases of the fuzz run on Icarus, where memories and all registers without reset begin as X and read data are X
// while they are not valid. No X may reach a control output, an address or a written byte; bytes and cycles are
// compared too.
#include <fmt/format.h>

#include "verif/library/chip.h"
#include "verif/library/stage.h"
#include "verif/library/workers.h"
#include "verif/library/icarus_case.h"
#include "verif/random_case.h"

namespace dna::verif {

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

/// A register that reset no longer clears must be seen.
Check selfCheck(const StageContext& context) {
    const Library library = broken(context.options.files, "rtl/dna_store.v: `read_slot_o  <= 1'b0;` -> ``");
    FuzzCase fuzz_case = caseOf(context.options.seed, 0, kQuickRange);
    fuzz_case.design.chunks.front().output_slots = 2;  // a single buffer looks at no slot
    Check check = runOnIcarus(fuzz_case, library, context.work / "broken");
    check.name = "broken: an output buffer slot without reset";
    check.failed = 1 - check.failed;
    return check;
}

void x(StageContext& context) {
    const int cases = context.options.full ? 60 : 2;
    forEach(cases + 1, context.options.threads, [&](int i) {
        if (i == cases) return context.report(selfCheck(context));
        const FuzzCase fuzz_case = caseOf(context.options.seed, i, context.options.full ? kRange : kQuickRange);
        Check check = runOnIcarus(fuzz_case, context.options.files, context.work / std::to_string(i));
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
