#pragma once

#include <string>

#include "costmodel/loopnest/evaluate.h"

namespace dna::costmodel::loopnest {

/// The counts of one mapping derived step by step, in words.
///
/// Every line of `text` with an equals sign is arithmetic: `label: expression = value [unit][; comment]`, where words
/// in the expression name the number after them ("C 16 x rows 9") and x is a product. The other lines say why.
struct Explanation {
    std::string text;
    /// Per instance, as the text derives them.
    std::array<PerTensor<TensorCounts<double>>, kMaxLevels> counts{};
    double energy_pj = 0;
};

/// Explains a mapping that has passed `defects`. The numbers are composed anew from the rules and equal `evaluate`'s.
Explanation explain(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
                    const Convention& rules);

}  // namespace dna::costmodel::loopnest
