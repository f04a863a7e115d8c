#pragma once

#include <algorithm>

#include "core/autodiff/kernels/kernels.h"
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
inline int chunkLines(int channels) { return std::clamp(131072 / std::max(1, channels) / 8 * 8, 64, 256); }

/// Calls visit(chunk, the one after it or one without pictures) for pictures [begin, end) of `pixels` pixels.
template <class Visit>
void forChunks(int begin, int end, int pixels, int most, const Visit& visit) {
    const bool whole = pixels <= most;
    const int pieces = (pixels + most - 1) / most, pictures = whole ? most / pixels : 1,
              lines = whole ? pixels : ((pixels + pieces - 1) / pieces + 7) / 8 * 8;
    const auto chunkAt = [&](int n, int first) {
        return n < end ? Chunk{n, std::min(pictures, end - n), first, std::min(lines, pixels - first)} : Chunk{end, 0};
    };
    for (Chunk chunk = chunkAt(begin, 0); chunk.pictures > 0;) {
        const bool last = chunk.first + lines >= pixels;
        const Chunk next = last ? chunkAt(chunk.picture + pictures, 0) : chunkAt(chunk.picture, chunk.first + lines);
        visit(chunk, next);
        chunk = next;
    }
}

/// The chunk's lines of a map and, where there is one, of a map beside it.
template <class T>
autodiff::Fetch<T> fetchOf(const Chunk& chunk, const autodiff::MapShape& map, const T* data, const T* beside) {
    if (chunk.pictures == 0) return {};
    const size_t at = chunk.at(map, 0, 0);
    if (beside) beside += at;
    if (chunk.lines == map.pixels()) return {data + at, beside, chunk.total() * map.blocks(), 1, 0};
    return {data + at, beside, chunk.lines, map.blocks(), map.planeSize()};
}

}  // namespace dna::nn
