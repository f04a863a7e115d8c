#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/autodiff/tape.h"

namespace dna::autodiff {

/// A function of some inputs, as an op's test sees it.
struct GradientSample {
    struct Input {
        MapShape map;       ///< a feature map; map.pictures = 0: a flat list
        size_t size = 0;    ///< of a flat list
        double centre = 0;  ///< values are centre + spread * (normal noise), kept away from 0 by `margin`
        double spread = 1;
        double margin = 0;
    };
    std::string name;
    std::vector<Input> inputs;
    std::function<Var(Tape<double>&, const std::vector<Var>&)> build;
};

struct GradientReport {
    double max_relative_error = 0;  ///< |analytic - numeric| / max(1, |numeric|), the worst of all inputs
    size_t values = 0;              ///< derivatives compared
};

/// Compares the gradient of <weights, build(inputs)> (fixed random weights) with central differences in double.
GradientReport checkGradient(const GradientSample& sample);

}  // namespace dna::autodiff
