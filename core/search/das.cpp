#include "core/search/das.h"

#include <fmt/format.h>

#include <ctime>
#include <map>

#include "core/base/error.h"

namespace dna::search {

namespace {

bool better(const OracleCost& a, const OracleCost& b) {
    if (a.feasible != b.feasible) return a.feasible;
    return a.objective < b.objective;
}

}  // namespace

std::unique_ptr<SearchAlgorithm> makeAlgorithm(const std::string& name) {
    std::vector<std::string> names;
    const AlgorithmRegistry registry = builtinAlgorithms();
    for (const AlgorithmInfo& info : registry.algorithms()) {
        if (info.name == name) return info.make();
        names.push_back(info.name);
    }
    const std::string near = base::nearest(name, names);
    throw base::InputError("--algorithm", "",
                           fmt::format("unknown algorithm \"{}\"; {}", name,
                                       near.empty() ? "see `dna list algorithms`" : "did you mean \"" + near + "\"?"));
}

DasResult searchDesign(SearchAlgorithm& algorithm, CostOracle& oracle, int evaluations, base::Rng& rng) {
    constexpr int kProposalsPerEvaluation = 10;
    const std::vector<SearchParameter>& parameters = oracle.parameters();
    std::map<std::vector<int>, OracleCost> seen;
    DasResult result;
    const std::clock_t began = std::clock();
    auto consider = [&](const std::vector<int>& choice) {
        auto [place, is_new] = seen.try_emplace(choice);
        if (is_new) {
            place->second = oracle.evaluate(choice);
            ++result.evaluations;
        }
        const OracleCost& cost = place->second;
        if (result.best.empty() || better(cost, result.cost)) {
            result.best = choice;
            result.cost = cost;
            if (cost.feasible)
                result.curve.push_back({result.evaluations, oracle.mappingEvaluations(),
                                        double(std::clock() - began) / CLOCKS_PER_SEC, cost.objective});
        }
        return cost;
    };
    for (int64_t proposals = 0;
         result.evaluations < evaluations && proposals < int64_t{evaluations} * kProposalsPerEvaluation; ++proposals) {
        const std::vector<int> choice = algorithm.propose(parameters, rng);
        algorithm.tell(parameters, choice, consider(choice));
    }
    if (const auto favourite = algorithm.favourite(parameters)) consider(*favourite);
    return result;
}

}  // namespace dna::search
