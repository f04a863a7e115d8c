#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "flows/power.h"

namespace dna::flows {

/// Operands of one processing element, cycle by cycle.
struct PeOperands {
    int8_t input = 0, weight = 0;
    bool first = false;     ///< goes with the product: a new sum begins
    bool transfer = false;  ///< the finished sum moves to the drain register
};

/// A recorded trace (one line a cycle: input weight first transfer); InputError when it is broken.
std::vector<PeOperands> readPeTrace(const std::filesystem::path& file);

/// Operands as quantised networks have them: inputs behind a ReLU (half at the zero point, the rest half-normal),
/// weights normal with a standard deviation of 24, a new sum every 36 cycles.
std::vector<PeOperands> syntheticPeTrace(int cycles, uint64_t seed);

/// Energy of one mapped dna_pe, dna_pe_ws or dna_pe_rs per cycle.
struct PeEnergy {
    LogicEnergy busy;  ///< a valid MAC every cycle
    LogicEnergy idle;  ///< operands held
    std::string source;  ///< "trace" or "synthetic operands"
    int cycles = 0;
};
PeEnergy peEnergy(const NetlistModule& pe, const Library& library, double slew_ns, const std::vector<PeOperands>& trace,
                  const std::string& source);

}  // namespace dna::flows
