#include "costmodel/cost.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "core/autodiff/dual.h"
#include "core/network/space.h"
#include "core/search/das.h"
#include "costmodel/design_oracle.h"
#include "costmodel/hardware_side.h"
#include "costmodel/mapper.h"

using namespace dna;

namespace {

network::Network miniOf(const std::string& candidate) {
    const network::NetworkSpace space = network::readSpace("mini");
    int index = 0;
    while (space.candidates[size_t(index)].name != candidate) ++index;
    return network::buildNetwork(space, std::vector<int>(space.blocks.size(), index), candidate);
}

design::Chunk roomy() {
    design::Chunk chunk;
    chunk.rows = 8, chunk.cols = 16, chunk.input_words = 128, chunk.weight_words = 1024, chunk.output_words = 512;
    return chunk;
}

}  // namespace

TEST_CASE("report: classes sum to the latency, levels to the energy, layers to the totals") {
    const design::Target target;
    const costmodel::Technology technology = costmodel::builtinTechnology("osu018");
    costmodel::Mapper mapper(technology, target);
    design::Design design;
    design.chunks = {roomy()};
    const auto plans = mapper.best(mapping::extractLayers(miniOf("k3_e3")), design.chunk());
    const costmodel::NetworkCost cost = costmodel::networkCost(plans, design, technology, target);
    const base::Json json = costmodel::toJson(cost, technology, target);
    double energy = 0;
    for (const base::Json& layer : json.at("layers")) {
        double levels = 0;
        for (const base::Json& level : layer.at("levels")) levels += level.at("energy_pj").get<double>();
        CHECK(levels == doctest::Approx(layer.at("energy_pj").get<double>()).epsilon(1e-12));
        energy += levels;
        int64_t classes = 0;
        for (const auto& [name, cycles] : layer.at("cycle_classes").items()) {
            CHECK(cycles.get<int64_t>() >= 0);
            classes += cycles.get<int64_t>();
        }
        CHECK(classes == layer.at("latency_cycles").get<int64_t>());
    }
    CHECK(energy * 1e-9 ==
          doctest::Approx(json.at("totals").at("energy_mj").at("system").get<double>()).epsilon(1e-12));
    double area = 0;
    for (const auto& [part, um2] : json.at("area").items()) area += um2.get<double>();
    CHECK(area == doctest::Approx(json.at("totals").at("area_um2").get<double>()).epsilon(1e-12));
}

TEST_CASE("the energy formula's gradient by dual numbers equals central differences") {
    using Scalar = autodiff::Dual<2>;
    const costmodel::ChunkPrices prices =
        costmodel::pricesOf(roomy(), costmodel::builtinTechnology("osu018"), "lpddr4", 100);
    const auto total = [&](auto reads, auto cycles) {
        costmodel::EventCounts<decltype(reads)> n;
        n.dram_reads = reads * 2.0, n.input_reads = reads * reads, n.macs = reads * 3.0, n.cycles = cycles;
        n.pe_cycles = cycles * 128.0, n.values = reads, n.lane_cycles = cycles * 16.0;
        const auto levels = costmodel::levelEnergies(n, prices);
        auto sum = levels[0];
        for (size_t i = 1; i < levels.size(); ++i) sum = sum + levels[i];
        return sum;
    };
    const Scalar dual = total(Scalar::variable(1000.0, 0), Scalar::variable(5000.0, 1));
    CHECK(dual.value == doctest::Approx(total(1000.0, 5000.0)));
    const double h = 1e-3;
    CHECK(dual.slope[0] ==
          doctest::Approx((total(1000.0 + h, 5000.0) - total(1000.0 - h, 5000.0)) / (2 * h)).epsilon(1e-6));
    CHECK(dual.slope[1] ==
          doctest::Approx((total(1000.0, 5000.0 + h) - total(1000.0, 5000.0 - h)) / (2 * h)).epsilon(1e-6));
}

TEST_CASE("the mapper beats or meets every sampled mapping, and larger buffers never cost latency") {
    design::Target target;
    target.objective = "latency";
    const costmodel::Technology technology = costmodel::builtinTechnology("osu018");
    costmodel::Mapper mapper(technology, target);
    for (const mapping::Layer& layer : mapping::extractLayers(miniOf("k5_e3"))) {
        CAPTURE(layer.name);
        const auto& front = mapper.front(layer, roomy());
        REQUIRE(!front.choices.empty());
        design::Chunk larger = roomy();
        larger.input_words *= 2, larger.output_words *= 2, larger.weight_words *= 2;
        CHECK(mapper.front(layer, larger).choices.front().latency_cycles <= front.choices.front().latency_cycles);
        for (size_t i = 1; i < front.choices.size(); ++i)
            CHECK(front.choices[i].energy_pj < front.choices[i - 1].energy_pj);
    }
}

TEST_CASE("single buffers and shared lanes take less room and never fewer cycles") {
    const design::Target target;
    const costmodel::Technology technology = costmodel::builtinTechnology("nangate45");
    const auto layers = mapping::extractLayers(miniOf("k5_e3"));
    struct Outcome {
        int64_t cycles;
        double area, sram;
    };
    const auto outcome = [&](const design::Chunk& chunk) {
        costmodel::Mapper mapper(technology, target);
        std::vector<mapping::LayerPlan> plans = mapper.best(layers, roomy());
        for (mapping::LayerPlan& plan : plans)
            plan = std::get<mapping::LayerPlan>(mapping::lower(plan.layer, chunk, plan.mapping));
        return Outcome{mapping::networkCycles(plans, design::MemoryModel{}).back().done,
                       costmodel::pricesOf(chunk, technology, target.dram, 100).area.total(), costmodel::sramBytes(chunk)};
    };
    const Outcome before = outcome(roomy());
    for (int design::Chunk::*slots : {&design::Chunk::input_slots, &design::Chunk::weight_slots, &design::Chunk::output_slots}) {
        design::Chunk single = roomy();
        single.*slots = 1;
        const Outcome with = outcome(single);
        CHECK(with.cycles > before.cycles);
        CHECK(with.area < before.area);
        CHECK(with.sram < before.sram);
    }
    for (const int columns : {2, 4}) {
        design::Chunk shared = roomy();
        shared.columns_per_lane = columns;
        const Outcome with = outcome(shared);
        CHECK(with.cycles > before.cycles);
        CHECK(with.area < before.area);
        CHECK(with.sram == before.sram);
    }
    costmodel::Technology older = technology;
    older.logic.shared_lane_area_um2 = 0;
    design::Chunk shared = roomy();
    CHECK(costmodel::pricesOf(shared, older, target.dram, 100).lane_pj == technology.logic.lane_energy_pj);
    shared.columns_per_lane = 2;
    CHECK_THROWS_WITH_AS(costmodel::pricesOf(shared, older, target.dram, 100), doctest::Contains("dna characterize"), base::InputError);
    CHECK(design::designSpace(base::Json{{"weight_slots", {1, 2}}}, "t.json").parameters.size() ==
          design::designSpace({}, "t.json").parameters.size() + 1);
    CHECK_THROWS_AS(design::designSpace(base::Json{{"columns_per_lane", {3}}}, "t.json"), base::InputError);
}

// A descriptor has 16 words. Those of a chip's own memory are read over no bus.
TEST_CASE("descriptors in the chip: fewer DRAM reads, a memory more with a RAM, and a ROM that is said to have no price") {
    const design::Target target;
    const costmodel::Technology technology = costmodel::builtinTechnology("nangate45");
    costmodel::Mapper mapper(technology, target);
    std::vector<mapping::LayerPlan> plans = mapper.best(mapping::extractLayers(miniOf("k5_e3")), roomy());
    const auto cost = [&](design::DescriptorSource source) {
        design::Design design;
        design.chunks = {roomy()};
        design.chunks[0].descriptors = source, design.chunks[0].descriptor_slots = 100;
        for (mapping::LayerPlan& plan : plans)
            plan = std::get<mapping::LayerPlan>(mapping::lower(plan.layer, design.chunk(), plan.mapping));
        return costmodel::networkCost(plans, design, technology, target);
    };
    const auto dram = cost(design::DescriptorSource::Dram), ram = cost(design::DescriptorSource::Ram), rom = cost(design::DescriptorSource::Rom);
    for (size_t i = 0; i < plans.size(); ++i) {
        const int64_t words = 16 * int64_t(plans[i].subs.size());
        for (const auto* local : {&ram, &rom}) {
            CHECK(dram.layers[i].counts.readBeats() - local->layers[i].counts.readBeats() == words);
            CHECK(local->layers[i].time.read_beats == local->layers[i].counts.readBeats());
            CHECK(local->layers[i].counts.descriptor_reads == words);
            CHECK(local->layers[i].level_pj[size_t(costmodel::Level::Dram)] < dram.layers[i].level_pj[size_t(costmodel::Level::Dram)]);
        }
        CHECK(dram.layers[i].counts.descriptor_reads == 0);
        CHECK(ram.layers[i].level_pj[size_t(costmodel::Level::Gb)] > rom.layers[i].level_pj[size_t(costmodel::Level::Gb)]);
        CHECK(rom.layers[i].level_pj[size_t(costmodel::Level::Gb)] == dram.layers[i].level_pj[size_t(costmodel::Level::Gb)]);
    }
    CHECK(ram.latencyCycles() < dram.latencyCycles());
    CHECK(rom.latencyCycles() == ram.latencyCycles());
    CHECK(ram.sram_bytes - dram.sram_bytes == 100 * 256);
    CHECK(rom.sram_bytes == dram.sram_bytes);
    CHECK(ram.area.total() - rom.area.total() == doctest::Approx(costmodel::priceMemory(technology.memory, 1600, 128).area_um2));
    CHECK(rom.area.total() > dram.area.total());
    const auto json = [&](const costmodel::NetworkCost& c) { return costmodel::toJson(c, technology, target); };
    CHECK(json(rom).at("descriptor_rom") == "not in the model");
    CHECK(!json(ram).contains("descriptor_rom"));
    CHECK(json(ram).at("area").contains("descriptor_ram"));
    CHECK(!json(dram).at("area").contains("descriptor_ram"));
}

TEST_CASE("what a design search returns respects hard limits, or says which it can't") {
    design::Target target;
    target.limits.max_area_um2 = 1.5e7;
    const costmodel::Technology technology = costmodel::builtinTechnology("osu018");
    design::Chunk base;
    base.accumulator_bits = 28;
    costmodel::DesignOracle oracle(mapping::extractLayers(miniOf("k3_e1")), design::designSpace({}, "test"), base,
                                   technology, target);
    base::Rng rng(3, "limits");
    const auto algorithm = search::makeAlgorithm("gumbel");
    const search::DasResult result = search::searchDesign(*algorithm, oracle, 300, rng);
    CHECK(result.cost.feasible);
    CHECK(costmodel::pricesOf(oracle.chunkOf(result.best), technology, "lpddr4", 100).area.total() <= 1.5e7);
    design::Target impossible;
    impossible.limits.max_area_um2 = 1000;
    costmodel::DesignOracle hopeless(mapping::extractLayers(miniOf("k3_e1")), design::designSpace({}, "test"), base,
                                     technology, impossible);
    const auto other = search::makeAlgorithm("random");
    const search::DasResult nothing = search::searchDesign(*other, hopeless, 20, rng);
    CHECK(!nothing.cost.feasible);
    CHECK(!nothing.cost.violations.empty());
}

// The least objective of each template is found on its own; a search over all of them must meet the best.
TEST_CASE("a search over templates finds the best of those that are searched alone") {
    const design::Target target;
    const costmodel::Technology technology = costmodel::builtinTechnology("nangate45");
    design::Chunk base;
    base.accumulator_bits = 28;
    const auto best = [&](const std::vector<const char*>& templates) {
        const base::Json lists{{"template", templates}, {"cols", {16}}, {"rows", {8, 16}}, {"input_words", {128, 512}},
                               {"weight_words", {512, 2048}}, {"output_words", {256}}};
        costmodel::DesignOracle oracle(mapping::extractLayers(miniOf("k3_e3")), design::designSpace(lists, "test"), base, technology, target);
        base::Rng rng(4, "templates");
        const search::DasResult result = search::searchDesign(*search::makeAlgorithm("gumbel"), oracle, 1500, rng);
        CHECK(result.cost.feasible);
        return std::pair(result.cost.objective, oracle.chunkOf(result.best).array);
    };
    double least = std::numeric_limits<double>::infinity();
    for (const char* name : {"dot_lanes", "weight_stationary", "output_array", "row_stationary"}) {
        const auto [objective, array] = best({name});
        CHECK(std::string(design::templateName(array)) == name);
        least = std::min(least, objective);
    }
    CHECK(best({"dot_lanes", "weight_stationary", "output_array", "row_stationary"}).first <= least + std::log(1.02));
}

TEST_CASE("cost tables follow the design and survive a checkpoint") {
    const network::NetworkSpace space = network::readSpace("micro");
    const auto side = costmodel::makeHardwareSide(space, design::Target{}, 5);
    const search::CostTable before = side->table();
    REQUIRE(before.blocks.size() == space.blocks.size());
    CHECK(before.fixed.latency_cycles > 0);
    const network::Network current = network::buildNetwork(space, std::vector<int>(space.blocks.size(), 2), "current");
    side->refine(current, 60, 0);
    const auto copy = costmodel::makeHardwareSide(space, design::Target{}, 5);
    copy->restore(base::Json::parse(side->save().dump()));
    const search::CostTable a = side->refine(current, 60, 1), b = copy->refine(current, 60, 1);
    CHECK(a.blocks[1][3].energy_pj == b.blocks[1][3].energy_pj);
    CHECK(side->save().dump() == copy->save().dump());
}

TEST_CASE("cost tables with widths: 4 bits move fewer weights, priced like a space that has nothing else") {
    network::NetworkSpace both = network::readSpace("micro_bits"), narrow = both;
    for (network::BlockSite& site : narrow.blocks) site.bits = {4};
    const search::CostTable table = costmodel::makeHardwareSide(both, design::Target{}, 5)->table(),
                            alone = costmodel::makeHardwareSide(narrow, design::Target{}, 5)->table();
    for (size_t b = 0; b < both.blocks.size(); ++b) {
        REQUIRE(table.blocks[b].size() == 2 * both.candidates.size());
        for (size_t k = 0; k < both.candidates.size(); ++k) {
            const search::OperatorCost &four = table.blocks[b][2 * k], &eight = table.blocks[b][2 * k + 1];
            CHECK(four.energy_pj == alone.blocks[b][k].energy_pj);
            CHECK(four.latency_cycles == alone.blocks[b][k].latency_cycles);
            const bool weights = network::buildOperator(both, static_cast<int>(b), static_cast<int>(k)).nodes.size() > 1;
            if (weights)
                CHECK(four.energy_pj < eight.energy_pj);
            else
                CHECK(four.energy_pj == eight.energy_pj);
            CHECK(four.latency_cycles * four.energy_pj <= eight.latency_cycles * eight.energy_pj);
        }
    }
}

TEST_CASE("target, design space and design files name what is wrong") {
    CHECK_THROWS_WITH_AS(design::designSpace(base::Json{{"rowz", {8}}}, "t.json"),
                         doctest::Contains("did you mean \"rows\""), base::InputError);
    CHECK_THROWS_AS(design::designSpace(base::Json{{"rows", {7}}}, "t.json"), base::InputError);
    CHECK_THROWS_AS(design::designSpace(base::Json{{"rows", 8}}, "t.json"), base::InputError);
    CHECK_THROWS_AS(costmodel::builtinTechnology("osu81"), base::InputError);
    auto document = base::JsonDocument::parse(R"({"design_space": {"rows": [7], "colz": [8], "cols": [8, 16]}})", "t.json");
    base::JsonObject target = document.root();
    design::readTarget(target);
    try {
        document.finish();
        FAIL("nothing was refused");
    } catch (const base::InputError& error) {
        const std::string text = error.what();
        CHECK(text.find("t.json: /design_space/rows: expected a list of values out of 4, 8, 16, 32, found [7]") != std::string::npos);
        CHECK(text.find("/design_space/colz: unknown parameter; did you mean \"cols\"?") != std::string::npos);
        CHECK(text.find("/design_space/cols:") == std::string::npos);
    }
}

TEST_CASE("banks: the same cycles and accesses, cheaper reads of large memories, the choice among banks is paid") {
    const design::Target target;
    const costmodel::Technology technology = costmodel::builtinTechnology("nangate45");
    costmodel::Mapper mapper(technology, target);
    design::Design one, four;
    one.chunks = {roomy()};
    one.chunks[0].weight_words = 4096;
    four = one;
    four.chunks[0].weight_banks = 4;
    auto plans = mapper.best(mapping::extractLayers(miniOf("k3_e3")), one.chunk());
    const costmodel::NetworkCost plain = costmodel::networkCost(plans, one, technology, target);
    for (mapping::LayerPlan& plan : plans)
        plan = std::get<mapping::LayerPlan>(mapping::lower(plan.layer, four.chunk(), plan.mapping));
    const costmodel::NetworkCost banked = costmodel::networkCost(plans, four, technology, target);
    CHECK(banked.latencyCycles() == plain.latencyCycles());
    CHECK(banked.layers[0].counts.weight_reads == plain.layers[0].counts.weight_reads);
    CHECK(banked.sram_bytes == plain.sram_bytes);
    CHECK(banked.energyMj(false) < plain.energyMj(false));
    const double bank = costmodel::priceMemory(technology.memory, 1024, 128).area_um2;
    CHECK(banked.area.weight_buffer == doctest::Approx(2 * (4 * bank + 3 * 128 * technology.logic.pick_area_per_bit_um2)));
    const costmodel::ChunkPrices prices = costmodel::pricesOf(four.chunk(), technology, target.dram, target.clock_mhz);
    CHECK(prices.weight.write_pj == costmodel::priceMemory(technology.memory, 1024, 128).write_pj);
    CHECK(prices.weight.read_pj > costmodel::priceMemory(technology.memory, 1024, 128).read_pj);
}
