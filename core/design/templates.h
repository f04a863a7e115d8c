#pragma once

#include <algorithm>
#include <bit>

#include "core/design/design.h"

namespace dna::design {

/// Timing constants of a template and of its engines, in cycles. They describe the RTL in rtlgen/rtl; the cycle model
/// and the generator both read them here, and tests/verif measures them on the RTL.
struct Timing {
    /// Requantisation parameters of one unit (a record a column) in words, read before its first MAC.
    int parameter_words = 0;
    /// Least cycles between the last issue of a unit and the first parameter read of the next one.
    int gap = 0;
    /// Output array: cycles that draining one block occupies the drain chain; shorter reductions are padded by bubbles.
    int drain = 0;
    /// Weights stay: least cycles of a set (a row of weights a cycle; four between two visits of a partial sum).
    int min_set = 0;
    /// Weights stay: stage of the column sums, counted from the issue of their step. Row-stationary: stage of the first
    /// group's sums, counted from the last MAC of their step, the rows of its chain apart.
    int sums_stage = 0;
    /// Cycles in which a layer is set up; row-stationary: the array rows take their places one by one.
    int configure = 1;
    /// Output array: stage of the first drained row, counted from the issue of a block's last MAC.
    int drain_stage = 0;
    /// Stages of post-processing, from a row of sums to its word in the output buffer.
    int post_stages = 0;
};

inline Timing timingOf(const Chunk& chunk) {
    Timing timing{.parameter_words = chunk.cols * chunk.recordBytes() / kWordBytes,
                  .post_stages = 9 + 2 * chunk.multiplierLevels() + (chunk.columns_per_lane > 1 ? chunk.columns_per_lane : 0)};
    if (chunk.rowStationary()) {
        timing.gap = 1;
        timing.sums_stage = 9 + (chunk.pe_cut ? 1 : 0);
        timing.configure = chunk.rows;
        return timing;
    }
    if (!chunk.weightsStay()) {
        timing.gap = 3;  // the unit before takes its parameters over before they are overwritten
        timing.drain = chunk.rows;
        timing.drain_stage = 9 + (chunk.pe_cut ? 1 : 0);
        return timing;
    }
    const int levels = std::countr_zero(unsigned(chunk.rows));
    const int reduce = chunk.array == Template::DotLanes ? (levels + chunk.tree_cut - 1) / chunk.tree_cut : chunk.rows;
    timing.gap = 1;
    timing.min_set = std::max(chunk.rows, 4);
    timing.sums_stage = 7 + (chunk.pe_cut ? 1 : 0) + reduce;
    return timing;
}

/// The normative memory (hardware.md 3.8a): one AR a cycle, data in order and back to back, fixed write response.
struct MemoryModel {
    int read_latency = 40;      ///< cycles from AR accepted to its first beat offered, when the channel is free
    int outstanding_reads = 8;  ///< limit of the load engine
    int write_latency = 20;     ///< cycles from the last W beat accepted to B offered
    int boundary_bytes = 4096;  ///< bursts never cross it; 256 beats of 16 bytes
};

}  // namespace dna::design
