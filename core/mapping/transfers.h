#pragma once

#include <cstdint>
#include <vector>

#include "core/design/templates.h"
#include "core/mapping/plan.h"

namespace dna::mapping {

/// One AXI burst, address relative to the base of its tensor (bases are aligned to 4 KiB, so that splitting does not
/// depend on where a tensor stands).
struct Burst {
    int64_t offset = 0;  ///< bytes
    int beats = 0;
};

/// A contiguous piece of a tensor.
struct Segment {
    int64_t offset = 0;  ///< bytes from the tensor's base
    int beats = 0;
};

/// Splits a segment at 4 KiB boundaries and at the longest burst: the one function that model, golden machine and
/// checks use.
template <class Visit>
void forEachBurst(const Segment& segment, const design::MemoryModel& memory, Visit&& visit) {
    int64_t offset = segment.offset;
    int left = segment.beats;
    while (left > 0) {
        const int64_t room = (memory.boundary_bytes - offset % memory.boundary_bytes) / design::kWordBytes;
        const int beats = int(std::min<int64_t>({left, memory.max_burst_beats, room}));
        visit(Burst{offset, beats});
        offset += int64_t{beats} * design::kWordBytes;
        left -= beats;
    }
}

/// One tile of the tile loops, in execution order.
struct Job {
    int row_tile = 0, channel_tile = 0;
    bool first = false, last = false;
    bool input_changed = false;  ///< a new input tile is loaded for it
    bool weights_changed = false;
    bool input_released = false;  ///< the next job needs another input tile (or there is none)
    bool weights_released = false;
};
std::vector<Job> jobsOf(const LayerPlan& plan, const SubPlan& sub);

/// Tensor strides in DRAM, bytes.
int64_t inputBlockPitch(const Layer& layer);
int64_t outputBlockPitch(const Layer& layer);

/// Pieces a job moves. Each is `blocks` segments of equal length, one block pitch apart.
struct Transfer {
    int64_t offset = 0;  ///< of the first segment, relative to the tensor's base
    int64_t pitch = 0;   ///< bytes between segments
    int blocks = 0;
    int beats = 0;  ///< of one segment
    Segment segment(int i) const { return {offset + pitch * i, beats}; }
    int64_t totalBeats() const { return int64_t{blocks} * beats; }
};
Transfer inputTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job);
/// `weight_base`: bytes from the layer's weight image to this sub-layer's part.
Transfer weightTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t weight_base);
Transfer outputTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job);

/// Bytes of a sub-layer's weight image (parameters and weights of all units, in the order of use), 4 KiB aligned.
int64_t weightImageBytes(const SubPlan& sub);
/// Bytes of a feature map in DRAM.
int64_t inputMapBytes(const Layer& layer);
int64_t outputMapBytes(const Layer& layer);

}  // namespace dna::mapping
