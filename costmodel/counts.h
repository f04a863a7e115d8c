#pragma once

#include <cstdint>

#include "core/mapping/plan.h"

namespace dna::costmodel {

/// Physical events of one layer, by the counting table of hardware.md 3.8c; each is what a counter
/// of dna_perf counts (words are 16 bytes), or follows from those. Closed form: no loop over tiles' contents.
struct AccessCounts {
    // DRAM, words.
    int64_t dram_input_reads = 0, dram_weight_reads = 0, dram_residual_reads = 0, dram_descriptor_reads = 0;
    int64_t dram_output_writes = 0;
    int64_t descriptor_reads = 0;  ///< words of descriptors that stand in the chip
    int beats_per_word = 1;
    // Buffers, macro accesses of one word.
    int64_t input_writes = 0, input_reads = 0;
    int64_t weight_writes = 0, weight_reads = 0;
    int64_t residual_writes = 0, residual_reads = 0;
    int64_t output_writes = 0, output_reads = 0;
    int64_t psum_writes = 0, psum_reads = 0;  ///< rows of partial sums (one a column)
    int64_t rf_writes = 0;                    ///< weights written into register files (row-stationary)
    // Array.
    int64_t sums = 0;         ///< rows of sums (one a column) that reach the partial sums
    int64_t mac_cycles = 0;   ///< cycles in which the array multiplies
    int64_t macs = 0;         ///< useful MACs
    int64_t noc_inputs = 0;   ///< operand bytes entering rows (dense: one a row and cycle; depthwise: one a PE)
    int64_t noc_weights = 0;  ///< operand bytes entering columns
    int64_t noc_picks = 0;    ///< row-stationary: words that array rows choose among the banks
    int64_t outputs = 0;      ///< values through the requantisation lanes

    int64_t dramReads() const {
        return dram_input_reads + dram_weight_reads + dram_residual_reads + dram_descriptor_reads;
    }
    int64_t readBeats() const { return dramReads() * beats_per_word; }
    int64_t writeBeats() const { return dram_output_writes * beats_per_word; }
};

AccessCounts countAccesses(const mapping::LayerPlan& plan);

}  // namespace dna::costmodel
