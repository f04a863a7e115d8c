#pragma once

#include "core/design/design.h"

namespace dna::design {

/// Timing constants of the output-array template (T3) and of its engines, in cycles. They describe the RTL in
/// rtlgen/rtl; the cycle model and the generator both read them here, and tests/verif measures them on the RTL.
struct T3Timing {
    /// Requantisation parameters of one unit (cols channels x 8 bytes) in 16-byte words, read before its first MAC.
    int parameter_words = 0;
    /// Cycles between the last MAC of a unit and the first MAC of the next one (gap + parameter words).
    int unit_switch = 0;
    /// Cycles that draining one block occupies the drain chain; shorter reductions are padded by bubbles.
    int drain = 0;
};

inline T3Timing t3Timing(const Chunk& chunk) {
    constexpr int kGap = 3;  // the unit before takes its parameters over before they are overwritten
    const int parameter_words = chunk.cols * 8 / kWordBytes;
    return {.parameter_words = parameter_words, .unit_switch = kGap + parameter_words, .drain = chunk.rows};
}

/// The normative memory (hardware.md 3.8a): one AR a cycle, data in order and back to back, fixed write response.
struct MemoryModel {
    int read_latency = 40;      ///< cycles from AR accepted to its first beat offered, when the channel is free
    int outstanding_reads = 8;  ///< limit of the load engine
    int write_latency = 20;     ///< cycles from the last W beat accepted to B offered
    int max_burst_beats = 256;
    int boundary_bytes = 4096;  ///< bursts never cross it
};

}  // namespace dna::design
