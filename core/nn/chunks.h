#pragma once

#include <algorithm>

#include "core/autodiff/tensor.h"

namespace dna::nn {

/// Work of one slot that stays in cache: some whole pictures, or a part of one.
struct Chunk {
    int picture = 0, pictures = 1;
    int first = 0, lines = 0;  ///< of the pixels of every picture of the chunk
    int total() const { return pictures * lines; }
    /// Value where the chunk's lines of a picture's block begin.
    size_t at(const autodiff::MapShape& map, int n, int block) const {
        return (static_cast<size_t>(picture + n) * map.blocks() + block) * map.planeSize() +
               static_cast<size_t>(first) * autodiff::kLanes;
    }
};

/// Most lines of a chunk, given the channels that go through the cache with it.
inline int chunkLines(int channels) { return std::clamp(262144 / std::max(1, channels) / 8 * 8, 64, 512); }

/// Calls visit(chunk) for pictures [begin, end) of `pixels` pixels.
template <class Visit>
void forChunks(int begin, int end, int pixels, int most, const Visit& visit) {
    if (pixels <= most) {
        const int pictures = most / pixels;
        for (int n = begin; n < end; n += pictures) visit(Chunk{n, std::min(pictures, end - n), 0, pixels});
        return;
    }
    const int pieces = (pixels + most - 1) / most, lines = ((pixels + pieces - 1) / pieces + 7) / 8 * 8;
    for (int n = begin; n < end; ++n)
        for (int first = 0; first < pixels; first += lines) visit(Chunk{n, 1, first, std::min(lines, pixels - first)});
}

}  // namespace dna::nn
