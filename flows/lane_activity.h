#pragma once

#include "flows/power.h"

namespace dna::flows {

/// Energy of one mapped dna_ppu_lane per cycle: a new sum every cycle, and sums held.
struct LaneEnergy {
    LogicEnergy busy, idle;
};

/// Gate-level activity on sums as convolutions give them: normal with a standard deviation of 6000 for 8-bit operands,
/// requantised by a multiplier and a shift.
LaneEnergy laneEnergy(const NetlistModule& lane, const Library& library, double slew_ns);

}  // namespace dna::flows
