// V1: every library module with a bench of its own is compared with an independent model, in Verilator.
#include "verif/library/unit_bench.h"
#include "verif/library/workers.h"

namespace dna::verif {

namespace {

void unit(StageContext& context) {
    const std::vector<UnitBench> benches = unitBenches(context.options.full);
    forEach(int(benches.size()), context.options.threads, [&](int i) {
        context.report(
            runUnitBench(benches[size_t(i)], context.options.files, context.options, context.work / std::to_string(i)));
    });
}

}  // namespace

void register_unit(StageRegistry& stages) {
    stages.add({"unit", 1, "benches of single modules against independent models", {"verilator"}, unit});
}

}  // namespace dna::verif
