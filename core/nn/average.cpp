#include "core/nn/average.h"

#include <algorithm>

namespace dna::nn {

namespace {
constexpr const char* kPrefix = "average/";
}

ParameterAverage::ParameterAverage(const Parameters<float>& parameters, double decay) : decay_(decay) {
    for (size_t i = 0; i < parameters.infos().size(); ++i) {
        const ParameterInfo& info = parameters.infos()[i];
        if (info.view) continue;
        const float* values = parameters.values(static_cast<int>(i));
        infos_.push_back(info);
        indices_.push_back(static_cast<int>(i));
        means_.emplace_back(values, values + info.size);
    }
}

void ParameterAverage::update(const Parameters<float>& parameters, long step) {
    const double t = static_cast<double>(step);
    const auto share = static_cast<float>(1 - std::min(decay_, (1 + t) / (10 + t)));
    for (size_t p = 0; p < means_.size(); ++p) {
        const float* values = parameters.values(indices_[p]);
        for (size_t i = 0; i < means_[p].size(); ++i) means_[p][i] += share * (values[i] - means_[p][i]);
    }
}

void ParameterAverage::copyTo(Parameters<float>& parameters) const {
    for (size_t p = 0; p < means_.size(); ++p)
        std::copy(means_[p].begin(), means_[p].end(), parameters.values(indices_[p]));
}

void ParameterAverage::save(TensorMap& tensors) const {
    for (size_t p = 0; p < means_.size(); ++p)
        tensors[kPrefix + infos_[p].name] = fromValues(means_[p], infos_[p].shape);
}

void ParameterAverage::load(const TensorMap& tensors, const std::string& file) {
    TensorReader reader(tensors, file);
    std::vector<std::vector<float>> means;
    for (const ParameterInfo& info : infos_) means.push_back(reader.values<float>(kPrefix + info.name, info.shape));
    reader.finish();
    means_ = std::move(means);
}

}  // namespace dna::nn
