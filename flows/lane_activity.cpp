#include "flows/lane_activity.h"

#include <cmath>

#include "core/base/rng.h"

namespace dna::flows {
namespace {

constexpr int kStreams = 64;
constexpr int kCycles = 300;
constexpr int kLatency = 12;  // stages of the lane and two cycles for its parameters

/// Bias, multiplier and shift - 1 of one channel: sums of a few thousand end inside int8.
uint64_t parameterWord(base::Rng& rng) {
    const auto bias = static_cast<uint32_t>(static_cast<int32_t>(std::lround(2000.0 * rng.normal())));
    const uint64_t multiplier = 0x4000 + rng.below(0x4000), shift = 20 + rng.below(2);
    return bias | multiplier << 32 | shift << 48;
}

void setConstants(GateSimulation& simulation, int stream, base::Rng& rng) {
    simulation.setInputValue("zero_i", stream, 0x80);
    simulation.setInputValue("low_i", stream, 0x80);
    simulation.setInputValue("high_i", stream, 0x7f);
    simulation.setInputValue("parameter_i", stream, parameterWord(rng));
    for (const char* port : {"hold_i", "residual_i", "residual_value_i", "zero_a_i", "zero_b_i", "multiplier_a_i", "multiplier_b_i", "shift_i",
                             "sum_zero_i", "sum_low_i", "sum_high_i"})
        simulation.setInputValue(port, stream, 0);
}

void setSums(GateSimulation& simulation, base::Rng& rng) {
    for (int stream = 0; stream < kStreams; ++stream)
        simulation.setInputValue("sum_i", stream, static_cast<uint64_t>(std::lround(6000.0 * rng.normal())));
}

}  // namespace

LaneEnergy laneEnergy(const NetlistModule& lane, const Library& library, double slew_ns) {
    GateSimulation simulation(lane, library);
    base::Rng rng(1, "lane sums");
    const auto both = [&](bool value) {
        simulation.setInput("parameter_write_i", 0, value ? ~uint64_t{0} : 0);
        simulation.setInput("activate_i", 0, value ? ~uint64_t{0} : 0);
    };
    for (int stream = 0; stream < kStreams; ++stream) setConstants(simulation, stream, rng);
    setSums(simulation, rng);
    both(true);
    simulation.cycle(), simulation.cycle();  // first into the next set, then into the active one
    both(false);
    for (int cycle = 0; cycle < kLatency; ++cycle) setSums(simulation, rng), simulation.cycle();
    simulation.resetCounts();
    for (int cycle = 0; cycle < kCycles; ++cycle) setSums(simulation, rng), simulation.cycle();
    LaneEnergy energy{.busy = simulatedEnergy(simulation, library, slew_ns), .idle = {}};
    for (int cycle = 0; cycle < kLatency; ++cycle) simulation.cycle();
    simulation.resetCounts();
    for (int cycle = 0; cycle < 16; ++cycle) simulation.cycle();
    energy.idle = simulatedEnergy(simulation, library, slew_ns);
    return energy;
}

}  // namespace dna::flows
