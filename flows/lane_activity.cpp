#include "flows/lane_activity.h"

#include <cmath>

#include "core/base/rng.h"

namespace dna::flows {
namespace {

constexpr int kStreams = 64;
constexpr int kCycles = 300;
constexpr int kLatency = 20;  // stages of the lane and two cycles for its parameters

/// Statistics for a lane of any width: sums of 8-bit operands scaled by the width of theirs.
class LaneOperands {
public:
    explicit LaneOperands(const NetlistModule& lane)
        : bits_(static_cast<int>(lane.ports.at("zero_i").bits.size())),
          multiplier_bits_(static_cast<int>(lane.ports.at("multiplier_a_i").bits.size())),
          columns_(static_cast<int>(lane.ports.at("choose_i").bits.size())),
          sum_bits_(static_cast<int>(lane.ports.at("sum_i").bits.size()) / columns_) {}

    int columns() const { return columns_; }
    size_t multiplierBits() const { return static_cast<size_t>(multiplier_bits_); }
    size_t sumBits() const { return static_cast<size_t>(sum_bits_); }

    uint64_t bias(base::Rng& rng) const { return normal(rng, 2000.0); }
    uint64_t sum(base::Rng& rng) const { return normal(rng, 6000.0); }
    uint64_t multiplier(base::Rng& rng) const {
        return (0x4000 + rng.below(0x4000)) << (multiplier_bits_ - 16) | (rng.below(1u << (multiplier_bits_ - 16)));
    }
    /// Sums of a few thousand (times 2^(2d) for d bits more) end inside the range of the output.
    uint64_t shift(base::Rng& rng) const {
        return static_cast<uint64_t>(20 + bits_ - 8 + multiplier_bits_ - 16) + rng.below(2);
    }
    uint64_t least() const { return uint64_t{1} << (bits_ - 1); }
    uint64_t greatest() const { return least() - 1; }

private:
    uint64_t normal(base::Rng& rng, double deviation) const {
        return static_cast<uint64_t>(std::llround(std::ldexp(deviation, 2 * (bits_ - 8)) * rng.normal()));
    }
    int bits_, multiplier_bits_, columns_, sum_bits_;
};

void setConstants(GateSimulation& simulation, int stream, const LaneOperands& operands, base::Rng& rng) {
    simulation.setInputValue("zero_i", stream, operands.least());
    simulation.setInputValue("low_i", stream, operands.least());
    simulation.setInputValue("high_i", stream, operands.greatest());
    for (size_t column = 0; column < static_cast<size_t>(operands.columns()); ++column) {
        const auto set = [&](const char* port, size_t width, uint64_t value) {
            simulation.setInputField(port, column * width, width, stream, value);
        };
        set("bias_i", 32, operands.bias(rng));
        set("scale_i", operands.multiplierBits(), operands.multiplier(rng));
        set("scale_shift_i", 6, operands.shift(rng));
    }
    for (const char* port : {"hold_i", "residual_i", "residual_value_i", "zero_b_i", "multiplier_a_i", "multiplier_b_i",
                             "shift_i", "sum_zero_i", "sum_low_i", "sum_high_i"})
        simulation.setInputValue(port, stream, 0);
}

void setSums(GateSimulation& simulation, const LaneOperands& operands, base::Rng& rng) {
    for (int stream = 0; stream < kStreams; ++stream)
        for (size_t column = 0; column < static_cast<size_t>(operands.columns()); ++column)
            simulation.setInputField("sum_i", column * operands.sumBits(), operands.sumBits(), stream, operands.sum(rng));
}

/// A new row every `columns` cycles, of which the lane takes one column a cycle.
void runBusy(GateSimulation& simulation, const LaneOperands& operands, int cycles, base::Rng& rng) {
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const int column = cycle % operands.columns();
        if (column == 0) setSums(simulation, operands, rng);
        for (int c = 0; c < operands.columns(); ++c)
            simulation.setInput("choose_i", static_cast<size_t>(c), c == column ? ~uint64_t{0} : 0);
        simulation.cycle();
    }
}

}  // namespace

LaneEnergy laneEnergy(const NetlistModule& lane, const Library& library, double slew_ns) {
    GateSimulation simulation(lane, library);
    const LaneOperands operands(lane);
    base::Rng rng(1, "lane sums");
    const auto both = [&](bool value) {
        for (int c = 0; c < operands.columns(); ++c)
            simulation.setInput("parameter_write_i", static_cast<size_t>(c), value ? ~uint64_t{0} : 0);
        simulation.setInput("activate_i", 0, value ? ~uint64_t{0} : 0);
    };
    for (int stream = 0; stream < kStreams; ++stream) setConstants(simulation, stream, operands, rng);
    setSums(simulation, operands, rng);
    both(true);
    simulation.cycle(), simulation.cycle();  // first into the next set, then into the active one
    both(false);
    runBusy(simulation, operands, kLatency, rng);
    simulation.resetCounts();
    runBusy(simulation, operands, kCycles, rng);
    LaneEnergy energy{.busy = simulatedEnergy(simulation, library, slew_ns), .idle = {}};
    for (int cycle = 0; cycle < kLatency; ++cycle) simulation.cycle();
    simulation.resetCounts();
    for (int cycle = 0; cycle < 16; ++cycle) simulation.cycle();
    energy.idle = simulatedEnergy(simulation, library, slew_ns);
    return energy;
}

}  // namespace dna::flows
