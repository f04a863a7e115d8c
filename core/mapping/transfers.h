#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/design/templates.h"
#include "core/mapping/plan.h"

namespace dna::mapping {

/// One AXI burst, address relative to the base of its tensor (bases are aligned to 4 KiB, so that splitting does not
/// depend on where a tensor stands).
struct Burst {
    int64_t offset = 0;  ///< bytes
    int words = 0;
};

/// A contiguous piece of a tensor.
struct Segment {
    int64_t offset = 0;  ///< bytes from the tensor's base
    int words = 0;
};

/// Splits a segment at 4 KiB boundaries, or closer ones where a word takes several beats, so that no burst has more than
/// 256 beats: the one function that model, golden machine and checks use.
template <class Visit>
void forEachBurst(const Segment& segment, const design::MemoryModel& memory, int beats_per_word, Visit&& visit) {
    const int64_t boundary = memory.boundary_bytes / beats_per_word;
    int64_t offset = segment.offset;
    int left = segment.words;
    while (left > 0) {
        const int64_t room = (boundary - offset % boundary) / design::kWordBytes;
        const int words = int(std::min<int64_t>(left, room));
        visit(Burst{offset, words});
        offset += int64_t{words} * design::kWordBytes;
        left -= words;
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
int64_t sumsBlockPitch(const Layer& layer);  ///< of the map of partial sums, [C/B][H][W][words of sums]

/// Pieces a job moves. Each is `blocks` segments of equal length, one block pitch apart.
struct Transfer {
    int64_t offset = 0;  ///< of the first segment, relative to the tensor's base
    int64_t pitch = 0;   ///< bytes between segments
    int blocks = 0;
    int words = 0;  ///< of one segment
    Segment segment(int i) const { return {offset + pitch * i, words}; }
    int64_t totalWords() const { return int64_t{blocks} * words; }
};
Transfer inputTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job);
/// `weight_base`: bytes from the layer's weight image to this sub-layer's part.
Transfer weightTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t weight_base);
Transfer outputTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job);
/// The residual's tile, or the partial sums of the pass before.
Transfer residualTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job);

/// Bytes of a sub-layer's weight image (parameters and weights of all units, in the order of use), 4 KiB aligned.
int64_t weightImageBytes(const SubPlan& sub);
/// Bytes of a feature map in DRAM whose words have `block` channels.
int64_t mapBytes(const network::Shape& shape, int block);
/// Bytes of a layer's maps in DRAM.
int64_t inputMapBytes(const Layer& layer);
int64_t outputMapBytes(const Layer& layer);
int64_t sumsMapBytes(const Layer& layer);

}  // namespace dna::mapping
