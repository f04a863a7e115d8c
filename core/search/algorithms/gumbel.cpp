#include <algorithm>
#include <cmath>
#include <map>

#include "core/search/das.h"

namespace dna::search {

namespace {

/// Logits of one categorical parameter with their Adam state.
struct Logits {
    std::vector<double> value, first, second;
    int64_t steps = 0;

    void resize(int options) {
        if (int(value.size()) == options) return;
        value.assign(size_t(options), 0.0);
        first = second = value;
        steps = 0;
    }
};

/// Running mean of log costs, the baseline of a group (exponential, 0.95; updated after use).
struct Baseline {
    double mean = 0;
    bool set = false;

    double advantage(double cost) {
        const double value = set ? cost - mean : 0.0;
        mean = set ? 0.95 * mean + 0.05 * cost : cost;
        set = true;
        return value;
    }
};

double finite(double x) { return std::isfinite(x) ? x : 0.0; }

/// Differentiable accelerator search with repaired estimators (search.md 3): one hard Gumbel sample per parameter;
/// gradient A_c * y_k * (delta_jk - y_j) / T ("gumbel") or A_c * (delta_jk - p_j) ("score"); Adam.
class DifferentiableSearch : public SearchAlgorithm {
public:
    explicit DifferentiableSearch(bool score) : score_(score) {}

    std::vector<int> propose(const std::vector<SearchParameter>& parameters, base::Rng& rng) override {
        std::vector<int> choice;
        samples_.clear();
        for (const SearchParameter& p : parameters) {
            Logits& logits = logits_[p.name];
            logits.resize(p.options);
            const std::vector<double> probability = softmax(logits.value);
            std::vector<double> noisy;
            for (double q : probability)
                noisy.push_back((base::portableLog(std::max(q, 1e-30)) + rng.gumbel()) / kTemperature);
            choice.push_back(int(std::max_element(noisy.begin(), noisy.end()) - noisy.begin()));
            samples_.push_back(score_ ? probability : softmax(noisy));
        }
        return choice;
    }

    void tell(const std::vector<SearchParameter>& parameters, const std::vector<int>& choice,
              const OracleCost& cost) override {
        const double whole = network_.advantage(finite(cost.objective));
        std::vector<double> group(cost.group_objective.size());
        std::map<int, std::string> group_name;
        for (const SearchParameter& p : parameters)
            if (p.group >= 0) group_name.emplace(p.group, p.name.substr(0, p.name.find('/')));
        for (const auto& [index, name] : group_name)
            group[size_t(index)] = groups_[name].advantage(finite(cost.group_objective[size_t(index)]));
        for (size_t i = 0; i < parameters.size(); ++i) {
            const double advantage = parameters[i].group < 0 ? whole : group[size_t(parameters[i].group)];
            update(logits_[parameters[i].name], samples_[i], choice[i], advantage);
        }
    }

    std::optional<std::vector<int>> favourite(const std::vector<SearchParameter>& parameters) const override {
        std::vector<int> choice;
        for (const SearchParameter& p : parameters) {
            const auto place = logits_.find(p.name);
            if (place == logits_.end()) return std::nullopt;
            const auto& value = place->second.value;
            choice.push_back(int(std::max_element(value.begin(), value.end()) - value.begin()));
        }
        return choice;
    }

    base::Json save() const override {
        base::Json json;
        json["network"] = base::Json{network_.mean, network_.set};
        json["groups"] = base::Json::object();
        for (const auto& [name, b] : groups_) json["groups"][name] = base::Json{b.mean, b.set};
        json["logits"] = base::Json::object();
        for (const auto& [name, l] : logits_)
            json["logits"][name] =
                base::Json{{"value", l.value}, {"first", l.first}, {"second", l.second}, {"steps", l.steps}};
        return json;
    }

    void restore(const base::Json& state) override {
        network_ = baseline(state.at("network"));
        groups_.clear();
        logits_.clear();
        for (const auto& [name, b] : state.at("groups").items()) groups_[name] = baseline(b);
        for (const auto& [name, l] : state.at("logits").items())
            logits_[name] = {l.at("value"), l.at("first"), l.at("second"), l.at("steps")};
    }

private:
    static constexpr double kTemperature = 1.0, kRate = 0.03, kBeta1 = 0.5, kBeta2 = 0.999, kEpsilon = 1e-8;

    static Baseline baseline(const base::Json& json) { return {json.at(0), json.at(1)}; }

    static std::vector<double> softmax(const std::vector<double>& x) {
        const double top = *std::max_element(x.begin(), x.end());
        std::vector<double> y;
        double sum = 0;
        for (double v : x) sum += y.emplace_back(base::portableExp(v - top));
        for (double& v : y) v /= sum;
        return y;
    }

    void update(Logits& logits, const std::vector<double>& sample, int chosen, double advantage) const {
        const double scale = score_ ? advantage : advantage * sample[size_t(chosen)] / kTemperature;
        ++logits.steps;
        const double correct1 = 1 - std::pow(kBeta1, double(logits.steps)),
                     correct2 = 1 - std::pow(kBeta2, double(logits.steps));
        for (size_t j = 0; j < sample.size(); ++j) {
            const double gradient = scale * ((int(j) == chosen ? 1.0 : 0.0) - sample[j]);
            logits.first[j] = kBeta1 * logits.first[j] + (1 - kBeta1) * gradient;
            logits.second[j] = kBeta2 * logits.second[j] + (1 - kBeta2) * gradient * gradient;
            logits.value[j] -=
                kRate * (logits.first[j] / correct1) / (std::sqrt(logits.second[j] / correct2) + kEpsilon);
        }
    }

    bool score_;
    std::map<std::string, Logits> logits_;
    std::map<std::string, Baseline> groups_;
    Baseline network_;
    std::vector<std::vector<double>> samples_;
};

}  // namespace

void register_gumbel(AlgorithmRegistry& registry) {
    registry.add({"gumbel", "DAS with baseline, credit per layer and Gumbel-Softmax gradients (biased, low variance)",
                  [] { return std::make_unique<DifferentiableSearch>(false); }});
    registry.add({"score", "DAS with baseline, credit per layer and score-function gradients (unbiased)",
                  [] { return std::make_unique<DifferentiableSearch>(true); }});
}

}  // namespace dna::search
