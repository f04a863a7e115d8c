#include "core/search/dns_hardware.h"

#include <algorithm>

namespace dna::search {
namespace {

using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::Tape;
using autodiff::Tensor;
using autodiff::Var;

/// p_lk = softmax of the active logits of block l; zero elsewhere. dlogit_j = p_j (dp_j - sum_k p_k dp_k).
Var activeSoftmax(Tape<double>& tape, Var logits, size_t candidates, const std::vector<ActiveSet>& active) {
    const Tensor<double> x = tape.value(logits), p = tape.allocateFlat(x.size);
    std::fill(p.data, p.data + p.size, 0.0);
    for (size_t l = 0; l < active.size(); ++l) {
        double top = -HUGE_VAL, sum = 0;
        for (int k : active[l].candidates) top = std::max(top, x.data[l * candidates + k]);
        for (int k : active[l].candidates)
            sum += p.data[l * candidates + k] = base::portableExp(x.data[l * candidates + k] - top);
        for (int k : active[l].candidates) p.data[l * candidates + k] /= sum;
    }
    return tape.record(p, {logits}, [logits, p, candidates](const Tensor<double>& dy, Gradients<double>& gradients) {
        const GradientTarget<double> to = gradients.target(logits);
        for (size_t first = 0; first < p.size; first += candidates) {
            double mean = 0;
            for (size_t i = first; i < first + candidates; ++i) mean += p.data[i] * dy.data[i];
            for (size_t i = first; i < first + candidates; ++i)
                to.data[i] = (to.base ? to.base[i] : 0.0) + p.data[i] * (dy.data[i] - mean);
        }
    });
}

/// {E, L} = fixed + sum p * table; dp_lk = e_lk dE + l_lk dL.
Var tableSums(Tape<double>& tape, Var probabilities, const CostTable& table) {
    const Tensor<double> p = tape.value(probabilities), sums = tape.allocateFlat(2);
    const size_t candidates = p.size / table.blocks.size();
    sums.data[0] = table.fixed.energy_pj;
    sums.data[1] = table.fixed.latency_cycles;
    for (size_t i = 0; i < p.size; ++i) {
        const OperatorCost& cost = table.blocks[i / candidates][i % candidates];
        sums.data[0] += p.data[i] * cost.energy_pj;
        sums.data[1] += p.data[i] * cost.latency_cycles;
    }
    return tape.record(
        sums, {probabilities},
        [probabilities, &table, candidates, size = p.size](const Tensor<double>& dy, Gradients<double>& gradients) {
            const GradientTarget<double> to = gradients.target(probabilities);
            for (size_t i = 0; i < size; ++i) {
                const OperatorCost& cost = table.blocks[i / candidates][i % candidates];
                to.data[i] =
                    (to.base ? to.base[i] : 0.0) + cost.energy_pj * dy.data[0] + cost.latency_cycles * dy.data[1];
            }
        });
}

}  // namespace

HardwareTerm hardwareTerm(const CostTable& table, const std::string& objective, const std::vector<double>& logits,
                          const std::vector<ActiveSet>& active) {
    autodiff::Workers workers(1);
    Tape<double> tape(workers);
    std::vector<double> values = logits;
    const Var x = tape.leaf({values.data(), values.size(), {}});
    const Var sums = tableSums(tape, activeSoftmax(tape, x, logits.size() / active.size(), active), table);
    const Var cost = autodiff::recordFormula<2>(tape, sums, [&](const std::array<autodiff::Dual<2>, 2>& v) {
        return logCost(objective, v[0], v[1], table.leakage_pj_per_cycle);
    });
    tape.backward(cost);
    HardwareTerm term;
    term.value = *tape.value(cost).data;
    term.latency_cycles = tape.value(sums).data[1];
    term.energy_pj = tape.value(sums).data[0] + term.latency_cycles * table.leakage_pj_per_cycle;
    term.gradient.assign(tape.gradient(x), tape.gradient(x) + logits.size());
    return term;
}

HardwareTerm networkCost(const CostTable& table, const std::string& objective, const std::vector<int>& choices) {
    HardwareTerm term;
    double dynamic = table.fixed.energy_pj;
    term.latency_cycles = table.fixed.latency_cycles;
    for (size_t l = 0; l < choices.size(); ++l) {
        dynamic += table.blocks[l][choices[l]].energy_pj;
        term.latency_cycles += table.blocks[l][choices[l]].latency_cycles;
    }
    term.energy_pj = dynamic + term.latency_cycles * table.leakage_pj_per_cycle;
    term.value = logCost(objective, dynamic, term.latency_cycles, table.leakage_pj_per_cycle);
    return term;
}

}  // namespace dna::search
