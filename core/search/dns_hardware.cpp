#include "core/search/dns_hardware.h"

#include <algorithm>

#include "core/base/error.h"

namespace dna::search {
namespace {

using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::Tape;
using autodiff::Tensor;
using autodiff::Var;

/// Entries of a list that share one softmax.
using Group = std::vector<size_t>;

void addTo(const GradientTarget<double>& target, const std::vector<double>& gradient) {
    for (size_t i = 0; i < gradient.size(); ++i) target.data[i] = (target.base ? target.base[i] : 0.0) + gradient[i];
}

/// p = softmax of the logits within each group; zero outside the groups. dlogit_j = p_j (dp_j - sum_k p_k dp_k).
Var groupSoftmax(Tape<double>& tape, Var logits, const std::vector<Group>& groups) {
    const Tensor<double> x = tape.value(logits), p = tape.allocateFlat(x.size);
    std::fill(p.data, p.data + p.size, 0.0);
    for (const Group& group : groups) {
        double top = -HUGE_VAL, sum = 0;
        for (size_t i : group) top = std::max(top, x.data[i]);
        for (size_t i : group) sum += p.data[i] = base::portableExp(x.data[i] - top);
        for (size_t i : group) p.data[i] /= sum;
    }
    return tape.record(p, {logits}, [logits, p, groups](const Tensor<double>& dy, Gradients<double>& gradients) {
        std::vector<double> dx(p.size);
        for (const Group& group : groups) {
            double mean = 0;
            for (size_t i : group) mean += p.data[i] * dy.data[i];
            for (size_t i : group) dx[i] = p.data[i] * (dy.data[i] - mean);
        }
        addTo(gradients.target(logits), dx);
    });
}

/// One entry of a cost table and the probabilities that weigh it.
struct WeighedCost {
    OperatorCost cost;
    size_t candidate = 0, width = 0;  ///< in the lists of p and q
};

std::vector<WeighedCost> weighedCosts(const CostTable& table, size_t candidates, const std::vector<Group>& widths) {
    std::vector<WeighedCost> costs;
    for (size_t l = 0; l < table.blocks.size(); ++l) {
        DNA_CHECK(table.blocks[l].size() == candidates * widths[l].size(), "one cost per operator and width");
        for (size_t i = 0; i < table.blocks[l].size(); ++i)
            costs.push_back(
                {table.blocks[l][i], l * candidates + i / widths[l].size(), widths[l][i % widths[l].size()]});
    }
    return costs;
}

/// {E, L} = fixed + sum p q * table; dp = q (e dE + l dL), dq = p (e dE + l dL).
Var tableSums(Tape<double>& tape, Var operators, Var bits, const OperatorCost& fixed,
              const std::vector<WeighedCost>& costs) {
    const Tensor<double> p = tape.value(operators), q = tape.value(bits), sums = tape.allocateFlat(2);
    sums.data[0] = fixed.energy_pj;
    sums.data[1] = fixed.latency_cycles;
    for (const WeighedCost& entry : costs) {
        const double share = p.data[entry.candidate] * q.data[entry.width];
        sums.data[0] += share * entry.cost.energy_pj;
        sums.data[1] += share * entry.cost.latency_cycles;
    }
    return tape.record(sums, {operators, bits}, [=](const Tensor<double>& dy, Gradients<double>& gradients) {
        std::vector<double> dp(p.size), dq(q.size);
        for (const WeighedCost& entry : costs) {
            const double slope = entry.cost.energy_pj * dy.data[0] + entry.cost.latency_cycles * dy.data[1];
            dp[entry.candidate] += q.data[entry.width] * slope;
            dq[entry.width] += p.data[entry.candidate] * slope;
        }
        addTo(gradients.target(operators), dp);
        addTo(gradients.target(bits), dq);
    });
}

}  // namespace

HardwareTerm hardwareTerm(const CostTable& table, const std::string& objective, const std::vector<double>& logits,
                          const std::vector<ActiveSet>& active, const std::vector<std::vector<double>>& bit_logits) {
    autodiff::Workers workers(1);
    Tape<double> tape(workers);
    const size_t candidates = logits.size() / active.size();
    std::vector<double> values = logits, bit_values;
    std::vector<Group> operators(active.size()), widths(active.size());
    for (size_t l = 0; l < active.size(); ++l) {
        for (int k : active[l].candidates) operators[l].push_back(l * candidates + static_cast<size_t>(k));
        for (double value : bit_logits.empty() ? std::vector<double>{0} : bit_logits[l]) {
            widths[l].push_back(bit_values.size());
            bit_values.push_back(value);
        }
    }
    const Var x = tape.leaf({values.data(), values.size(), {}}),
              z = tape.leaf({bit_values.data(), bit_values.size(), {}});
    const Var sums = tableSums(tape, groupSoftmax(tape, x, operators), groupSoftmax(tape, z, widths), table.fixed,
                               weighedCosts(table, candidates, widths));
    const Var cost = autodiff::recordFormula<2>(tape, sums, [&](const std::array<autodiff::Dual<2>, 2>& v) {
        return logCost(objective, v[0], v[1], table.leakage_pj_per_cycle);
    });
    tape.backward(cost);
    HardwareTerm term;
    term.value = *tape.value(cost).data;
    term.latency_cycles = tape.value(sums).data[1];
    term.energy_pj = tape.value(sums).data[0] + term.latency_cycles * table.leakage_pj_per_cycle;
    term.gradient.assign(tape.gradient(x), tape.gradient(x) + logits.size());
    for (const Group& group : widths)
        term.bit_gradient.emplace_back(tape.gradient(z) + group.front(), tape.gradient(z) + group.back() + 1);
    return term;
}

HardwareTerm networkCost(const CostTable& table, const std::string& objective, const std::vector<int>& options) {
    HardwareTerm term;
    double dynamic = table.fixed.energy_pj;
    term.latency_cycles = table.fixed.latency_cycles;
    for (size_t l = 0; l < options.size(); ++l) {
        dynamic += table.blocks[l][options[l]].energy_pj;
        term.latency_cycles += table.blocks[l][options[l]].latency_cycles;
    }
    term.energy_pj = dynamic + term.latency_cycles * table.leakage_pj_per_cycle;
    term.value = logCost(objective, dynamic, term.latency_cycles, table.leakage_pj_per_cycle);
    return term;
}

}  // namespace dna::search
