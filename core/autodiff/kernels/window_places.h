#pragma once

/// Where the tile of dy and the ordered weights of a sliding window's gradient lie; shared by all levels.
namespace dna::autodiff {

struct Window;

namespace window {

/// Zero lines on the left of dy's tile, and on the top.
template <class W>
constexpr int border(const W& w) {
    const int needed = (w.kernel - 1) / w.stride - w.pad / w.stride;
    return needed > 0 ? needed : 0;
}
/// Zero lines on the right (or below) for a map of `size` and `out` places.
template <class W>
constexpr int borderEnd(int size, int out, const W& w) {
    const int needed = (size - 1 + w.pad) / w.stride - (out - 1);
    return needed > 0 ? needed : 0;
}
/// Taps seen by a place whose coordinate plus pad leaves this remainder by the stride.
template <class W>
constexpr int taps(const W& w, int remainder) {
    return remainder < w.kernel ? (w.kernel - 1 - remainder) / w.stride + 1 : 0;
}
/// Taps of all smaller remainders.
template <class W>
constexpr int tapsBefore(const W& w, int remainder) {
    int count = 0;
    for (int r = 0; r < remainder; ++r) count += taps(w, r);
    return count;
}

}  // namespace window
}  // namespace dna::autodiff
