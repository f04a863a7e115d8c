#include "verif/simulation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "tests/skip.h"
#include "verif/expected_counters.h"
#include "verif/network_sketch.h"
#include "verif/quick_build.h"
#include "verif/random_case.h"
#include "verif/vectors.h"

using namespace dna;

namespace {

struct Case {
    design::Design design;
    nn::IntegerNetwork network;
    mapping::Program program;
    std::vector<std::vector<uint8_t>> pictures;
};

/// A network of every operator on a design.
Case caseOn(const design::Design& design, uint64_t seed, base::Rng& rng) {
    const design::Chunk& chunk = design.chunk();
    const network::Network graph = verif::everyOperator(rng, "case", chunk.max_pool);
    Case c;
    c.design = design;
    c.network = nn::randomIntegerNetwork(graph, seed, {chunk.operand_bits, chunk.multiplier_bits});
    c.program = mapping::buildProgram(c.network, c.design,
                                      verif::randomPlans(mapping::extractLayers(graph, chunk.operand_bits), chunk, rng));
    for (int i = 0; i < 2; ++i) c.pictures.push_back(verif::randomPicture(graph, rng));
    return c;
}

/// A random chip but for its array and what `tune` changes.
Case makeCase(uint64_t seed, design::Template array, int rows, int cols, int bits = 8,
              const std::function<void(design::Chunk&)>& tune = {}) {
    base::Rng rng(seed, "simulation test");
    design::Chunk chunk = verif::randomChunk(rng, {.operand_bits = {bits}, .rom = true});
    chunk.array = array, chunk.rows = rows, chunk.cols = cols;
    chunk.packed_weights = false, chunk.columns_per_lane = 1;
    chunk.psum_words = std::max(chunk.psum_words, rows);
    chunk.max_pool = !chunk.hasPartialSums();
    if (tune) tune(chunk);
    design::Design design;
    design.chunks = {chunk};
    return caseOn(design, seed, rng);
}

/// A work folder with the simulator of one chip, gone at the end.
class Simulator {
public:
    explicit Simulator(const rtlgen::Chip& chip, const std::string& name)
        : folder_(std::filesystem::temp_directory_path() / ("dna-sim-" + name)),
          program_(verif::buildQuickSimulator(chip, folder_ / "model")) {}
    ~Simulator() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    /// `ram`: what stands in the descriptor RAM, when it is not the case's program alone.
    std::vector<verif::SimulatedPicture> run(const Case& c, const std::vector<verif::SimulationJob>& jobs,
                                             const std::vector<uint8_t>& ram = {}) const {
        base::SilentLog log;
        std::vector<const uint8_t*> pictures;
        for (const auto& p : c.pictures) pictures.push_back(p.data());
        verif::writeVectors(folder_, c.network, c.program, pictures);
        if (!ram.empty()) base::writeFileAtomic(folder_ / "descriptors.bin", std::string(ram.begin(), ram.end()));
        base::appendLine(folder_ / "program.txt", "patience 100000");
        return verif::simulate(program_, folder_, jobs, 2, log);
    }

private:
    std::filesystem::path folder_, program_;
};

std::vector<verif::SimulatedPicture> run(const Case& c, const std::vector<verif::SimulationJob>& jobs) {
    return Simulator(rtlgen::emitChip(c.design, c.program.descriptors), designHash(c.design).substr(0, 8)).run(c, jobs);
}

void checkPictures(const Case& c, const std::vector<verif::SimulatedPicture>& pictures) {
    const auto times = mapping::networkCycles(c.program.plans, design::MemoryModel{});
    for (const auto& picture : pictures) {
        for (size_t i = 0; i < picture.layers.size(); ++i) {
            const auto& layer = picture.layers[i];
            CAPTURE(layer.name);
            CAPTURE(picture.stalled);
            CHECK(layer.mismatches == 0);
            if (picture.stalled) continue;
            CHECK(layer.done == times[i].done);
        }
        if (picture.stalled) continue;
        const auto expected = verif::expectedCounters(c.program.plans, times);
        for (size_t i = 0; i < verif::kCounters; ++i) {
            CAPTURE(verif::kCounterNames[i]);
            CHECK(picture.layers.back().counters[i] == expected[i]);
        }
    }
}

const std::vector<verif::SimulationJob> kJobs{{0, 1, 0}, {1, 1, 77}};  // the second picture with stalls

void checkCase(const Case& c) { checkPictures(c, run(c, kJobs)); }

void checkTemplate(design::Template array, const std::vector<std::array<int, 3>>& cases) {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    for (const auto& [seed, rows, cols] : cases) {
        CAPTURE(seed);
        checkCase(makeCase(uint64_t(seed), array, rows, cols));
    }
}

/// A picture, a stem, the layer `name`, pool and classifier.
network::Network around(const std::string& name, network::Shape picture, int stem_channels, int channels, int kernel) {
    verif::NetworkSketch s;
    network::Node input, classes;
    input.shape = picture;
    classes.out_channels = 10;
    s.node("input", network::Op::Input, {}, input);
    s.conv("stem", "input", stem_channels, kernel, 1, 1);
    s.conv(name, "stem", channels, kernel, 1, 1);
    s.node("pool", network::Op::GlobalAveragePool, {name});
    s.node("classifier", network::Op::Linear, {"pool"}, classes);
    return s.build(name);
}

/// A network whose layer "wide" has more weights a unit than the buffer holds.
Case wideCase() {
    const network::Network graph = around("wide", {3, 9, 7}, 72, 40, 3);
    Case c;
    design::Chunk& chunk = c.design.chunks.front();
    chunk.weight_words = 256;
    const std::vector<mapping::Layer> layers = mapping::extractLayers(graph);
    CHECK(std::holds_alternative<mapping::Refusal>(mapping::legalize(layers[1], chunk, {})));
    chunk.split_reduction = true;
    base::Rng rng(1, "wide");
    c.network = nn::randomIntegerNetwork(graph, 1, {8, chunk.multiplier_bits});
    c.program = mapping::buildProgram(c.network, c.design, verif::randomPlans(layers, chunk, rng));
    CHECK(c.program.plans[1].splitsReduction());
    for (int i = 0; i < 2; ++i) c.pictures.push_back(verif::randomPicture(graph, rng));
    return c;
}

}  // namespace

// Every operator, random mappings: RTL equals the reference byte for byte, in the predicted cycles.
TEST_CASE("output array: RTL equals reference and model") {
    checkTemplate(design::Template::OutputArray, {{1, 8, 16}, {2, 4, 8}, {3, 16, 8}, {4, 8, 8}});
}
TEST_CASE("dot lanes: RTL equals reference and model") {
    checkTemplate(design::Template::DotLanes, {{11, 8, 16}, {12, 16, 8}, {13, 4, 8}});
}
TEST_CASE("systolic weight-stationary array: RTL equals reference and model") {
    checkTemplate(design::Template::WeightStationary, {{21, 8, 8}, {22, 16, 16}, {23, 4, 16}});
}
TEST_CASE("row-stationary array: RTL equals reference and model") {
    checkTemplate(design::Template::RowStationary, {{31, 8, 8}, {32, 16, 16}, {33, 4, 8}, {34, 32, 8}});
}

// Half of the layers have 4-bit weights.
TEST_CASE("packed weights on every template: RTL equals reference and model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    struct Packed {
        design::Template array;
        int rows, cols, operand_bits, axi_bits;
    };
    using enum design::Template;
    uint64_t seed = 40;
    for (const Packed& p : {Packed{OutputArray, 8, 16, 8, 128}, Packed{OutputArray, 4, 4, 16, 64}, Packed{DotLanes, 4, 8, 8, 32},
                            Packed{WeightStationary, 8, 16, 8, 64}, Packed{RowStationary, 8, 8, 8, 128}, Packed{RowStationary, 16, 16, 8, 32}}) {
        CAPTURE(seed);
        Case c = makeCase(seed++, p.array, p.rows, p.cols, p.operand_bits, [&](design::Chunk& chunk) {
            chunk.packed_weights = true, chunk.axi_bits = p.axi_bits;
        });
        const auto packs = [](const mapping::LayerPlan& plan) { return plan.packsWeights(); };
        CHECK(std::any_of(c.program.plans.begin(), c.program.plans.end(), packs));
        CHECK(!std::all_of(c.program.plans.begin(), c.program.plans.end(), packs));
        checkCase(c);
    }
}

TEST_CASE("single buffers on every template: RTL equals reference and model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    uint64_t seed = 50;
    using enum design::Template;
    for (const design::Template array : {OutputArray, DotLanes, WeightStationary, RowStationary}) {
        CAPTURE(seed);
        checkCase(makeCase(seed++, array, 8, 16, 8, [](design::Chunk& chunk) {
            chunk.input_slots = chunk.weight_slots = chunk.output_slots = 1;
        }));
    }
}

/// A layer whose tile has more blocks of channels than a part of a tile may have.
Case manyBlocks(const design::Chunk& chunk) {
    const network::Network graph = around("many", {3, 4, 4}, 16, 16 * 18, 1);
    Case c;
    c.design.chunks = {chunk};
    base::Rng rng(1, "many");
    c.network = nn::randomIntegerNetwork(graph, 1, {8, chunk.multiplier_bits});
    std::vector<mapping::LayerPlan> plans;
    for (const mapping::Layer& layer : mapping::extractLayers(graph)) {
        const auto legal = mapping::legalize(
            layer, chunk, {.tile_rows = 4, .tile_channels = 16 * 18, .log2_x_lanes = mapping::bestLog2XLanes(layer, chunk)});
        plans.push_back(std::get<mapping::LayerPlan>(
            mapping::lower(layer, chunk, std::get<mapping::LayerMapping>(legal))));
    }
    CHECK(plans[1].subs.front().blocks_full == 18);
    c.program = mapping::buildProgram(c.network, c.design, plans);
    for (int i = 0; i < 2; ++i) c.pictures.push_back(verif::randomPicture(graph, rng));
    return c;
}

TEST_CASE("a tile of 18 blocks of channels, in parts and whole: RTL equals reference and model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    design::Chunk chunk;
    chunk.cols = 16, chunk.weight_words = 1024;
    for (const int slots : {2, 1}) {
        CAPTURE(slots);
        chunk.output_slots = slots;
        checkCase(manyBlocks(chunk));
    }
}

TEST_CASE("lanes of 2, 4 and 8 columns: RTL equals reference and model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    struct Shared {
        design::Template array;
        int rows, cols, operand_bits, columns_per_lane;
        bool split;
    };
    using enum design::Template;
    uint64_t seed = 60;
    for (const Shared& s : {Shared{OutputArray, 8, 16, 8, 4, false}, Shared{OutputArray, 4, 8, 8, 2, true},
                            Shared{OutputArray, 4, 32, 4, 8, false}, Shared{OutputArray, 8, 8, 16, 2, true},
                            Shared{DotLanes, 8, 16, 8, 4, false}, Shared{WeightStationary, 8, 8, 8, 2, false},
                            Shared{DotLanes, 4, 32, 4, 8, false}, Shared{WeightStationary, 8, 8, 16, 4, false}}) {
        CAPTURE(seed);
        checkCase(makeCase(seed++, s.array, s.rows, s.cols, s.operand_bits, [&](design::Chunk& chunk) {
            chunk.columns_per_lane = s.columns_per_lane, chunk.split_reduction = s.split;
        }));
    }
}

TEST_CASE("a layer beyond the buffers: partial sums through DRAM, RTL equals reference and model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    checkCase(wideCase());
}

// The bench injects the error into the first picture of a job and compares the status register after every picture.
TEST_CASE("a bus error in reads or writes is told by the status register, until the next start") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Case c = makeCase(70, design::Template::OutputArray, 4, 8);
    for (const int64_t beat : {1, 100, -1, -10})
        for (const auto& picture : run(c, {{.first = 0, .count = 2, .bus_error = beat}}))
            for (const auto& layer : picture.layers) CHECK(layer.mismatches == 0);
    CHECK_THROWS_AS(run(c, {{.first = 0, .count = 1, .bus_error = 1'000'000'000}}), base::ToolError);  // never met
}

namespace {

/// A chip that has its descriptors in a RAM of `slots`, 0: in a ROM.
std::function<void(design::Chunk&)> localDescriptors(int slots, int axi_bits) {
    return [=](design::Chunk& chunk) {
        chunk.descriptors = slots > 0 ? design::DescriptorSource::Ram : design::DescriptorSource::Rom;
        if (slots > 0) chunk.descriptor_slots = slots;
        chunk.axi_bits = axi_bits;
    };
}

}  // namespace

// The bench also writes to the RAM while the chip is busy, which must have no effect.
TEST_CASE("descriptors in a RAM or a ROM of the chip, on every template: RTL equals reference and model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    struct Local {
        design::Template array;
        int rows, cols, slots, axi_bits;
    };
    using enum design::Template;
    uint64_t seed = 80;
    for (const Local& l : {Local{OutputArray, 8, 16, 256, 32}, Local{OutputArray, 4, 8, 0, 128}, Local{RowStationary, 8, 8, 100, 128},
                           Local{RowStationary, 4, 16, 0, 32}, Local{DotLanes, 8, 16, 200, 64}, Local{WeightStationary, 4, 8, 0, 64}}) {
        CAPTURE(seed);
        const Case c = makeCase(seed++, l.array, l.rows, l.cols, 8, localDescriptors(l.slots, l.axi_bits));
        for (const mapping::Region& region : c.program.regions) CHECK(region.name != "descriptors");
        checkCase(c);
    }
}

TEST_CASE("two programs in one descriptor RAM: each runs from its place, on the same chip") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Case first = makeCase(90, design::Template::OutputArray, 4, 8, 8, localDescriptors(256, 128));
    base::Rng rng(91, "second program");
    Case second = caseOn(first.design, 91, rng);
    REQUIRE(second.program.descriptors != first.program.descriptors);
    std::vector<uint8_t> ram = mapping::descriptorBytes(first.program.descriptors);
    second.program.descriptor_base = uint32_t(ram.size());
    const std::vector<uint8_t> behind = mapping::descriptorBytes(second.program.descriptors);
    ram.insert(ram.end(), behind.begin(), behind.end());
    const Simulator simulator(rtlgen::emitChip(first.design), "two-programs");
    checkPictures(first, simulator.run(first, kJobs, ram));
    checkPictures(second, simulator.run(second, kJobs, ram));
}

TEST_CASE("a descriptor RAM that takes writes while the chip is busy is noticed by the bench") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Case c = makeCase(92, design::Template::OutputArray, 4, 8, 8, localDescriptors(256, 128));
    rtlgen::Chip chip = rtlgen::emitChip(c.design);
    std::string& text = chip.files.at("rtl/dna_csr_axil.v");
    const std::string guard = "awaddr_i[7:2] == 6'h06 && !busy_i";
    REQUIRE(text.find(guard) != std::string::npos);
    text.replace(text.find(guard), guard.size(), "awaddr_i[7:2] == 6'h06");
    CHECK_THROWS_AS(Simulator(chip, "busy-writes").run(c, {{0, 1, 0}}), base::ToolError);
}
