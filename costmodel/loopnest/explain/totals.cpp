// What is told of all tensors together.
#include "costmodel/loopnest/explain/totals.h"

#include <fmt/format.h>

#include <cmath>

namespace dna::costmodel::loopnest {

void tellLayer(const Scene& scene, Page& page) {
    std::vector<Term> dims;
    for (int d = 0; d < kDims; ++d) dims.push_back({kDimNames.substr(size_t(d), 1), double(scene.problem.bounds[d])});
    page.line(0, "multiply-accumulates", product(dims));
    page.say(0, fmt::format("strides {} (rows) and {} (columns), dilations {} and {}", scene.problem.stride_p,
                            scene.problem.stride_q, scene.problem.dilation_r, scene.problem.dilation_s));
    page.line(0, "cycles of the MACs", product(scene.factors(0, scene.nest.loop_count, true)), "",
              "the temporal loops");
    page.line(0, "MACs in use", product(scene.factors(0, scene.nest.loop_count, false)), "", "the spatial loops");
    for (int l = 0; l < scene.nest.level_count; ++l)
        if (scene.architecture.levels[l].stores() && scene.instances[l] > 1)
            page.line(0, fmt::format("{} in use", scene.name(l)),
                      product(scene.factors(0, scene.nest.begin[l], false)));
    page.blank();
}

void tellCycles(const Scene& scene, const Explanation& out, const Evaluation& evaluation, Page& page) {
    page.say(0, "Cycles (throughput only: no fill, no drain, transfers overlap)");
    std::string decides = "the MACs";
    double most = scene.compute_cycles;
    const auto traffic = [&](int l, const char* what, const Term& words, double bandwidth) {
        if (words.value == 0 || bandwidth == kUnlimited) return;
        const double cycles =
            page.line(2, fmt::format("{} {}", scene.name(l), what), words / Term("a cycle", bandwidth), "cycles");
        if (std::ceil(cycles) > most) most = std::ceil(cycles), decides = fmt::format("{} of {}", what, scene.name(l));
    };
    page.line(2, "MACs", Term(scene.compute_cycles), "cycles");
    for (int l = 0; l < scene.nest.level_count; ++l) {
        const auto& c = out.counts[l];
        traffic(l, "reads", Term("W", c[0].reads) + Term("I", c[1].reads) + Term("O", c[2].reads),
                scene.architecture.levels[l].read_bandwidth);
        traffic(l, "writes",
                Term("W", c[0].fills) + Term("I", c[1].fills) + Term("O", c[2].fills) + Term("O", c[2].updates),
                scene.architecture.levels[l].write_bandwidth);
    }
    page.say(2, fmt::format("{} cycles, decided by {}", numberText(evaluation.cycles), decides));
    page.blank();
}

void tellEnergy(const Scene& scene, Explanation& out, double levels_pj, Page& page) {
    page.say(0, "Energy");
    const double macs = scene.compute_cycles * scene.instances.back();
    const double mac_pj = page.line(2, "MACs", Term(macs) * Term(scene.architecture.mac_energy_pj), "pJ");
    out.energy_pj = page.line(2, "all", Term("levels", levels_pj) + Term("MACs", mac_pj), "pJ");
}

void tellCapacity(const Scene& scene, const Explanation& out, Page& page) {
    page.say(0, "Capacity of one instance");
    for (int l = 0; l < scene.nest.level_count; ++l) {
        const MemoryLevel& level = scene.architecture.levels[l];
        if (!level.stores() || level.capacity_words == kUnlimited) continue;
        const double there = scene.rules.double_buffered ? std::floor(level.capacity_words / 2) : level.capacity_words;
        const auto& c = out.counts[l];
        const Term need = Term("W", c[0].tile_words) + Term("I", c[1].tile_words) + Term("O", c[2].tile_words);
        page.line(
            2, level.name, need, "words",
            need.value > there
                ? fmt::format("{} more than the {} there are", numberText(need.value - there), numberText(there))
                : fmt::format("of {}{}", numberText(there), scene.rules.double_buffered ? ", half of the memory" : ""));
    }
    page.blank();
}

}  // namespace dna::costmodel::loopnest
