#include "core/search/das.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace dna;

namespace {

/// Separable toy: three hardware parameters and four shapes with two mapping parameters each; the optimum is option 3
/// of every parameter, all points below a budget of the first parameter are infeasible.
class ToyOracle : public search::CostOracle {
public:
    ToyOracle() {
        for (int i = 0; i < 3; ++i) parameters_.push_back({"h" + std::to_string(i), 6, -1});
        for (int g = 0; g < 4; ++g)
            for (int i = 0; i < 2; ++i)
                parameters_.push_back({"s" + std::to_string(g) + "/m" + std::to_string(i), 6, g});
    }
    const std::vector<search::SearchParameter>& parameters() const override { return parameters_; }
    int groups() const override { return 4; }
    search::OracleCost evaluate(const std::vector<int>& choice) override {
        search::OracleCost cost;
        cost.group_objective.assign(4, 0.0);
        for (size_t i = 0; i < choice.size(); ++i) {
            const double distance = std::abs(choice[i] - 3) * 0.5;
            cost.objective += distance;
            if (parameters_[i].group >= 0) cost.group_objective[size_t(parameters_[i].group)] += distance;
        }
        cost.feasible = choice[0] >= 2;
        if (!cost.feasible) cost.violations.push_back({"toy", 1, 2, 0.5}), cost.objective += 1;
        ++evaluations;
        return cost;
    }
    int64_t mappingEvaluations() const override { return evaluations; }
    int evaluations = 0;

private:
    std::vector<search::SearchParameter> parameters_;
};

double meanBest(const std::string& algorithm, int evaluations, int seeds) {
    double sum = 0;
    for (int seed = 0; seed < seeds; ++seed) {
        ToyOracle oracle;
        base::Rng rng(uint64_t(seed), "das test");
        const auto search = search::makeAlgorithm(algorithm);
        const search::DasResult result = search::searchDesign(*search, oracle, evaluations, rng);
        CHECK(result.cost.feasible);
        CHECK(result.evaluations <= evaluations + 1);
        sum += result.cost.objective;
    }
    return sum / seeds;
}

}  // namespace

TEST_CASE("repaired estimators come closer to the known optimum than random search at the same budget") {
    const double random = meanBest("random", 600, 5);
    CHECK(meanBest("gumbel", 600, 5) < 0.6 * random);
    CHECK(meanBest("score", 600, 5) < 0.6 * random);
    CHECK(meanBest("evolution", 600, 5) < 0.6 * random);
}

TEST_CASE("a search that is stopped, saved and restored goes on as the one that was not") {
    ToyOracle oracle;
    const auto whole = search::makeAlgorithm("gumbel");
    base::Rng first(1, "das", 0), second(1, "das", 1);
    search::searchDesign(*whole, oracle, 50, first);
    const auto copy = search::makeAlgorithm("gumbel");
    copy->restore(base::Json::parse(whole->save().dump()));
    base::Rng again(1, "das", 1);
    const auto a = search::searchDesign(*whole, oracle, 50, second), b = search::searchDesign(*copy, oracle, 50, again);
    CHECK(a.best == b.best);
    CHECK(whole->save().dump() == copy->save().dump());
}

TEST_CASE("unknown algorithms are refused with the nearest name") {
    CHECK_THROWS_WITH_AS(search::makeAlgorithm("gumbl"), doctest::Contains("did you mean \"gumbel\""),
                         base::InputError);
}
