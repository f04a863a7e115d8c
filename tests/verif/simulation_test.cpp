#include "verif/simulation.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/process.h"
#include "core/mapping/cycles.h"
#include "costmodel/counts.h"
#include "tests/skip.h"
#include "tests/verif/cases.h"
#include "verif/vectors.h"

using namespace dna;

namespace {

struct Case {
    design::Design design;
    nn::IntegerNetwork network;
    mapping::Program program;
    std::vector<std::vector<uint8_t>> pictures;
};

Case makeCase(uint64_t seed, design::Template array, int rows, int cols, int pictures) {
    base::Rng rng(seed, "simulation test");
    Case c;
    design::Chunk chunk = tests::randomChunk(rng);
    chunk.array = array, chunk.rows = rows, chunk.cols = cols;
    chunk.psum_words = std::max(chunk.psum_words, rows);
    chunk.max_pool = !chunk.weightsStay();
    const network::Network graph = tests::everyOperator(rng, "case", chunk.max_pool);
    c.network = nn::randomIntegerNetwork(graph, seed);
    c.design.chunks = {chunk};
    c.program =
        mapping::buildProgram(c.network, c.design, tests::randomPlans(mapping::extractLayers(graph), chunk, rng));
    for (int i = 0; i < pictures; ++i) c.pictures.push_back(tests::randomPicture(graph, rng));
    return c;
}

std::vector<verif::SimulatedPicture> run(const Case& c, const std::vector<verif::SimulationJob>& jobs) {
    base::SilentLog log;
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("dna-sim-" + designHash(c.design).substr(0, 8));
    std::vector<const uint8_t*> pictures;
    for (const auto& p : c.pictures) pictures.push_back(p.data());
    verif::writeVectors(folder, c.network, c.program, pictures);
    const auto simulator = verif::buildSimulator(rtlgen::emitChip(c.design), true, log);
    const auto result = verif::simulate(simulator, folder, jobs, 2, log);
    std::filesystem::remove_all(folder);
    return result;
}

/// Events of the whole program by the counting table against the RTL's counters.
void checkCounters(const Case& c, const std::array<uint32_t, 16>& counters,
                   const std::vector<mapping::LayerTime>& times) {
    costmodel::AccessCounts sum;
    mapping::CycleClasses classes;
    for (const mapping::LayerTime& time : times) {
        classes.fill_drain += time.classes.fill_drain;
        classes.wait_load += time.classes.wait_load;
        classes.wait_store += time.classes.wait_store;
    }
    CHECK(counters[2] == classes.fill_drain);
    CHECK(counters[3] == classes.wait_load);
    CHECK(counters[4] == classes.wait_store);
    for (const mapping::LayerPlan& plan : c.program.plans) {
        const costmodel::AccessCounts n = costmodel::countAccesses(plan);
        sum.dram_input_reads += n.dramReads(), sum.dram_output_writes += n.dram_output_writes;
        sum.input_writes += n.input_writes, sum.input_reads += n.input_reads;
        sum.weight_writes += n.weight_writes, sum.weight_reads += n.weight_reads;
        sum.output_writes += n.output_writes, sum.output_reads += n.output_reads;
        sum.residual_writes += n.residual_writes, sum.residual_reads += n.residual_reads;
        sum.mac_cycles += n.mac_cycles;
    }
    CHECK(counters[1] == sum.mac_cycles);
    CHECK(counters[1] + counters[2] + counters[3] + counters[4] + counters[5] == counters[0]);
    CHECK(int64_t(counters[0]) == times.back().done);
    CHECK(counters[6] == sum.dram_input_reads);
    CHECK(counters[7] == sum.dram_output_writes);
    CHECK(counters[8] == sum.input_writes);
    CHECK(counters[9] == sum.input_reads);
    CHECK(counters[10] == sum.weight_writes);
    CHECK(counters[11] == sum.weight_reads);
    CHECK(counters[12] == sum.output_writes);
    CHECK(counters[13] == sum.output_reads);
    CHECK(counters[14] == sum.residual_writes);
    CHECK(counters[15] == sum.residual_reads);
}

}  // namespace

namespace {

void checkTemplate(design::Template array, const std::vector<std::array<int, 3>>& cases) {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    for (const auto& [seed, rows, cols] : cases) {
        CAPTURE(seed);
        const Case c = makeCase(uint64_t(seed), array, rows, cols, 2);
        const auto pictures = run(c, {{0, 1, 0}, {1, 1, 77}});
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
            if (!picture.stalled) checkCounters(c, picture.layers.back().counters, times);
        }
    }
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
