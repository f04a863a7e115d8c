#include "core/search/dns_sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace dna::search {
namespace {

/// log of the sum of exp over some entries.
double logSum(const double* values, const std::vector<int>& entries) {
    double top = -HUGE_VAL, sum = 0;
    for (int k : entries) top = std::max(top, values[k]);
    for (int k : entries) sum += base::portableExp(values[k] - top);
    return top + base::portableLog(sum);
}

std::vector<int> all(size_t count) {
    std::vector<int> entries(count);
    std::iota(entries.begin(), entries.end(), 0);
    return entries;
}

std::vector<double> softmaxOf(const std::vector<double>& values) {
    const double total = logSum(values.data(), all(values.size()));
    std::vector<double> p;
    for (double value : values) p.push_back(base::portableExp(value - total));
    return p;
}

}  // namespace

GateMode gateMode(const std::string& name) {
    if (name == "soft") return GateMode::Soft;
    return name == "hard" ? GateMode::Hard : GateMode::Proxy;
}

std::vector<std::vector<double>> ArchitectureLogits::logProbabilities() const {
    std::vector<std::vector<double>> result(blocks);
    for (size_t l = 0; l < blocks; ++l) {
        const double total = logSum(values.data() + l * candidates, all(candidates));
        for (size_t k = 0; k < candidates; ++k) result[l].push_back(values[l * candidates + k] - total);
    }
    return result;
}

std::vector<int> ArchitectureLogits::mostProbable() const {
    std::vector<int> result;
    for (size_t l = 0; l < blocks; ++l) {
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(l * candidates);
        result.push_back(
            static_cast<int>(std::max_element(first, first + static_cast<std::ptrdiff_t>(candidates)) - first));
    }
    return result;
}

double ArchitectureLogits::entropy() const {
    double sum = 0;
    for (const auto& block : logProbabilities())
        for (double log_p : block) sum -= base::portableExp(log_p) * log_p;
    return sum / static_cast<double>(blocks);
}

std::vector<int> SampledNetwork::choices() const {
    std::vector<int> result;
    for (const ActiveSet& set : active) result.push_back(set.candidates.front());
    return result;
}

SampledNetwork sampleNetwork(const ArchitectureLogits& logits, double temperature, int paths, GateMode mode,
                             base::Rng& rng) {
    SampledNetwork sample;
    sample.temperature = temperature;
    const auto log_p = logits.logProbabilities();
    for (size_t l = 0; l < logits.blocks; ++l) {
        std::vector<double> scores;
        for (double value : log_p[l]) scores.push_back((value + rng.gumbel()) / temperature);
        sample.gumbel_softmax.push_back(softmaxOf(scores));
        std::vector<int> order = all(logits.candidates);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return scores[a] > scores[b]; });
        if (mode != GateMode::Soft) order.resize(std::min<size_t>(order.size(), static_cast<size_t>(paths)));
        std::vector<double> gates;
        const double total = logSum(logits.values.data() + l * logits.candidates, order);
        for (int k : order)
            gates.push_back(mode == GateMode::Proxy
                                ? base::portableExp(logits.values[l * logits.candidates + k] - total)
                                : sample.gumbel_softmax[l][k]);
        sample.active.push_back({std::move(order)});
        sample.gates.push_back(std::move(gates));
    }
    return sample;
}

std::vector<double> gateGradient(const SampledNetwork& sample, size_t candidates, GateMode mode,
                                 const std::vector<std::vector<double>>& gradient) {
    std::vector<double> result(sample.active.size() * candidates);
    for (size_t l = 0; l < sample.active.size(); ++l) {
        const std::vector<int>& active = sample.active[l].candidates;
        double mean = 0;  // sum_k a_k dL/da_k
        for (size_t i = 0; i < active.size(); ++i) mean += sample.gates[l][i] * gradient[l][i];
        double* to = result.data() + l * candidates;
        if (mode == GateMode::Proxy) {
            for (size_t i = 0; i < active.size(); ++i) to[active[i]] = sample.gates[l][i] * (gradient[l][i] - mean);
            continue;
        }
        for (size_t j = 0; j < candidates; ++j) to[j] = -sample.gumbel_softmax[l][j] * mean / sample.temperature;
        for (size_t i = 0; i < active.size(); ++i)
            to[active[i]] += sample.gates[l][i] * gradient[l][i] / sample.temperature;
    }
    return result;
}

void keepActiveMass(const SampledNetwork& sample, const std::vector<double>& before, ArchitectureLogits& logits) {
    for (size_t l = 0; l < logits.blocks; ++l) {
        const std::vector<int>& active = sample.active[l].candidates;
        const size_t first = l * logits.candidates;
        const double offset = logSum(before.data() + first, active) - logSum(logits.values.data() + first, active);
        for (int k : active) logits.values[first + static_cast<size_t>(k)] += offset;
    }
}

}  // namespace dna::search
