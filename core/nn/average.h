#pragma once

#include <string>
#include <vector>

#include "core/nn/parameters.h"

namespace dna::nn {

/// Exponential mean of all parameters of a network over its training steps, running statistics too:
/// mean += (1 - d) (value - mean), d = min(decay, (1 + t) / (10 + t)) at step t = 0, 1, ..., so that the first steps are
/// soon forgotten.
class ParameterAverage {
public:
    ParameterAverage(const Parameters<float>& parameters, double decay);

    void update(const Parameters<float>& parameters, long step);
    void copyTo(Parameters<float>& parameters) const;

    /// Under "average/<name>".
    void save(TensorMap& tensors) const;
    void load(const TensorMap& tensors, const std::string& file);

private:
    std::vector<ParameterInfo> infos_;  ///< the parameters that own memory
    std::vector<std::vector<float>> means_;
    std::vector<int> indices_;
    double decay_;
};

}  // namespace dna::nn
