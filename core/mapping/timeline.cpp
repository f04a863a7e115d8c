#include "core/mapping/timeline.h"

#include <algorithm>

namespace dna::mapping {

namespace {

using Intervals = std::vector<Timeline::Interval>;

void sort(Intervals& intervals) {
    std::sort(intervals.begin(), intervals.end(),
              [](const Timeline::Interval& a, const Timeline::Interval& b) { return a.begin < b.begin; });
}

/// Cycles before `t` that the union of sorted intervals covers.
int64_t covered(const Intervals& intervals, int64_t t) {
    int64_t length = 0, reached = 0;
    for (const Timeline::Interval& i : intervals) {
        const int64_t from = std::max(i.begin, reached), to = std::min(i.end, t);
        if (to > from) length += to - from, reached = to;
    }
    return length;
}

/// MAC cycles before `t`, a job's spread evenly over its issue.
int64_t macsBefore(const std::vector<Timeline::Issue>& issuing, int64_t t) {
    int64_t sum = 0;
    for (const Timeline::Issue& i : issuing)
        sum += i.macs * std::clamp<int64_t>(t - i.begin, 0, i.end - i.begin) / (i.end - i.begin);
    return sum;
}

/// `any`: computing or storing.
CycleClasses classesBefore(const Timeline& sorted, const Intervals& any, int64_t t) {
    CycleClasses c;
    const int64_t computing = covered(sorted.computing, t), active = covered(any, t);
    c.compute = macsBefore(sorted.issuing, t);
    c.fill_drain = computing - c.compute;
    c.wait_store = active - computing;
    c.wait_load = t - active;
    return c;
}

}  // namespace

void addClasses(Timeline timeline, std::vector<LayerTime>& times) {
    Intervals any = timeline.storing;
    any.insert(any.end(), timeline.computing.begin(), timeline.computing.end());
    sort(timeline.computing);
    sort(any);
    CycleClasses before;
    for (LayerTime& time : times) {
        const CycleClasses now = classesBefore(timeline, any, time.done);
        time.classes = {now.compute - before.compute, now.fill_drain - before.fill_drain,
                        now.wait_load - before.wait_load, now.wait_store - before.wait_store};
        before = now;
    }
}

}  // namespace dna::mapping
