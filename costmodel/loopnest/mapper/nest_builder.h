#pragma once

#include "costmodel/loopnest/mapper/orders.h"
#include "costmodel/loopnest/mapper/spatial.h"
#include "costmodel/loopnest/mapping.h"

namespace dna::costmodel::loopnest {

/// Fills a Nest level by level, outermost first; within a level outer loops first. Residency comes from the
/// architecture's constraints.
class NestBuilder {
public:
    explicit NestBuilder(const Architecture& architecture) {
        nest_.level_count = architecture.levelCount();
        for (int l = 0; l < nest_.level_count; ++l) nest_.keeps[l] = architecture.constraints[l].keeps;
    }
    void loop(int level, Dim d, LoopKind kind, int64_t bound) {
        open(level);
        if (bound == 1) return;
        nest_.loops[nest_.loop_count] = {d, kind, static_cast<uint8_t>(level)};
        nest_.bounds[nest_.loop_count++] = double(bound);
    }
    void temporal(int level, const LoopOrder& order, const Factors& loops) {
        open(level);
        for (int i = order.count; i-- > 0;) loop(level, order.dims[i], LoopKind::Temporal, loops[index(order.dims[i])]);
    }
    /// Loops along Y, then along X.
    void spatial(int level, const Factors& x, const Factors& y) {
        open(level);
        for (int d = 0; d < kDims; ++d) loop(level, static_cast<Dim>(d), LoopKind::SpatialY, y[d]);
        for (int d = 0; d < kDims; ++d) loop(level, static_cast<Dim>(d), LoopKind::SpatialX, x[d]);
    }
    Nest take() {
        open(nest_.level_count);
        return nest_;
    }

private:
    /// Levels up to `level` begin here unless they began before.
    void open(int level) {
        while (level_ < level) nest_.begin[++level_] = static_cast<uint8_t>(nest_.loop_count);
    }
    Nest nest_;
    int level_ = 0;
};

/// The nest as a mapping (loops of bound 1 stay out).
Mapping toMapping(const Nest& nest);

}  // namespace dna::costmodel::loopnest
