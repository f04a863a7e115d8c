#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "costmodel/memory.h"

namespace dna::costmodel {

/// Prices of logic, one per library module, characterised from synthesis of the modules (`dna characterize`). Cell
/// area before placement; energies without wires and glitches. Areas and energies that grow with a width are a value at
/// a reference width and a slope per bit.
struct LogicPrices {
    // One PE (dna_pe: operand registers, multiplier, accumulator) at an accumulator of 28 bits.
    double pe_area_um2 = 0, pe_area_per_accumulator_bit_um2 = 0;
    double mac_energy_pj = 0, mac_energy_per_accumulator_bit_pj = 0;  ///< one valid MAC, everything in the PE
    double pe_idle_energy_pj = 0;  ///< one PE, one cycle without a valid MAC (its clock pins)

    // Where weights stay: one PE of a dot lane of 16 with its share of the adder tree; one PE of a systolic column;
    // what adds and keeps a column's partial sums beside the memory (at an accumulator of 28 bits). 0: not
    // characterised.
    double dot_area_um2 = 0, dot_mac_energy_pj = 0, dot_idle_energy_pj = 0;
    double systolic_area_um2 = 0, systolic_mac_energy_pj = 0, systolic_idle_energy_pj = 0;
    double psum_area_um2 = 0, psum_energy_pj = 0;  ///< a column; a column and row of sums

    // Row-stationary: one PE (dna_pe_rs) with 16 weights and sums of 24 bits, and what more weights and wider sums add;
    // a bit of a multiplexer (dna_pick) and input beyond the first, that bit at the assumed activity. 0: not
    // characterised.
    double row_area_um2 = 0, row_area_per_word_um2 = 0, row_area_per_sum_bit_um2 = 0;
    double row_mac_energy_pj = 0, row_mac_energy_per_word_pj = 0, row_mac_energy_per_sum_bit_pj = 0;
    double row_idle_energy_pj = 0, row_idle_energy_per_word_pj = 0;
    double pick_area_per_bit_um2 = 0, pick_energy_per_bit_pj = 0;

    // One requantisation lane at a multiplier of 16 bits.
    double lane_area_um2 = 0, lane_area_per_multiplier_bit_um2 = 0;
    double lane_energy_pj = 0;       ///< one output value through the lane
    double lane_idle_energy_pj = 0;  ///< one lane, one cycle without a value

    // A lane of two columns, whose parameters change with every value, and what each further column adds. 0: not
    // characterised.
    double shared_lane_area_um2 = 0, shared_lane_area_per_column_um2 = 0;
    double shared_lane_energy_pj = 0, shared_lane_energy_per_column_pj = 0;            ///< one output value
    double shared_lane_idle_energy_pj = 0, shared_lane_idle_energy_per_column_pj = 0;  ///< one cycle without a value

    // Operand delivery: dna_align rotates `rows` words of 128 bits in log2(rows) stages; dna_dist registers them.
    double align_area_per_bit_stage_um2 = 0;  ///< per bit and stage of the rotation
    double noc_energy_per_word_pj = 0;        ///< one operand byte reaching one row or column of PEs
    double noc_area_per_byte_um2 = 0;         ///< delivery registers and multiplexers, per operand byte lane
    double noc_clock_energy_per_byte_pj = 0;  ///< their clock, per byte lane and cycle

    // Everything that is there once per chunk: sequencer, loop nests, address units, load and store engines, AXI, CSR,
    // counters.
    double control_area_um2 = 0;
    double control_energy_per_cycle_pj = 0;  ///< clock and data at the assumed activity
    double dma_energy_per_word_pj = 0;       ///< one 128-bit word through the load or store engine

    double register_area_per_bit_um2 = 0;
    double register_energy_per_bit_pj = 0;  ///< clock of one flip-flop, one cycle
    double leakage_mw_per_mm2 = 0;          ///< of logic
};

/// Energy of moving one bit to or from a named DRAM.
struct DramPart {
    std::string part;  ///< which DRAM and where the number comes from
    double read_pj_per_bit = 0;
    double write_pj_per_bit = 0;
};

/// A technology: every price the cost model knows, with its sources.
struct Technology {
    std::string name;
    double node_nm = 0;
    double voltage = 0;
    double clock_mhz = 100;  ///< clock the logic was mapped for
    LogicPrices logic;
    MemorySource memory;
    std::map<std::string, DramPart> drams;
    std::map<std::string, std::string> sources;  ///< what a number is from, by group: logic, memory, dram
};

/// Reads a file of format dna.technology, or the built-in technology of that name (`osu018`, `nangate45`).
Technology readTechnology(const std::filesystem::path& file);
Technology builtinTechnology(const std::string& name);
/// Why there is no built-in technology of that name; empty when there is.
std::string technologyProblem(const std::string& name);
/// Names of the built-in technologies, sorted.
std::vector<std::string> technologyNames();
base::Json toJson(const Technology& technology);

/// Why a technology has no DRAM of that name; empty when it has.
std::string dramProblem(const Technology& technology, const std::string& name);
/// The DRAM of that name; InputError with the known names otherwise.
const DramPart& dramPart(const Technology& technology, const std::string& name);

}  // namespace dna::costmodel
