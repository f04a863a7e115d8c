#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "flows/lane_activity.h"
#include "flows/pe_activity.h"
#include "flows/run_counters.h"
#include "flows/yosys.h"

namespace dna::flows {

/// Share of the nets of control and delivery logic that toggle in a cycle: an assumption, stated in every result.
constexpr double kAssumedActivity = 0.1;

/// Energy of one picture (or of one average cycle when nothing was counted) by part of the chip, in pJ.
struct ChipEnergy {
    double pe_pj = 0;      ///< the PEs: gate-level toggles
    double lane_pj = 0;    ///< requantisation lanes: gate-level toggles
    double logic_pj = 0;   ///< everything else without its clock: assumed activity
    double clock_pj = 0;   ///< clock pins of the flip-flops outside PEs and lanes
    double memory_pj = 0;  ///< accesses x energy
    double leakage_pj = 0;
    double cycles = 0;
    double total() const { return pe_pj + lane_pj + logic_pj + clock_pj + memory_pj + leakage_pj; }
};

/// What the sum is made of, apart from what was counted.
struct ChipPrices {
    long pes = 0, lanes = 0;
    PeEnergy pe;
    LaneEnergy lane;
    LogicEnergy other;     ///< per cycle, at the assumed activity
    double leakage_mw = 0; ///< cells and memories
    std::map<std::string, costmodel::MemoryPrice> buffers;  ///< input, weight, output, residual, psum
};

/// The buffer (input, weight, output, residual, psum) that a memory belongs to, by the names of the instances above it in the
/// Verilog library; empty for another memory. The nearest name counts: a template's own may hold "weight" or "output".
std::string bufferOf(const std::string& path);

/// Prices of a mapped chip. `trace`: the recorded operands, or synthetic ones.
ChipPrices chipPrices(const YosysResult& mapped, const PreparedPlatform& prepared, double slew_ns,
                      const std::vector<PeOperands>& trace, const std::string& trace_source);

/// Energy of one picture at a clock.
ChipEnergy chipEnergy(const ChipPrices& prices, const RunCounters& counters, double clock_mhz);

/// Stands in for counters when there was no simulation: every PE busy, one access of every buffer a cycle, lanes busy a tenth of
/// 1000 cycles.
RunCounters assumedCounters(const ChipPrices& prices);

/// Power of the parts in mW.
base::Json powerJson(const ChipEnergy& energy, double clock_mhz);

}  // namespace dna::flows
