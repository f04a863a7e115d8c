#include "core/search/dns.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "core/data/shapes.h"
#include "tests/core/search/small_search.h"

using namespace dna;
using search::CostTable;
using search::GateMode;

namespace {

CostTable smallTable() {
    CostTable table;
    table.blocks = {{{10, 5}, {4, 9}, {1, 1}}, {{8, 2}, {3, 3}, {2, 7}}};
    table.fixed = {5, 4};
    table.leakage_pj_per_cycle = 0.5;
    table.max_energy_pj = table.max_latency_cycles = HUGE_VAL;
    return table;
}

/// A hardware side whose costs are proportional to multiply-accumulates.
class MacHardware : public search::HardwareSide {
public:
    explicit MacHardware(const network::NetworkSpace& space) : space_(space) {}
    CostTable table() override {
        return tableByMacs(space_, [&](double macs, const network::BlockOption&) {
            return search::OperatorCost{(macs + 1000) * price_, (macs + 1000) / 64};
        });
    }
    CostTable refine(const network::Network&, int evaluations, uint64_t) override {
        price_ *= 1 - 1e-4 * evaluations;
        return table();
    }
    base::Json save() const override { return {{"price", price_}}; }
    void restore(const base::Json& state) override { price_ = state.at("price").get<double>(); }

private:
    network::NetworkSpace space_;
    double price_ = 1;
};

}  // namespace

TEST_CASE("hardware term: gradient by the logits agrees with central differences") {
    const CostTable table = smallTable();
    const std::vector<search::ActiveSet> active{{{0, 2}}, {{1, 0, 2}}};
    for (const std::string objective : {"edp", "energy", "latency"}) {
        std::vector<double> logits{0.3, -0.2, 0.8, 0.1, 0.5, -0.7};
        const auto term = search::hardwareTerm(table, objective, logits, active);
        for (size_t i = 0; i < logits.size(); ++i) {
            const double kept = logits[i];
            logits[i] = kept + 1e-6;
            const double above = search::hardwareTerm(table, objective, logits, active).value;
            logits[i] = kept - 1e-6;
            const double below = search::hardwareTerm(table, objective, logits, active).value;
            logits[i] = kept;
            CHECK(std::abs((above - below) / 2e-6 - term.gradient[i]) < 1e-7);
        }
        CHECK(term.gradient[1] == 0);  // not active
    }
}

TEST_CASE("hardware term: for EDP the gradient is dE/E + dL/L, by hand") {
    // One block with two operators of equal logits: p = 1/2. E = 5 + (10 + 4)/2 = 12, L = 4 + (5 + 9)/2 = 11 without
    // leakage.
    CostTable table = smallTable();
    table.blocks.resize(1);
    table.leakage_pj_per_cycle = 0;
    const auto term = search::hardwareTerm(table, "edp", {0, 0, 0}, {{{0, 1}}});
    CHECK(term.value == doctest::Approx(std::log(12.0 * 11.0)));
    // dp_0/dlogit_0 = 1/4, dp_1 = -1/4: dE = (10 - 4)/4, dL = (5 - 9)/4.
    CHECK(term.gradient[0] == doctest::Approx(1.5 / 12 - 1.0 / 11));
    CHECK(term.gradient[1] == doctest::Approx(-1.5 / 12 + 1.0 / 11));
}

TEST_CASE("derivation: the best probability under the limits, against all choices") {
    base::Rng rng(4, "derive");
    for (int round = 0; round < 50; ++round) {
        CostTable table = smallTable();
        table.blocks.assign(4, std::vector<search::OperatorCost>(3));
        std::vector<std::vector<double>> log_p(4, std::vector<double>(3));
        for (int b = 0; b < 4; ++b)
            for (int k = 0; k < 3; ++k) {
                table.blocks[b][k] = {1 + 9 * rng.uniform(), 1 + 9 * rng.uniform()};
                log_p[b][k] = -3 * rng.uniform();
            }
        table.max_energy_pj = 15 + 25 * rng.uniform();
        table.max_latency_cycles = 10 + 25 * rng.uniform();
        double best = -HUGE_VAL, least_excess = HUGE_VAL;
        for (int i = 0; i < 81; ++i) {
            const std::vector<int> choices{i % 3, i / 3 % 3, i / 9 % 3, i / 27};
            const auto cost = search::networkCost(table, "edp", choices);
            double sum = 0;
            for (int b = 0; b < 4; ++b) sum += log_p[b][choices[b]];
            if (cost.energy_pj <= table.max_energy_pj && cost.latency_cycles <= table.max_latency_cycles)
                best = std::max(best, sum);
            least_excess = std::min(least_excess, std::max(cost.energy_pj / table.max_energy_pj,
                                                           cost.latency_cycles / table.max_latency_cycles));
        }
        const auto derived = search::deriveNetwork(log_p, table);
        CHECK(derived.feasible == (best > -HUGE_VAL));
        if (derived.feasible) {
            CHECK(derived.log_probability == doctest::Approx(best));
            CHECK(derived.violations.empty());
        } else {
            CHECK(std::max(derived.energy_pj / table.max_energy_pj,
                           derived.latency_cycles / table.max_latency_cycles) == doctest::Approx(least_excess));
            CHECK_FALSE(derived.violations.empty());
        }
    }
}

TEST_CASE("sampling: operators come with their probabilities, gates have the gradient of their softmax") {
    search::ArchitectureLogits logits(1, 3);
    logits.values = {1.0, 0.0, -1.0};
    const auto log_p = logits.logProbabilities();
    int first = 0;
    const int draws = 20000;
    for (int i = 0; i < draws; ++i) {
        base::Rng rng(1, "sampling", static_cast<uint64_t>(i));
        const auto sample = search::sampleNetwork(logits, 2.0, 2, GateMode::Proxy, rng);
        CHECK(sample.active[0].candidates.size() == 2);
        first += sample.choices()[0] == 0;
    }
    CHECK(first / static_cast<double>(draws) ==
          doctest::Approx(std::exp(log_p[0][0])).epsilon(0.02));  // Gumbel-max theorem

    base::Rng rng(1, "gates");
    const auto sample = search::sampleNetwork(logits, 2.0, 2, GateMode::Proxy, rng);
    const int a = sample.active[0].candidates[0], b = sample.active[0].candidates[1];
    const double pa = std::exp(logits.values[a]) / (std::exp(logits.values[a]) + std::exp(logits.values[b]));
    CHECK(sample.gates[0][0] == doctest::Approx(pa));
    const auto gradient = search::gateGradient(sample, 3, GateMode::Proxy, {{2.0, -1.0}});
    CHECK(gradient[a] == doctest::Approx(pa * (1 - pa) * 3.0));
    CHECK(gradient[b] == doctest::Approx(-pa * (1 - pa) * 3.0));
}

TEST_CASE("proxy mode: inactive operators keep their probability") {
    search::ArchitectureLogits logits(2, 4);
    logits.values = {0.1, 0.2, 0.3, 0.4, -1, 0, 1, 2};
    base::Rng rng(9, "mass");
    const auto sample = search::sampleNetwork(logits, 1.0, 2, GateMode::Proxy, rng);
    const auto before_log_p = logits.logProbabilities();
    const auto before = logits.values;
    for (size_t l = 0; l < 2; ++l)
        for (int k : sample.active[l].candidates) logits.values[l * 4 + static_cast<size_t>(k)] += 0.3 + 0.1 * k;
    search::keepActiveMass(sample, before, logits);
    const auto after = logits.logProbabilities();
    for (size_t l = 0; l < 2; ++l)
        for (int k = 0; k < 4; ++k) {
            const auto& active = sample.active[l].candidates;
            if (std::find(active.begin(), active.end(), k) == active.end())
                CHECK(after[l][k] == doctest::Approx(before_log_p[l][k]));
        }
}

TEST_CASE("network search: logits move and stay finite; lambda makes the network cheaper") {
    const auto space = network::readSpace("micro");
    const auto pictures = data::makeShapes(1, data::Part::Training, 400);
    autodiff::Workers workers(2);
    double energy[2] = {};
    for (int i = 0; i < 2; ++i) {
        MacHardware hardware(space);
        auto options = quickOptions(3, 0.05, 10);
        options.lambda = i == 0 ? 0.0 : 5.0;
        options.logit_rate = 0.3;
        search::NetworkSearch search(space, pictures, options, hardware, 3, workers);
        while (!search.finished()) search.advance();
        CHECK(search.refreshes() > 2);
        double moved = 0;
        for (double value : search.logits().values) {
            CHECK(std::isfinite(value));
            moved += std::abs(value);
        }
        CHECK(moved > 0.1);
        const auto probabilities = search.logits().logProbabilities();
        for (size_t b = 0; b < 3; ++b)
            for (size_t k = 0; k < 9; ++k)
                energy[i] += std::exp(probabilities[b][k]) * search.table().blocks[b][k].latency_cycles;
    }
    CHECK(energy[1] < 0.8 * energy[0]);
}

TEST_CASE("network search: all gate modes run; a restored search continues to the same state") {
    const auto space = network::readSpace("micro");
    const auto pictures = data::makeShapes(1, data::Part::Training, 160);
    for (const std::string mode : {"proxy", "hard", "soft"}) {
        CAPTURE(mode);
        auto options = quickOptions(3, 0.05, 10);
        options.mode = mode;
        autodiff::Workers one(1), two(2);
        MacHardware first_hardware(space), second_hardware(space);
        search::NetworkSearch whole(space, pictures, options, first_hardware, 3, one);
        search::NetworkSearch resumed(space, pictures, options, second_hardware, 3, two);
        checkResumed(whole, resumed);
        CHECK(resumed.logits().values == whole.logits().values);
    }
}

TEST_CASE("network search: every mode takes a step on the logits and one on the weights in every space") {
    autodiff::Workers workers(2);
    for (const std::string& name : network::builtinSpaces())
        for (const std::string mode : {"proxy", "hard", "soft"})
            for (const int paths : {1, 3}) {
                CAPTURE(name);
                CAPTURE(mode);
                CAPTURE(paths);
                auto space = network::readSpace(name);
                network::fitSpace(space, {3, 32, 32}, 10);
                const auto pictures = data::makeShapes(1, data::Part::Training, 8);
                MacHardware hardware(space);
                auto options = quickOptions(3, 0.05, 10);
                options.mode = mode;
                options.active_paths = paths;
                options.batch = 2;
                options.weight_epochs = 0;
                search::NetworkSearch search(space, pictures, options, hardware, 3, workers);
                const auto record = search.advance();
                CHECK(record.logits_updated);
                CHECK(std::isfinite(record.weight_loss));
                size_t moved = 0;
                for (const double value : search.logits().values) moved += value != 0;
                // proxy moves the logits of the active operators (one alone stays where it is), the others move all.
                const size_t blocks = space.blocks.size(), all = blocks * space.candidates.size();
                if (mode == std::string("proxy"))
                    CHECK(moved == (paths == 1 ? 0 : paths * blocks));
                else
                    CHECK(moved == all);
            }
}

TEST_CASE("network search: the penalty on multiply-accumulates is log MACs") {
    const auto space = network::readSpace("mini");
    const CostTable table = search::macTable(space);
    base::Rng rng(5, "choices");
    for (int i = 0; i < 10; ++i) {
        std::vector<int> choices;
        for (size_t b = 0; b < space.blocks.size(); ++b) choices.push_back(static_cast<int>(rng.below(9)));
        const auto macs = static_cast<double>(network::macs(network::buildNetwork(space, choices, "drawn")));
        CHECK(search::networkCost(table, "energy", choices).value == doctest::Approx(std::log(macs)).epsilon(1e-12));
    }
}

TEST_CASE("network search: divergence stops with a message") {
    const auto space = network::readSpace("micro");
    const auto pictures = data::makeShapes(1, data::Part::Training, 160);
    MacHardware hardware(space);
    autodiff::Workers workers(1);
    auto options = quickOptions(3, 0.05, 10);
    options.weight_rate = 1e30;
    options.clip = 0;
    search::NetworkSearch search(space, pictures, options, hardware, 3, workers);
    CHECK_THROWS_WITH_AS(
        [&] {
            while (!search.finished()) search.advance();
        }(),
        doctest::Contains("diverged"), base::InputError);
}
