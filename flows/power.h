#pragma once

#include <map>
#include <string>

#include "flows/gate_simulation.h"

namespace dna::flows {

/// Energy of logic per clock cycle, by cause, and its leakage: a sum over Liberty data (half C V^2 and the internal
/// energy of every toggle, clock pins apart), without wires and glitches.
struct LogicEnergy {
    double clock_pj = 0;      ///< clock pins of flip-flops, two edges
    double switching_pj = 0;  ///< charging of input pins
    double internal_pj = 0;   ///< inside the cells
    double leakage_nw = 0;
    double total() const { return clock_pj + switching_pj + internal_pj; }
    LogicEnergy& operator+=(const LogicEnergy& other);
    LogicEnergy scaled(double factor) const;
};

/// Energy per cycle and stream from the toggles a simulation has counted.
LogicEnergy simulatedEnergy(const GateSimulation& simulation, const Library& library, double slew_ns);

/// Energy per cycle of the library cells directly inside a module when every net toggles `activity` times a cycle.
LogicEnergy assumedEnergy(const NetlistModule& module, const Library& library, double slew_ns, double activity);

/// Load of every net of a module in pF: input pins of library cells.
std::map<NetBit, double> netLoads(const NetlistModule& module, const Library& library);

}  // namespace dna::flows
