// How long the exact mapper takes for a layer, with proof, and what it visits on the way.
#include <benchmark/benchmark.h>

#include "costmodel/loopnest/mapper/mapper.h"
#include "flows/bench/bench.h"
#include "flows/bench/nests.h"

namespace dna::flows {
namespace {

using namespace costmodel::loopnest;

/// Sets what a level may keep and loop over in space; `spatial` are letters of dimensions.
void constrain(Architecture& architecture, int level, PerTensor<bool> keeps, std::string_view spatial) {
    LevelConstraint& constraint = architecture.constraints[size_t(level)];
    constraint.keeps = keeps;
    for (int d = 0; d < kDims; ++d)
        constraint.spatial_x[d] = constraint.spatial_y[d] =
            spatial.find(kDimNames[size_t(d)]) != std::string_view::npos;
}

/// The benchmark architecture with registers for everything, for outputs or for weights.
std::vector<Architecture> architectures() {
    std::vector<Architecture> out(3, benchArchitecture());
    out[0].name = "all_kept";
    out[1].name = "output_stationary";
    constrain(out[1], 1, {true, true, true}, "MPQNG");
    constrain(out[1], 2, {false, false, true}, "");
    out[1].levels[2].capacity_words = 16;
    out[2].name = "weight_stationary";
    constrain(out[2], 1, {true, true, true}, "CMRSG");
    constrain(out[2], 2, {true, false, false}, "");
    return out;
}

void declareMapper(const BenchInputs&) {
    for (const Architecture& architecture : architectures())
        for (const BenchNest& nest : benchNests()) {
            if (nest.problem.name != "pointwise" && nest.problem.name != "conv3x3" &&
                nest.problem.name != "depthwise" && nest.problem.name != "fully_connected")
                continue;
            benchmark::RegisterBenchmark(("map/" + architecture.name + "/" + nest.problem.name).c_str(),
                                         [architecture, problem = nest.problem](benchmark::State& state) {
                                             MapperResult result;
                                             int64_t nodes = 0, evaluated = 0;
                                             for ([[maybe_unused]] auto _ : state) {
                                                 result = mapLayer(problem, architecture, {});
                                                 nodes += result.nodes, evaluated += result.evaluated;
                                             }
                                             state.SetItemsProcessed(state.iterations());
                                             state.counters["proven"] = result.optimal;
                                             state.counters["nodes"] = double(nodes) / double(state.iterations());
                                             state.counters["mappings"] =
                                                 double(evaluated) / double(state.iterations());
                                         });
        }
}

}  // namespace

void register_mapper(BenchRegistry& suites) {
    suites.add({"mapper", "the exact mapper, layer by layer", declareMapper});
}

}  // namespace dna::flows
