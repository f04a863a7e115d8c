#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/mapping/cycles.h"
#include "costmodel/counts.h"

namespace dna::verif {

/// The counters of dna_perf, by the names of reports; the index is the hardware's.
constexpr size_t kCounters = 19;
extern const std::array<const char*, kCounters> kCounterNames;
constexpr size_t kFirstAccessCounter = 6;  ///< the ones before count cycles

/// What an access counter (kFirstAccessCounter and above) must show for these events on an array of `cols` columns.
int64_t accessesOf(const costmodel::AccessCounts& counts, size_t counter, int cols);

/// What all of them must show when a program is done, by the counting tables and the cycle law.
std::array<int64_t, kCounters> expectedCounters(const std::vector<mapping::LayerPlan>& plans,
                                                const std::vector<mapping::LayerTime>& times);

}  // namespace dna::verif
