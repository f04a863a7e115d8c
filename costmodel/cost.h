#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/design/design.h"
#include "core/mapping/cycles.h"
#include "core/mapping/plan.h"
#include "costmodel/counts.h"
#include "costmodel/technology.h"

namespace dna::costmodel {

/// Levels of the energy report, outer to inner, then what serves all.
enum class Level { Dram, Gb, Noc, Rf, Mac, Ppu, Control, Leakage };
constexpr size_t kLevels = 8;
const std::array<std::string, kLevels>& levelNames();

/// Area of a chip by part, um2.
struct AreaParts {
    double pe = 0, ppu = 0, noc = 0, control = 0, input_buffer = 0, weight_buffer = 0, output_buffer = 0,
           residual_buffer = 0, psum_buffer = 0, descriptor_ram = 0;  ///< a descriptor ROM's area is not in the model
    double logic() const { return pe + ppu + noc + control; }
    double memories() const {
        return input_buffer + weight_buffer + output_buffer + residual_buffer + psum_buffer + descriptor_ram;
    }
    double total() const { return logic() + memories(); }
};

/// Prices of a chunk: what its events cost in pJ. Made once per design.
struct ChunkPrices {
    MemoryPrice input, weight, output;  ///< of a memory of the buffer, a slot of a lane
    MemoryPrice psum;                   ///< of the even or the odd memory; nothing where sums stay
    MemoryPrice descriptor_ram;         ///< nothing without one
    double psum_pj = 0;                 ///< adding and keeping a row of partial sums
    double mac_pj = 0, rf_pj = 0, idle_pj = 0;
    double noc_pj = 0, noc_clock_pj = 0;  ///< per operand byte; delivery registers per cycle
    double pick_pj = 0;                   ///< row-stationary: a word chosen among the banks by an array row
    double lane_pj = 0, lane_idle_pj = 0, control_pj = 0, dma_pj = 0;
    double dram_read_pj = 0, dram_write_pj = 0;  ///< per word
    double leakage_pj_per_cycle = 0;
    int lanes = 0, pes = 0;
    AreaParts area;
};
ChunkPrices pricesOf(const design::Chunk& chunk, const Technology& technology, const std::string& dram,
                     double clock_mhz);

/// Event counts as the energy formula needs them, in the scalar of the caller: double for reports, a dual number for
/// gradients.
template <class T>
struct EventCounts {
    T dram_reads{}, dram_writes{};
    T psum_reads{}, psum_writes{}, sums{}, picks{};
    T input_reads{}, input_writes{}, weight_reads{}, weight_writes{}, output_reads{}, output_writes{};
    T descriptor_reads{};  ///< words of descriptors that stand in the chip
    T macs{}, pe_cycles{}, noc_bytes{}, values{}, lane_cycles{}, cycles{}, dma_words{};
};
EventCounts<double> eventsOf(const AccessCounts& n, double cycles, const ChunkPrices& prices);

/// Energy by level in pJ: each event times its price (cost.md). The one energy formula: reports and gradients call it.
template <class T>
std::array<T, kLevels> levelEnergies(const EventCounts<T>& n, const ChunkPrices& p) {
    std::array<T, kLevels> pj{};
    pj[size_t(Level::Dram)] = n.dram_reads * p.dram_read_pj + n.dram_writes * p.dram_write_pj;
    pj[size_t(Level::Gb)] = n.input_reads * p.input.read_pj + n.input_writes * p.input.write_pj +
                            n.weight_reads * p.weight.read_pj + n.weight_writes * p.weight.write_pj +
                            n.output_reads * p.output.read_pj + n.output_writes * p.output.write_pj +
                            n.descriptor_reads * p.descriptor_ram.read_pj;
    pj[size_t(Level::Noc)] = n.noc_bytes * p.noc_pj + n.picks * p.pick_pj + n.cycles * p.noc_clock_pj;
    pj[size_t(Level::Rf)] =
        n.macs * p.rf_pj + n.psum_reads * p.psum.read_pj + n.psum_writes * p.psum.write_pj + n.sums * p.psum_pj;
    pj[size_t(Level::Mac)] = n.macs * p.mac_pj + (n.pe_cycles - n.macs) * p.idle_pj;
    pj[size_t(Level::Ppu)] = n.values * p.lane_pj + (n.lane_cycles - n.values) * p.lane_idle_pj;
    pj[size_t(Level::Control)] = n.cycles * p.control_pj + n.dma_words * p.dma_pj;
    pj[size_t(Level::Leakage)] = n.cycles * p.leakage_pj_per_cycle;
    return pj;
}

/// Cost of one layer.
struct LayerCost {
    std::string name;
    int64_t macs = 0;
    mapping::LayerTime time;
    AccessCounts counts;
    std::array<double, kLevels> level_pj{};
    double utilization = 0;       ///< useful MACs / (PEs x latency)
    double roofline = 0;          ///< compute / max(compute, read beats, write beats)
    double energyPj() const;      ///< system: everything
    double chipEnergyPj() const;  ///< without DRAM
};
LayerCost costOf(const mapping::LayerPlan& plan, const mapping::LayerTime& time, const ChunkPrices& prices);

/// Cost of a network on a design, cycles by the exact law.
struct NetworkCost {
    std::vector<LayerCost> layers;
    AreaParts area;
    double clock_mhz = 100;
    bool scaled_prices = false;  ///< of operands other than the characterised 8 bits, or of wider multipliers
    bool unpriced_rom = false;   ///< descriptors stand in a ROM, whose area and energy are not in the model
    double sram_bytes = 0;
    double latencyCycles() const;
    double latencyMs() const { return latencyCycles() / clock_mhz / 1e3; }
    double energyMj(bool system) const;
    double edp(bool system) const { return energyMj(system) * latencyMs(); }
};
NetworkCost networkCost(const std::vector<mapping::LayerPlan>& plans, const design::Design& design,
                        const Technology& technology, const design::Target& target);

/// Bytes of all buffers, all slots.
double sramBytes(const design::Chunk& chunk);

/// Limits that totals violate.
std::vector<design::Violation> limitViolations(double energy_pj, double latency_cycles, double area_um2,
                                               double sram_bytes, double clock_mhz, const design::Limits& limits);
std::vector<design::Violation> violations(const NetworkCost& cost, const design::Limits& limits);

/// `dna.cost` (product.md).
base::Json toJson(const NetworkCost& cost, const Technology& technology, const design::Target& target);

}  // namespace dna::costmodel
