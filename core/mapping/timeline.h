#pragma once

#include <vector>

#include "core/mapping/cycles.h"

namespace dna::mapping {

/// What the engines were doing when, in cycles from the start pulse: what the cycle classes are made from.
struct Timeline {
    struct Interval {
        int64_t begin, end;
    };
    struct Issue {
        int64_t begin, end, macs;
    };
    std::vector<Interval> computing;  ///< from a job's take to its tile's token
    std::vector<Interval> storing;    ///< store engine at work or between descriptors
    std::vector<Issue> issuing;       ///< issue cycles of a job and the MAC cycles among them
};

/// Fills in the classes of the layers, as dna_perf counts them: a MAC cycle; else a job is between take and token; else the
/// store engine is at work; else everybody waits for data.
void addClasses(Timeline timeline, std::vector<LayerTime>& times);

}  // namespace dna::mapping
