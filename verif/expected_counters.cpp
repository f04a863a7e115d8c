#include "verif/expected_counters.h"

#include "core/base/error.h"

namespace dna::verif {

const std::array<const char*, kCounters> kCounterNames{
    "cycles",         "compute",      "fill_drain",    "wait_load",    "wait_store",
    "idle",           "dram_reads",   "dram_writes",   "input_writes", "input_reads",
    "weight_writes",  "weight_reads", "output_writes", "output_reads", "residual_writes",
    "residual_reads", "psum_writes",  "psum_reads",    "rf_row_writes"};

int64_t accessesOf(const costmodel::AccessCounts& n, size_t counter, int cols) {
    switch (counter) {
        case 6:
            return n.readBeats();
        case 7:
            return n.writeBeats();
        case 8:
            return n.input_writes;
        case 9:
            return n.input_reads;
        case 10:
            return n.weight_writes;
        case 11:
            return n.weight_reads;
        case 12:
            return n.output_writes;
        case 13:
            return n.output_reads;
        case 14:
            return n.residual_writes;
        case 15:
            return n.residual_reads;
        case 16:
            return n.psum_writes;
        case 17:
            return n.psum_reads;
        case 18:
            return n.rf_writes / cols;
    }
    DNA_CHECK(false, "no access counter");
    return 0;
}

std::array<int64_t, kCounters> expectedCounters(const std::vector<mapping::LayerPlan>& plans,
                                                const std::vector<mapping::LayerTime>& times) {
    std::array<int64_t, kCounters> expected{};
    expected[0] = times.back().done;
    for (const mapping::LayerTime& time : times) {
        expected[2] += time.classes.fill_drain;
        expected[3] += time.classes.wait_load;
        expected[4] += time.classes.wait_store;
    }
    for (const mapping::LayerPlan& plan : plans) {
        const costmodel::AccessCounts n = costmodel::countAccesses(plan);
        expected[1] += n.mac_cycles;
        for (size_t i = kFirstAccessCounter; i < kCounters; ++i) expected[i] += accessesOf(n, i, plan.chunk.cols);
    }
    // The five classes exclude each other: whatever is left is idle.
    expected[5] = expected[0] - expected[1] - expected[2] - expected[3] - expected[4];
    return expected;
}

}  // namespace dna::verif
