#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "costmodel/loopnest/convention.h"
#include "costmodel/loopnest/mapping.h"
#include "costmodel/loopnest/tile_steps.h"

namespace dna::costmodel::loopnest {

/// What a fan-out delivers to the level below over the whole nest, per instance of the sender.
template <class T>
struct Delivery {
    T words = 0.0;      ///< of one receiver, forwarded ones included
    T reads = 0.0;      ///< words the sender reads
    T arrivals = 0.0;   ///< words that arrive from the sender, summed over receivers
    T forwarded = 0.0;  ///< words that come from a neighbour instead
};

/// Offset of one receiver's input tile, in rows and columns and along the axes where tiles never overlap.
struct SpatialLoop {
    Axis axis;
    bool moves = false;  ///< false: the loop does not index the tensor
    int64_t bound = 1;
    int64_t step = 0;  ///< words along the axis
};

/// A fan-out for the question who can pass words on to whom. Receivers are numbered by the spatial loops, outer to
/// inner, and laid on a mesh_x wide mesh in that order (the reference's numbering, also where the array is not full).
struct ForwardingMesh {
    std::span<const SpatialLoop> loops;
    int64_t mesh_x = 1, mesh_y = 1;
    bool all_neighbours = false;
    /// False when no receiver lies as far from another one as the step goes, so that nobody can help.
    bool reaches(double rows, double columns) const {
        double far_rows = 0, far_columns = 0;
        for (const SpatialLoop& loop : loops) {
            if (loop.moves && loop.axis == Axis::Rows) far_rows += double(loop.bound - 1) * double(loop.step);
            if (loop.moves && loop.axis == Axis::Columns) far_columns += double(loop.bound - 1) * double(loop.step);
        }
        return std::abs(rows) <= far_rows && std::abs(columns) <= far_columns;
    }
};

struct ForwardingMatch {
    int64_t receivers = 1;  ///< of the fan-out
    int64_t distinct = 1;   ///< different tiles among them
    int64_t forwarded = 0;  ///< receivers whose new tile a neighbour held one step before
    int64_t remaining = 1;  ///< different tiles among the others
    bool pays() const { return remaining < distinct; }
};

/// Who finds the tile it needs after a step by (rows, columns) at a neighbour in the mesh.
ForwardingMatch matchNeighbours(const ForwardingMesh& mesh, int64_t rows, int64_t columns);

/// Quick test: inputs move along rows or columns with every step, and the fan-out into level `l` spreads them there.
/// Without halo reuse a step may also bring the same tile again, which any neighbour may have held.
inline bool mayForward(const Nest& nest, int l, const Convention& rules) {
    const auto slides = [&](int i) {
        const Axis axis = axisOf(Tensor::Inputs, nest.loops[i].dim);
        return indexes(Tensor::Inputs, nest.loops[i].dim) && (axis == Axis::Rows || axis == Axis::Columns);
    };
    int i = nest.begin[l] - 1;
    bool spread = false;
    for (; i >= nest.begin[l - 1] && nest.loops[i].kind != LoopKind::Temporal; --i)
        spread |= slides(i) || !rules.halo_reuse;
    if (!spread) return false;
    while (i >= 0 && nest.loops[i].kind != LoopKind::Temporal) --i;
    return i >= 0 && slides(i);
}

namespace detail {

struct SpatialLoops {
    std::array<SpatialLoop, kMaxLoops> loops;
    int count = 0;
};
/// Spatial loops of level l - 1 with integer steps; `step(i)` gives that of loop i in units of its dimension.
template <class Step, class Bound>
SpatialLoops spatialLoops(const Problem& problem, const Nest& nest, int l, const Bound& bound, const Step& step) {
    SpatialLoops out;
    for (int i = nest.begin[l - 1]; i < nest.begin[l]; ++i) {
        if (nest.loops[i].kind == LoopKind::Temporal) continue;
        const Dim d = nest.loops[i].dim;
        out.loops[out.count++] = {axisOf(Tensor::Inputs, d), indexes(Tensor::Inputs, d), int64_t(bound(i)),
                                  int64_t(step(i)) * problem.step(Tensor::Inputs, d)};
    }
    return out;
}

/// The mesh that the fan-out of level l - 1 is laid on: as wide as the array, or as the loops where they are wider.
inline ForwardingMesh meshOf(const Architecture& architecture, const Nest& nest, const SpatialLoops& spatial, int l,
                             const Convention& rules) {
    int64_t x = 1, y = 1;
    int n = 0;
    for (int i = nest.begin[l - 1]; i < nest.begin[l]; ++i) {
        if (nest.loops[i].kind == LoopKind::SpatialX) x *= spatial.loops[n++].bound;
        if (nest.loops[i].kind == LoopKind::SpatialY) y *= spatial.loops[n++].bound;
    }
    return {{spatial.loops.data(), size_t(spatial.count)},
            std::max<int64_t>(x, architecture.fanoutX(l - 1)),
            std::max<int64_t>(y, architecture.fanoutY(l - 1)),
            rules.bound_forwarding};
}

}  // namespace detail

/// Takes from `in` what neighbours pass on. A step can be forwarded when the last two steps brought the same shape:
/// what a PE needs now equals what its neighbour was given one step ago. It is when it saves the sender reads.
template <class T>
void forward(const Problem& problem, const Architecture& architecture, const Nest& nest,
             const std::array<T, kMaxLoops>& bounds, const std::array<T, kMaxLoops>& steps, const PerDim<T>& extent,
             int l, const Convention& rules, Delivery<T>& in) {
    const detail::SpatialLoops spatial = detail::spatialLoops(
        problem, nest, l, [&](int i) { return nearestInteger(bounds[i]); },
        [&](int i) { return nearestInteger(steps[i]); });
    const ForwardingMesh mesh = detail::meshOf(architecture, nest, spatial, l, rules);
    const T tile = tileWords(problem, Tensor::Inputs, extent);
    const auto take = [&](const TileStep& step, Fresh before, const T& part, const T& times) {
        if (step.fresh != before || step.fresh == Fresh::Nothing || step.elsewhere) return;
        if (!mesh.reaches(step.rows, step.columns)) return;
        const ForwardingMatch match = matchNeighbours(mesh, int64_t(step.rows), int64_t(step.columns));
        if (!match.pays()) return;
        const T words = tile * part * times;
        in.reads = in.reads - words * double(match.distinct - match.remaining);
        in.arrivals = in.arrivals - words * double(match.forwarded);
        in.forwarded = in.forwarded + words * double(match.forwarded);
    };

    T outer = 1.0;  // iterations of the loops outside
    for (int i = 0; i < nest.begin[l]; ++i)
        if (nest.loops[i].kind == LoopKind::Temporal) outer = outer * bounds[i];
    TileSteps follow(rules);
    TileStep first;       // of the innermost loop
    Fresh first_shape{};  // a slab as large as the tile is a tile
    T first_bound = 1.0, slab = 1.0;
    const auto shapeOf = [&](Fresh fresh) { return fresh == Fresh::Slab && !(slab < T(1.0)) ? Fresh::Whole : fresh; };
    bool innermost = true;
    for (int i = nest.begin[l] - 1; i >= 0; --i) {
        if (nest.loops[i].kind != LoopKind::Temporal) continue;
        const Dim d = nest.loops[i].dim;
        const int axis = indexes(Tensor::Inputs, d) ? index(axisOf(Tensor::Inputs, d)) : -1;
        const double unit = double(problem.step(Tensor::Inputs, d));
        TileStep step = follow.next(axis, nearestInteger(steps[i]) * unit, nearestInteger(bounds[i]));
        outer = outer / bounds[i];
        if (innermost) {
            slab = slabShare(problem, extent, axis, T(steps[i] * unit));
            step.fresh = first_shape = shapeOf(step.fresh);
            first = step, first_bound = bounds[i], innermost = false;
            const T later = rules.second_iteration_is_last ? T(first_bound - 1.0) : T(1.0);
            take(first, Fresh::Whole, first_shape == Fresh::Slab ? slab : T(1.0), later);  // right after the first tile
            if (!rules.second_iteration_is_last)
                take(first, first_shape, first_shape == Fresh::Slab ? slab : T(1.0), T(outer * (first_bound - 2.0)));
            continue;
        }
        step.fresh = shapeOf(step.fresh);
        const T part = step.fresh == Fresh::Slab ? slab : T(1.0);
        const T times = outer * (bounds[i] - 1.0);
        take(step, first_shape, part, times);
        const T later = rules.second_iteration_is_last ? T(first_bound - 1.0) : T(1.0);
        take(first, step.fresh, first_shape == Fresh::Slab ? slab : T(1.0), T(times * later));
    }
}

}  // namespace dna::costmodel::loopnest
