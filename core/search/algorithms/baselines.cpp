#include <algorithm>

#include "core/search/das.h"

namespace dna::search {

namespace {

std::vector<int> uniform(const std::vector<SearchParameter>& parameters, base::Rng& rng) {
    std::vector<int> choice;
    for (const SearchParameter& p : parameters) choice.push_back(int(rng.below(uint64_t(p.options))));
    return choice;
}

class RandomSearch : public SearchAlgorithm {
public:
    std::vector<int> propose(const std::vector<SearchParameter>& parameters, base::Rng& rng) override {
        return uniform(parameters, rng);
    }
    void tell(const std::vector<SearchParameter>&, const std::vector<int>&, const OracleCost&) override {}
    base::Json save() const override { return base::Json::object(); }
    void restore(const base::Json&) override {}
};

/// Steady-state evolution: parents by tournament of 4 in a population of 50, uniform crossover, one mutation on average
/// in 10 parameters; the oldest member dies (Real et al., AAAI 2019).
class Evolution : public SearchAlgorithm {
public:
    std::vector<int> propose(const std::vector<SearchParameter>& parameters, base::Rng& rng) override {
        if (population_.size() < kPopulation || population_.front().choice.size() != parameters.size())
            return uniform(parameters, rng);
        const std::vector<int>& a = parent(rng);
        const std::vector<int>& b = parent(rng);
        std::vector<int> child;
        for (size_t i = 0; i < parameters.size(); ++i) {
            child.push_back(rng.below(2) != 0 ? a[i] : b[i]);
            if (rng.below(10) == 0) child[i] = int(rng.below(uint64_t(parameters[i].options)));
        }
        return child;
    }

    void tell(const std::vector<SearchParameter>&, const std::vector<int>& choice, const OracleCost& cost) override {
        if (!population_.empty() && population_.front().choice.size() != choice.size()) population_.clear();
        population_.push_back({choice, cost.objective});
        if (population_.size() > kPopulation) population_.erase(population_.begin());
    }

    base::Json save() const override {
        base::Json json = base::Json::array();
        for (const Member& m : population_) json.push_back(base::Json{m.choice, m.objective});
        return json;
    }

    void restore(const base::Json& state) override {
        population_.clear();
        for (const base::Json& m : state) population_.push_back({m.at(0).get<std::vector<int>>(), m.at(1)});
    }

private:
    static constexpr size_t kPopulation = 50;
    struct Member {
        std::vector<int> choice;
        double objective = 0;
    };

    const std::vector<int>& parent(base::Rng& rng) const {
        const Member* best = nullptr;
        for (int i = 0; i < 4; ++i) {
            const Member& m = population_[rng.below(population_.size())];
            if (best == nullptr || m.objective < best->objective) best = &m;
        }
        return best->choice;
    }

    std::vector<Member> population_;
};

}  // namespace

void register_baselines(AlgorithmRegistry& registry) {
    registry.add({"random", "uniform random points", [] { return std::make_unique<RandomSearch>(); }});
    registry.add({"evolution", "steady-state evolution with ageing", [] { return std::make_unique<Evolution>(); }});
}

}  // namespace dna::search
