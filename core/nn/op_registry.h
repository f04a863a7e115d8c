#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/autodiff/gradient_check.h"

namespace dna::nn {

/// One op as the registry knows it: what every test runs on.
struct OpEntry {
    std::string name;
    std::string summary;
    std::function<std::vector<autodiff::GradientSample>()> samples;
};

/// All ops; each file of core/nn/ops adds one through `void register_<file>(OpRegistry&)`.
class OpRegistry {
public:
    void add(OpEntry entry) { ops_.push_back(std::move(entry)); }
    const std::vector<OpEntry>& ops() const { return ops_; }

private:
    std::vector<OpEntry> ops_;
};

/// Defined in the generated file that calls every register_<file>.
OpRegistry builtinOps();

}  // namespace dna::nn
