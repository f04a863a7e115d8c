// Evaluations a second of the loop-nest analysis: every count, energy and cycles of a nest from scratch.
#include <benchmark/benchmark.h>

#include <map>

#include "costmodel/loopnest/cases.h"
#include "costmodel/loopnest/gradient.h"
#include "flows/bench/bench.h"
#include "flows/bench/nests.h"

namespace dna::flows {
namespace {

using namespace costmodel::loopnest;

/// Nests on one architecture, flattened.
struct Workload {
    Architecture architecture;
    std::vector<Problem> problems;
    std::vector<Nest> nests;
};
using Shared = std::shared_ptr<const Workload>;

std::map<std::string, Shared> workloadsOf(const BenchInputs& inputs) {
    std::map<std::string, std::shared_ptr<Workload>> all;
    const auto add = [&](const std::string& name, const Architecture& architecture, const Problem& problem,
                         const Mapping& mapping) {
        std::shared_ptr<Workload>& workload = all[name];
        if (!workload) workload = std::make_shared<Workload>(Workload{architecture, {}, {}});
        workload->problems.push_back(problem);
        workload->nests.push_back(flatten(mapping));
    };
    if (inputs.cases) {
        const ReferenceCases cases = readReferenceCases(*inputs.cases);
        for (const ReferenceCase& one : cases.cases)
            add(cases.architectures[one.architecture].name, cases.architectures[one.architecture], one.problem,
                one.mapping);
    } else {
        for (const BenchNest& one : benchNests()) {
            add(one.problem.name, benchArchitecture(), one.problem, one.mapping);
            add("all", benchArchitecture(), one.problem, one.mapping);
        }
    }
    return {all.begin(), all.end()};
}

/// Runs `each(workload, k)` over all nests of a workload, one item a nest.
template <class Each>
void declareOver(const std::string& name, const Shared& workload, Each each) {
    benchmark::RegisterBenchmark(name.c_str(), [workload, each](benchmark::State& state) mutable {
        for ([[maybe_unused]] auto _ : state)
            for (size_t k = 0; k < workload->nests.size(); ++k) each(*workload, k);
        state.SetItemsProcessed(int64_t(state.iterations()) * int64_t(workload->nests.size()));
    });
}

void declareLoopnest(const BenchInputs& inputs) {
    for (const auto& [name, workload] : workloadsOf(inputs)) {
        declareOver("evaluate/" + name, workload, [](const Workload& w, size_t k) {
            benchmark::DoNotOptimize(evaluate(w.problems[k], w.architecture, w.nests[k], kTimeloop));
        });
        declareOver("capacity_and_evaluate/" + name, workload, [](const Workload& w, size_t k) {
            if (!capacityExcess(w.architecture, w.nests[k], w.problems[k], kTimeloop))
                benchmark::DoNotOptimize(evaluate(w.problems[k], w.architecture, w.nests[k], kTimeloop));
        });
        declareOver("evaluate_gads/" + name, workload, [](const Workload& w, size_t k) {
            benchmark::DoNotOptimize(evaluate(w.problems[k], w.architecture, w.nests[k], kGads));
        });
        const auto gradients = std::make_shared<GradientEvaluator>();
        declareOver("gradient/" + name, workload, [gradients](const Workload& w, size_t k) {
            benchmark::DoNotOptimize(
                gradients->evaluate(w.problems[k], w.architecture, w.nests[k], w.nests[k].bounds, kTimeloop));
        });
    }
}

}  // namespace

void register_loopnest(BenchRegistry& suites) {
    suites.add({"loopnest", "evaluations of the loop-nest analysis, values and gradients", declareLoopnest});
}

}  // namespace dna::flows
