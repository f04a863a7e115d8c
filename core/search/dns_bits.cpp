#include "core/search/dns_bits.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace dna::search {
namespace {

std::vector<std::vector<int>> widthsOf(const network::NetworkSpace& space) {
    std::vector<std::vector<int>> widths;
    for (const network::BlockSite& site : space.blocks) widths.push_back(network::widths(site));
    return widths;
}

size_t total(const std::vector<std::vector<int>>& widths) {
    size_t sum = 0;
    for (const std::vector<int>& block : widths) sum += block.size();
    return sum;
}

/// Mean of `of(block)` over the blocks with more than one width.
template <class Of>
double meanOverChoices(const std::vector<std::vector<int>>& widths, const Of& of) {
    double sum = 0;
    int count = 0;
    for (size_t b = 0; b < widths.size(); ++b)
        if (widths[b].size() > 1) sum += of(b), ++count;
    return count > 0 ? sum / count : 0;
}

}  // namespace

std::vector<std::vector<double>> SampledBits::shares() const {
    std::vector<std::vector<double>> result;
    for (const SampledNetwork& block : blocks) result.push_back(block.gumbel_softmax.front());
    return result;
}

BitSearch::BitSearch(const network::NetworkSpace& space, double rate)
    : widths_(widthsOf(space)), adam_(total(widths_), {rate, 0.5, 0.999, 1e-8, 0}) {
    for (const std::vector<int>& block : widths_) logits_.emplace_back(1, block.size());
}

bool BitSearch::searches() const {
    return std::any_of(widths_.begin(), widths_.end(), [](const auto& block) { return block.size() > 1; });
}

SampledBits BitSearch::sample(double temperature, base::Rng& rng) const {
    SampledBits sample;
    for (const ArchitectureLogits& block : logits_)
        sample.blocks.push_back(sampleNetwork(block, temperature, 1, GateMode::Soft, rng));
    return sample;
}

bool BitSearch::update(const SampledBits& sample, const std::vector<std::vector<double>>& by_share,
                       const std::vector<std::vector<double>>& penalty, double lambda) {
    std::vector<double> gradient;
    for (size_t b = 0; b < widths_.size(); ++b) {
        std::vector<double> by_gate;  // in the order of the sample's gates
        for (int k : sample.blocks[b].active.front().candidates)
            by_gate.push_back(by_share[b].empty() ? 0.0 : by_share[b][static_cast<size_t>(k)]);
        const std::vector<double> by_logit =
            gateGradient(sample.blocks[b], widths_[b].size(), GateMode::Soft, {by_gate});
        for (size_t i = 0; i < by_logit.size(); ++i) gradient.push_back(by_logit[i] + lambda * penalty[b][i]);
    }
    if (!std::all_of(gradient.begin(), gradient.end(), [](double value) { return std::isfinite(value); })) return false;
    std::vector<double> values = flat();
    adam_.step(values, gradient);
    setFlat(values);
    return true;
}

std::vector<std::vector<double>> BitSearch::logits() const {
    std::vector<std::vector<double>> result;
    for (const ArchitectureLogits& block : logits_) result.push_back(block.values);
    return result;
}

std::vector<std::vector<double>> BitSearch::logProbabilities() const {
    std::vector<std::vector<double>> result;
    for (const ArchitectureLogits& block : logits_) result.push_back(block.logProbabilities().front());
    return result;
}

std::vector<int> BitSearch::mostProbable() const {
    std::vector<int> result;
    for (const ArchitectureLogits& block : logits_) result.push_back(block.mostProbable().front());
    return result;
}

double BitSearch::entropy() const {
    return meanOverChoices(widths_, [&](size_t b) { return logits_[b].entropy(); });
}

double BitSearch::meanBits() const {
    return meanOverChoices(widths_, [&](size_t b) {
        const std::vector<double> log_p = logits_[b].logProbabilities().front();
        double mean = 0;
        for (size_t i = 0; i < log_p.size(); ++i) mean += base::portableExp(log_p[i]) * widths_[b][i];
        return mean;
    });
}

void BitSearch::save(nn::TensorMap& tensors) const {
    const std::vector<double> values = flat(), adam = adam_.state();
    tensors["search.bit_logits"] = nn::fromValues(values, {static_cast<int64_t>(values.size())});
    tensors["search.bit_adam"] = nn::fromValues(adam, {static_cast<int64_t>(adam.size())});
}

void BitSearch::restore(const nn::TensorMap& tensors, const std::string& file) {
    nn::TensorReader reader(tensors, file);
    const auto size = static_cast<int64_t>(total(widths_));
    const std::vector<double> values = reader.values<double>("search.bit_logits", {size}),
                              adam = reader.values<double>("search.bit_adam", {3 * size});
    reader.finish();
    setFlat(values);
    adam_.restore(adam);
}

std::vector<double> BitSearch::flat() const {
    std::vector<double> values;
    for (const ArchitectureLogits& block : logits_)
        values.insert(values.end(), block.values.begin(), block.values.end());
    return values;
}

void BitSearch::setFlat(const std::vector<double>& values) {
    auto from = values.begin();
    for (ArchitectureLogits& block : logits_)
        for (double& value : block.values) value = *from++;
}

}  // namespace dna::search
