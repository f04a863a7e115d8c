#include "core/search/dns_derive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"

namespace dna::search {
namespace {

constexpr size_t kMaxLabels =
    200000;  // beyond it the least probable partial choices are dropped (full-size spaces only)

/// A partial choice: blocks 0..b decided.
struct Label {
    double energy = 0, latency = 0, log_p = 0;
    int parent = -1, option = -1;
};

/// Operators' energies with their share of leakage, so that limits are plain sums.
double energyOf(const CostTable& table, const OperatorCost& cost) {
    return cost.energy_pj + cost.latency_cycles * table.leakage_pj_per_cycle;
}

/// Least energy and latency of the blocks after b: what every completion adds.
struct Remaining {
    std::vector<double> energy, latency;
};

Remaining remaining(const CostTable& table) {
    const size_t blocks = table.blocks.size();
    Remaining rest{std::vector<double>(blocks + 1), std::vector<double>(blocks + 1)};
    for (size_t b = blocks; b-- > 0;) {
        double energy = HUGE_VAL, latency = HUGE_VAL;
        for (const OperatorCost& cost : table.blocks[b]) {
            energy = std::min(energy, energyOf(table, cost));
            latency = std::min(latency, cost.latency_cycles);
        }
        rest.energy[b] = rest.energy[b + 1] + energy;
        rest.latency[b] = rest.latency[b + 1] + latency;
    }
    return rest;
}

/// Keeps labels that no other beats in log p, energy and latency: in order of falling log p, a label stays when it is
/// below the staircase of (energy, latency) of those before it.
std::vector<Label> withoutDominated(std::vector<Label> labels) {
    std::stable_sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) {
        if (a.log_p != b.log_p) return a.log_p > b.log_p;
        if (a.energy != b.energy) return a.energy < b.energy;
        return a.latency < b.latency;
    });
    std::map<double, double> stairs;  // energy -> least latency up to it
    std::vector<Label> kept;
    for (const Label& label : labels) {
        auto above = stairs.upper_bound(label.energy);
        if (above != stairs.begin() && std::prev(above)->second <= label.latency) continue;
        while (above != stairs.end() && above->second >= label.latency) above = stairs.erase(above);
        stairs[label.energy] = label.latency;
        kept.push_back(label);
        if (kept.size() == kMaxLabels) break;
    }
    return kept;
}

class Deriver {
public:
    Deriver(const std::vector<std::vector<double>>& log_p, const CostTable& table, bool use_limits)
        : log_p_(log_p), table_(table), rest_(remaining(table)), use_limits_(use_limits) {}

    /// Complete labels of the last layer, after all blocks.
    const std::vector<Label>& run() {
        layers_.push_back({{energyOf(table_, table_.fixed), table_.fixed.latency_cycles, 0, -1, -1}});
        for (size_t b = 0; b < table_.blocks.size(); ++b) layers_.push_back(withoutDominated(extend(b)));
        return layers_.back();
    }

    std::vector<int> optionsOf(const Label& last) const {
        std::vector<int> options(table_.blocks.size());
        const Label* label = &last;
        for (size_t b = table_.blocks.size(); b-- > 0;) {
            options[b] = label->option;
            label = &layers_[b][label->parent];
        }
        return options;
    }

private:
    std::vector<Label> extend(size_t b) const {
        std::vector<Label> next;
        for (size_t i = 0; i < layers_[b].size(); ++i)
            for (size_t k = 0; k < table_.blocks[b].size(); ++k) {
                const Label& from = layers_[b][i];
                Label label{from.energy + energyOf(table_, table_.blocks[b][k]),
                            from.latency + table_.blocks[b][k].latency_cycles,
                            use_limits_ ? from.log_p + log_p_[b][k] : 0, static_cast<int>(i), static_cast<int>(k)};
                const bool possible = label.energy + rest_.energy[b + 1] <= table_.max_energy_pj &&
                                      label.latency + rest_.latency[b + 1] <= table_.max_latency_cycles;
                if (possible || !use_limits_) next.push_back(label);
            }
        return next;
    }

    const std::vector<std::vector<double>>& log_p_;
    const CostTable& table_;
    Remaining rest_;
    bool use_limits_;
    std::vector<std::vector<Label>> layers_;
};

Derived describe(const Deriver& deriver, const Label& label, const std::vector<std::vector<double>>& log_p) {
    Derived derived;
    derived.options = deriver.optionsOf(label);
    derived.energy_pj = label.energy;
    derived.latency_cycles = label.latency;
    for (size_t b = 0; b < derived.options.size(); ++b) derived.log_probability += log_p[b][derived.options[b]];
    return derived;
}

void addViolation(Derived& derived, const char* limit, double value, double bound, const char* unit) {
    if (value <= bound) return;
    derived.violations.push_back(fmt::format("{}: {:.6g} {} is {:.1f} % over the limit of {:.6g}", limit, value, unit,
                                             100 * (value / bound - 1), bound));
}

}  // namespace

Derived deriveNetwork(const std::vector<std::vector<double>>& log_probabilities, const CostTable& given) {
    CostTable table = given;
    if (!(table.max_energy_pj > 0)) table.max_energy_pj = HUGE_VAL;
    if (!(table.max_latency_cycles > 0)) table.max_latency_cycles = HUGE_VAL;
    DNA_CHECK(log_probabilities.size() == table.blocks.size(), "derive: one list of probabilities per block");
    Deriver limited(log_probabilities, table, true);
    const std::vector<Label>& found = limited.run();
    if (!found.empty()) {
        const auto best = std::max_element(found.begin(), found.end(),
                                           [](const Label& a, const Label& b) { return a.log_p < b.log_p; });
        return describe(limited, *best, log_probabilities);
    }
    Deriver unlimited(log_probabilities, table, false);
    const std::vector<Label>& front = unlimited.run();
    const auto excess = [&](const Label& label) {
        return std::max(label.energy / table.max_energy_pj, label.latency / table.max_latency_cycles);
    };
    const auto least = std::min_element(front.begin(), front.end(),
                                        [&](const Label& a, const Label& b) { return excess(a) < excess(b); });
    Derived derived = describe(unlimited, *least, log_probabilities);
    derived.feasible = false;
    addViolation(derived, "max_energy_mj", derived.energy_pj, table.max_energy_pj, "pJ");
    addViolation(derived, "max_latency_ms", derived.latency_cycles, table.max_latency_cycles, "cycles");
    return derived;
}

}  // namespace dna::search
