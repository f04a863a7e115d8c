#include "tests/costmodel/loopnest/boxes.h"

#include <algorithm>

namespace dna::costmodel::loopnest {

int64_t Box::volume() const {
    int64_t words = 1;
    for (int i = 0; i < kBoxAxes; ++i) words *= std::max<int64_t>(0, high[i] - low[i]);
    return words;
}

Box intersection(const Box& a, const Box& b) {
    Box out;
    for (int i = 0; i < kBoxAxes; ++i) {
        out.low[i] = std::max(a.low[i], b.low[i]);
        out.high[i] = std::min(a.high[i], b.high[i]);
        if (out.low[i] >= out.high[i]) return {};
    }
    return out;
}

Region difference(const Box& next, const Box& previous) {
    const Box common = intersection(next, previous);
    if (common == Box{}) return {next, {}};
    int cut_axes = 0, cut = 0;
    for (int i = 0; i < kBoxAxes; ++i)
        if (common.low[i] != next.low[i] || common.high[i] != next.high[i]) ++cut_axes, cut = i;
    if (cut_axes == 0) return {};
    // Cut along several axes, what is left has `next` as its bounding box: outer and hole say all.
    if (cut_axes > 1) return {next, common};
    Box rest = next;
    if (common.low[cut] == next.low[cut])
        rest.low[cut] = common.high[cut];
    else
        rest.high[cut] = common.low[cut];
    return {rest, {}};
}

}  // namespace dna::costmodel::loopnest
