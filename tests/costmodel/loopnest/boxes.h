#pragma once

#include <array>
#include <cstdint>

namespace dna::costmodel::loopnest {

constexpr int kBoxAxes = 5;
using Point = std::array<int64_t, kBoxAxes>;

/// Words of a tensor at low <= x < high; empty where some low >= high.
struct Box {
    Point low{}, high{};
    int64_t volume() const;
    bool operator==(const Box&) const = default;
};
Box intersection(const Box& a, const Box& b);

/// A box without a part of it, in canonical form: two regions are the same set of words exactly if they are ==.
/// Every empty region is Region{}.
struct Region {
    Box outer, hole;
    int64_t volume() const { return outer.volume() - hole.volume(); }
    bool empty() const { return outer == Box{}; }
    bool operator==(const Region&) const = default;
};
/// Words of `next` that are not in `previous`, a box of the same extents.
Region difference(const Box& next, const Box& previous);

}  // namespace dna::costmodel::loopnest
