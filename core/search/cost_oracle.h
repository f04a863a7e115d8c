#pragma once

#include <string>
#include <vector>

#include "core/design/design.h"

namespace dna::search {

/// One categorical parameter of an accelerator search. Hardware parameters have group -1 and receive the whole
/// network's credit; mapping parameters belong to a layer shape (group >= 0) and receive its credit.
struct SearchParameter {
    std::string name;  ///< stable over a run: logits are kept under it
    int options = 1;
    int group = -1;
};

/// Cost of one point. Objectives are natural logarithms, graded penalties of violated limits included.
struct OracleCost {
    double objective = 0;
    std::vector<double> group_objective;  ///< per layer shape
    bool feasible = false;
    std::vector<design::Violation> violations;
};

/// What an accelerator search minimises; costmodel implements it on the generated hardware.
class CostOracle {
public:
    virtual ~CostOracle() = default;
    virtual const std::vector<SearchParameter>& parameters() const = 0;
    virtual int groups() const = 0;
    virtual OracleCost evaluate(const std::vector<int>& choice) = 0;
    /// Layer mappings priced so far.
    virtual int64_t mappingEvaluations() const = 0;
};

}  // namespace dna::search
