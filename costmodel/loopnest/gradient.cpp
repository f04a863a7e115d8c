#include "costmodel/loopnest/gradient.h"

namespace dna::costmodel::loopnest {
namespace {

using autodiff::Recorded;
using autodiff::ScalarTape;

/// Nodes of the largest nest: for each level and tensor a few for each loop.
constexpr size_t kNodes = size_t{kMaxLevels} * kTensors * kMaxLoops * 40;

Rates<Recorded> variables(ScalarTape& tape, const Architecture& architecture) {
    const Rates<double> values = ratesOf<double>(architecture);
    Rates<Recorded> rates;
    for (int l = 0; l < architecture.levelCount(); ++l) {
        const auto& level = values.levels[l];
        rates.levels[l] = {tape.variable(level.read_bandwidth), tape.variable(level.write_bandwidth),
                           tape.variable(level.read_pj), tape.variable(level.fill_pj), tape.variable(level.update_pj)};
    }
    rates.mac_pj = tape.variable(values.mac_pj);
    return rates;
}

}  // namespace

GradientEvaluator::GradientEvaluator() : tape_(kNodes), slopes_(std::make_unique_for_overwrite<double[]>(kNodes + 1)) {}

CostGradient GradientEvaluator::evaluate(const Problem& problem, const Architecture& architecture, const Nest& nest,
                                         const std::array<double, kMaxLoops>& bounds, const Convention& rules) {
    tape_.reset();
    std::array<Recorded, kMaxLoops> loops;
    for (int i = 0; i < nest.loop_count; ++i) loops[i] = tape_.variable(bounds[i]);
    const Rates<Recorded> rates = variables(tape_, architecture);
    const Cost<Recorded> cost = costOf(analyse<Recorded>(problem, architecture, nest, loops, rules), rates);

    CostGradient out;
    out.cost = {cost.energy_pj.value, cost.cycles.value};
    const auto sweep = [&](const Recorded& result, double CostSlope::*slope) {
        tape_.gradient(result, {slopes_.get(), kNodes + 1});
        const auto of = [&](const Recorded& variable) { return slopes_[variable.node]; };
        for (int i = 0; i < nest.loop_count; ++i) out.loops[i].*slope = of(loops[i]);
        for (int l = 0; l < architecture.levelCount(); ++l) {
            const auto& from = rates.levels[l];
            CostGradient::Level& to = out.levels[l];
            to.read_bandwidth.*slope = of(from.read_bandwidth);
            to.write_bandwidth.*slope = of(from.write_bandwidth);
            to.read_pj.*slope = of(from.read_pj);
            to.fill_pj.*slope = of(from.fill_pj);
            to.update_pj.*slope = of(from.update_pj);
        }
        out.mac_pj.*slope = of(rates.mac_pj);
    };
    sweep(cost.energy_pj, &CostSlope::energy_pj);
    sweep(cost.cycles, &CostSlope::cycles);
    return out;
}

}  // namespace dna::costmodel::loopnest
