#pragma once

#include "core/autodiff/kernels/kernels.h"

/// Where the tile of dy and the ordered weights of a sliding window's gradient lie; shared by all levels.
namespace dna::autodiff::window {

/// Zero lines on the left of dy's tile, and on the top.
constexpr int border(const Window& w) {
    const int needed = (w.kernel - 1) / w.stride - w.pad / w.stride;
    return needed > 0 ? needed : 0;
}
/// Zero lines on the right (or below) for a map of `size` and `out` places.
constexpr int borderEnd(int size, int out, const Window& w) {
    const int needed = (size - 1 + w.pad) / w.stride - (out - 1);
    return needed > 0 ? needed : 0;
}
/// Taps seen by a place whose coordinate plus pad leaves this remainder by the stride.
constexpr int taps(const Window& w, int remainder) {
    return remainder < w.kernel ? (w.kernel - 1 - remainder) / w.stride + 1 : 0;
}
/// Taps of all smaller remainders.
constexpr int tapsBefore(const Window& w, int remainder) {
    int count = 0;
    for (int r = 0; r < remainder; ++r) count += taps(w, r);
    return count;
}

/// Windows that can slide over the map itself: 3x3 with stride 2 over even sizes, where only the first row and column
/// of places have taps outside.
constexpr bool needsNoTile(const Window& w) {
    return w.kernel == 3 && w.stride == 2 && w.pad == 1 && w.width % 2 == 0 && w.height % 2 == 0;
}

}  // namespace dna::autodiff::window
