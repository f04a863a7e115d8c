#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/search/cost_oracle.h"

namespace dna::search {

/// An accelerator search as ask and tell. State outlives one call of searchDesign, so that a co-search keeps its
/// logits.
class SearchAlgorithm {
public:
    virtual ~SearchAlgorithm() = default;
    virtual std::vector<int> propose(const std::vector<SearchParameter>& parameters, base::Rng& rng) = 0;
    virtual void tell(const std::vector<SearchParameter>& parameters, const std::vector<int>& choice,
                      const OracleCost& cost) = 0;
    /// The point the algorithm believes in most, where it has an opinion.
    virtual std::optional<std::vector<int>> favourite(const std::vector<SearchParameter>&) const {
        return std::nullopt;
    }
    virtual base::Json save() const = 0;
    virtual void restore(const base::Json& state) = 0;
};

struct AlgorithmInfo {
    std::string name;
    std::string summary;
    std::function<std::unique_ptr<SearchAlgorithm>()> make;
};

/// All algorithms; each file of core/search/algorithms adds one or more through register_<file>.
class AlgorithmRegistry {
public:
    void add(AlgorithmInfo info) { algorithms_.push_back(std::move(info)); }
    const std::vector<AlgorithmInfo>& algorithms() const { return algorithms_; }

private:
    std::vector<AlgorithmInfo> algorithms_;
};
AlgorithmRegistry builtinAlgorithms();

/// By name; InputError with the nearest name otherwise.
std::unique_ptr<SearchAlgorithm> makeAlgorithm(const std::string& name);

struct DasPoint {
    int64_t evaluations = 0, mapping_evaluations = 0;
    double cpu_seconds = 0;  ///< of the process since the search began; not for files that must repeat
    double objective = 0;
};

struct DasResult {
    std::vector<int> best;  ///< best feasible point, or the least infeasible one
    OracleCost cost;
    int64_t evaluations = 0;      ///< distinct points the algorithm was told, infeasible ones included
    std::vector<DasPoint> curve;  ///< whenever the best improved
};

/// DAS (search.md 3): propose, evaluate, tell, `evaluations` distinct points (a repeated proposal is told again from
/// memory and costs nothing, up to 10 proposals per evaluation). The best point is the best feasible one seen.
DasResult searchDesign(SearchAlgorithm& algorithm, CostOracle& oracle, int evaluations, base::Rng& rng);

}  // namespace dna::search
