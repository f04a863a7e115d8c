// The search of the weights' widths: hardware term, derivation, and whole small searches.
#include "core/search/dns_bits.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/data/shapes.h"
#include "core/nn/ops.h"
#include "core/nn/straight_through.h"
#include "core/search/dns.h"
#include "tests/core/search/small_search.h"

using namespace dna;
using search::CostTable;

namespace {

/// A hardware side whose energy is that of the weights' bits and whose latency is that of multiply-accumulates.
class BitHardware : public search::HardwareSide {
public:
    explicit BitHardware(const network::NetworkSpace& space) : space_(space) {}
    CostTable table() override {
        CostTable table = tableByMacs(space_, [](double macs, const network::BlockOption& option) {
            return search::OperatorCost{1000.0 + macs * option.bits, 1000.0 + macs};
        });
        table.max_energy_pj = max_energy_pj;
        return table;
    }
    CostTable refine(const network::Network& current, int, uint64_t) override {
        refined_with.clear();
        for (const network::Node& node : current.nodes)
            if (network::hasWeights(node)) refined_with.push_back(node.weight_bits);
        return table();
    }
    base::Json save() const override { return base::Json::object(); }
    void restore(const base::Json&) override {}

    double max_energy_pj = HUGE_VAL;
    std::vector<int> refined_with;  ///< widths of the network that DAS was last given

private:
    network::NetworkSpace space_;
};

/// Small enough for a search in a second: three blocks, three operators.
network::NetworkSpace tinySpace(const std::vector<std::vector<int>>& bits) {
    network::NetworkSpace space = network::readSpace("micro");
    space.candidates = {space.candidates[0], space.candidates[2], space.candidates[8]};
    for (size_t b = 0; b < bits.size(); ++b) space.blocks[b].bits = bits[b];
    return space;
}

search::DnsOptions bitsOptions() {
    search::DnsOptions options = quickOptions(4, 0.1, 1);
    options.weight_rate = 0.1;
    return options;
}

CostTable drawnTable(base::Rng& rng, size_t candidates, const std::vector<size_t>& widths) {
    CostTable table;
    for (size_t w : widths) {
        table.blocks.emplace_back();
        for (size_t i = 0; i < candidates * w; ++i) table.blocks.back().push_back({1 + 9 * rng.uniform(), 1 + 9 * rng.uniform()});
    }
    table.fixed = {5, 4};
    table.leakage_pj_per_cycle = 0.5;
    table.max_energy_pj = table.max_latency_cycles = HUGE_VAL;
    return table;
}

}  // namespace

TEST_CASE("hardware term with widths: gradients by both kinds of logits agree with central differences") {
    base::Rng rng(3, "table");
    const CostTable table = drawnTable(rng, 3, {2, 1, 2});
    const std::vector<search::ActiveSet> active{{{0, 2}}, {{1, 0, 2}}, {{2, 1}}};
    for (const std::string objective : {"edp", "energy", "latency"}) {
        std::vector<double> logits{0.3, -0.2, 0.8, 0.1, 0.5, -0.7, 0, 1, -1};
        std::vector<std::vector<double>> bits{{0.4, -0.1}, {0.7}, {-0.5, 0.9}};
        const auto value = [&] { return search::hardwareTerm(table, objective, logits, active, bits).value; };
        const auto slope = [&](double& x) {
            const double kept = x;
            x = kept + 1e-6;
            const double above = value();
            x = kept - 1e-6;
            const double below = value();
            x = kept;
            return (above - below) / 2e-6;
        };
        const auto term = search::hardwareTerm(table, objective, logits, active, bits);
        for (size_t i = 0; i < logits.size(); ++i) CHECK(std::abs(slope(logits[i]) - term.gradient[i]) < 1e-7);
        for (size_t b = 0; b < bits.size(); ++b)
            for (size_t i = 0; i < bits[b].size(); ++i) CHECK(std::abs(slope(bits[b][i]) - term.bit_gradient[b][i]) < 1e-7);
        CHECK(term.bit_gradient[1][0] == 0);  // nothing to choose
    }
}

TEST_CASE("hardware term with widths: by hand") {
    // One block, one operator, 4 and 8 bits at logits 0 and log 3: q = 1/4, 3/4. E = 2 + 4/4 + 8 * 3/4 = 9, L = 3 + 2 = 5.
    CostTable table;
    table.blocks = {{{4, 2}, {8, 2}}};
    table.fixed = {2, 3};
    const auto term = search::hardwareTerm(table, "edp", {0}, {{{0}}}, {{0, std::log(3.0)}});
    CHECK(term.value == doctest::Approx(std::log(45.0)));
    CHECK(term.bit_gradient[0][1] == doctest::Approx(0.25 * 0.75 * 4 / 9));  // dq = 3/16, dE = (8 - 4) dq, dL = 0
    CHECK(term.bit_gradient[0][0] == doctest::Approx(-0.25 * 0.75 * 4 / 9));
}

TEST_CASE("widths: the update goes down the sampled mix's gradient") {
    const network::NetworkSpace space = tinySpace({{4, 8}, {8}, {4, 8}});
    search::BitSearch bits(space, 0.1);
    CHECK(bits.searches());
    CHECK_FALSE(search::BitSearch(tinySpace({{8}, {4}, {}}), 0.1).searches());
    CHECK(bits.meanBits() == doctest::Approx(6));
    base::Rng rng(5, "bits");
    const search::SampledBits sample = bits.sample(1.0, rng);
    for (const auto& shares : sample.shares()) {
        double sum = 0;
        for (double share : shares) sum += share;
        CHECK(sum == doctest::Approx(1));
    }
    CHECK(sample.shares()[1].size() == 1);
    // Block 0: more of 8 bits lowers the loss; block 2: the hardware asks for 4 bits.
    CHECK(bits.update(sample, {{0.5, -0.5}, {}, {}}, {{0, 0}, {0}, {-1, 1}}, 0.1));
    CHECK(bits.mostProbable() == std::vector<int>{1, 0, 0});
    CHECK(bits.logits()[1][0] == 0);
    const auto before = bits.logits();
    CHECK_FALSE(bits.update(sample, {{std::nan(""), 0}, {}, {}}, {{0, 0}, {0}, {0, 0}}, 0.1));
    CHECK(bits.logits() == before);
}

TEST_CASE("network search with widths: a hardware term that pays for bits brings every block to 4") {
    const auto space = tinySpace({{4, 8}, {4, 8}, {4, 8}});
    const auto pictures = data::makeShapes(1, data::Part::Training, 240);
    autodiff::Workers workers(2);
    BitHardware hardware(space);
    auto options = bitsOptions();
    options.lambda = 5;
    options.objective = "energy";
    search::NetworkSearch search(space, pictures, options, hardware, 3, workers);
    search::DnsRecord record;
    while (!search.finished()) record = search.advance();
    for (const auto& block : search.bits().logProbabilities()) CHECK(std::exp(block[0]) > 0.8);
    CHECK(record.mean_bits < 5);
    CHECK(record.bit_entropy < std::log(2.0));
    for (size_t b = 0; b < 3; ++b)
        CHECK(network::blockOptions(space, static_cast<int>(b))[static_cast<size_t>(search.derive().options[b])].bits == 4);
    // DAS saw the widths: 8 in stem, head and classifier, 4 in the blocks.
    REQUIRE(hardware.refined_with.size() > 3);
    CHECK(hardware.refined_with.front() == 8);
    CHECK(hardware.refined_with[1] == 4);
    CHECK(hardware.refined_with.back() == 8);
}

TEST_CASE("network search with widths: blocks with one width keep it, in all modes; runs continue to the same state") {
    const auto space = tinySpace({{4, 8}, {4}, {4, 8}});
    const auto pictures = data::makeShapes(1, data::Part::Training, 160);
    for (const std::string mode : {"proxy", "hard", "soft"}) {
        CAPTURE(mode);
        auto options = bitsOptions();
        options.mode = mode;
        autodiff::Workers one(1), two(2);
        BitHardware first_hardware(space), second_hardware(space);
        search::NetworkSearch whole(space, pictures, options, first_hardware, 3, one);
        search::NetworkSearch resumed(space, pictures, options, second_hardware, 3, two);
        SearchState middle = checkResumed(whole, resumed);
        CHECK(middle.tensors.contains("search.bit_logits"));
        CHECK(resumed.bits().logits() == whole.bits().logits());
        CHECK(resumed.bits().logits()[0][0] != 0);
        CHECK(resumed.bits().logits()[1] == std::vector<double>{0});

        middle.tensors.erase("search.bit_logits");
        CHECK_THROWS_WITH_AS(resumed.restore(middle.json, middle.tensors, "state"), doctest::Contains("search.bit_logits"), base::InputError);
    }
}

TEST_CASE("network search with widths: limits that only 4 bits satisfy are satisfied") {
    const auto space = tinySpace({{4, 8}, {4, 8}, {4, 8}});
    const auto pictures = data::makeShapes(1, data::Part::Training, 160);
    autodiff::Workers workers(1);
    BitHardware hardware(space);
    // One block that keeps its shape may be skipped; the least energy of the others is at 4 bits.
    double least = 1e5, next = HUGE_VAL;
    const CostTable table = hardware.table();
    for (const auto& block : table.blocks) {
        double best = HUGE_VAL, wide = HUGE_VAL;
        for (size_t i = 0; i < block.size(); ++i) {
            best = std::min(best, block[i].energy_pj);
            if (i % 2 == 1) wide = std::min(wide, block[i].energy_pj);
        }
        least += best;
        if (wide > best) next = std::min(next, wide - best);
    }
    hardware.max_energy_pj = least + next / 2;
    auto options = bitsOptions();
    options.lambda = 0;
    search::NetworkSearch search(space, pictures, options, hardware, 3, workers);
    for (int i = 0; i < 8; ++i) search.advance();
    const search::Derived derived = search.derive();
    CHECK(derived.feasible);
    for (size_t b = 1; b < 3; ++b)
        CHECK(network::blockOptions(space, static_cast<int>(b))[static_cast<size_t>(derived.options[b])].bits == 4);
}

TEST_CASE("derivation with widths: the best of all operators and widths under the limits") {
    base::Rng rng(4, "derive bits");
    for (int round = 0; round < 30; ++round) {
        CostTable table = drawnTable(rng, 2, {2, 1, 2, 2});
        table.max_energy_pj = 20 + 20 * rng.uniform();
        std::vector<std::vector<double>> log_p;
        for (const auto& block : table.blocks) {
            log_p.emplace_back();
            for (size_t i = 0; i < block.size(); ++i) log_p.back().push_back(-3 * rng.uniform());
        }
        double best = -HUGE_VAL;
        for (int i = 0; i < 4 * 2 * 4 * 4; ++i) {
            const std::vector<int> options{i % 4, i / 4 % 2, i / 8 % 4, i / 32};
            double sum = 0;
            for (size_t b = 0; b < 4; ++b) sum += log_p[b][static_cast<size_t>(options[b])];
            if (search::networkCost(table, "edp", options).energy_pj <= table.max_energy_pj) best = std::max(best, sum);
        }
        const auto derived = search::deriveNetwork(log_p, table);
        CHECK(derived.feasible == (best > -HUGE_VAL));
        if (derived.feasible) CHECK(derived.log_probability == doctest::Approx(best));
    }
}

TEST_CASE("widths: 8 bits win where accuracy needs them, 4 where the hardware's price is higher than that") {
    // One linear layer whose small weights decide the class: at 4 bits they are rounded to 0 beside the large ones.
    const std::vector<float> weights{1.0f, 0.05f, 1.0f, -0.05f};
    const network::NetworkSpace space = tinySpace({{4, 8}, {8}, {8}});
    autodiff::Workers workers(1);
    for (const double lambda : {0.0, 0.1, 10.0}) {
        CAPTURE(lambda);
        search::BitSearch bits(space, 0.1);
        for (uint64_t step = 0; step < 100; ++step) {
            base::Rng rng(7, "tiny", step);
            const search::SampledBits sample = bits.sample(1.0, rng);
            autodiff::Tape<float> tape(workers);
            const autodiff::Tensor<float> x = tape.allocate({8, 2, 1, 1}), weight = tape.allocateFlat(4), bias = tape.allocateFlat(2),
                                          shares = tape.allocateFlat(2);
            std::fill(x.data, x.data + x.size, 0.0f);
            std::vector<uint16_t> labels;
            for (int n = 0; n < 8; ++n) {
                x.at(n, 0, 0) = static_cast<float>(rng.normal());
                x.at(n, 1, 0) = static_cast<float>(20 * rng.normal());
                labels.push_back(x.at(n, 1, 0) > 0 ? 0 : 1);
            }
            std::copy(weights.begin(), weights.end(), weight.data);
            bias.array().setZero();
            for (size_t i = 0; i < 2; ++i) shares.data[i] = static_cast<float>(sample.shares()[0][i]);
            const autodiff::Var gates = tape.leaf(shares);
            const autodiff::Var mixed = nn::mixRoundings(tape, tape.constant(weight), 2, {4, 8}, gates);
            const autodiff::Var logits = nn::linear(tape, tape.constant(x), mixed, tape.constant(bias), 2);
            tape.backward(nn::softmaxCrossEntropy(tape, logits, labels));
            const float* by_share = tape.gradient(gates);
            CHECK(bits.update(sample, {{static_cast<double>(by_share[0]), static_cast<double>(by_share[1])}, {}, {}}, {{-0.1, 0.1}, {0}, {0}}, lambda));
        }
        const double eight = std::exp(bits.logProbabilities()[0][1]);
        if (lambda < 1)
            CHECK(eight > 0.9);
        else
            CHECK(eight < 0.1);
    }
}
