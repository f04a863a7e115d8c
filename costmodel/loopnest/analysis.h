#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>

#include "costmodel/loopnest/convention.h"
#include "costmodel/loopnest/forwarding.h"
#include "costmodel/loopnest/mapping.h"
#include "costmodel/loopnest/tile_steps.h"

namespace dna::costmodel::loopnest {

/// Words of one tensor at one level, per instance.
template <class T>
struct TensorCounts {
    T tile_words = 0.0;
    T reads = 0.0, fills = 0.0, updates = 0.0;
    T forwarded = 0.0;  ///< words handed over by neighbours: in reads and in fills
};

/// Access counts of a nest. Levels outer to inner; tensors a level does not keep stay zero.
template <class T>
struct AccessAnalysis {
    int level_count = 0;
    std::array<PerTensor<TensorCounts<T>>, kMaxLevels> counts;
    std::array<T, kMaxLevels> instances;  ///< instances of a level in use
    T compute_cycles = 1.0;               ///< product of the temporal bounds
    T pes = 1.0;                          ///< product of the spatial bounds
};

namespace detail {

/// A nest with its derived geometry.
template <class T>
struct Geometry {
    std::array<T, kMaxLoops> step;                 ///< of each loop, in units of its dimension
    std::array<PerDim<T>, kMaxLevels + 1> extent;  ///< of the tile of a level; [level_count] is one MAC
    std::array<T, kMaxLevels> temporal;            ///< product of the temporal bounds of a level
};

template <class T>
Geometry<T> geometry(const Nest& nest, const std::array<T, kMaxLoops>& bounds) {
    Geometry<T> g;
    PerDim<T> extent;
    extent.fill(T(1.0));
    g.extent[nest.level_count] = extent;
    for (int l = nest.level_count - 1; l >= 0; --l) {
        T temporal = 1.0;
        for (int i = nest.begin[l + 1] - 1; i >= nest.begin[l]; --i) {
            T& along = extent[index(nest.loops[i].dim)];
            g.step[i] = along;
            along = along * bounds[i];
            if (nest.loops[i].kind == LoopKind::Temporal) temporal = temporal * bounds[i];
        }
        g.extent[l] = extent;
        g.temporal[l] = temporal;
    }
    return g;
}

/// Number of distinct sums i * a + k * b for i < n, k < m: pairs (i, k) and (i + b/g, k - a/g) fall together, g =
/// gcd(a, b).
template <class T>
T distinctSums(const T& n, const T& a, const T& m, const T& b) {
    const double g = double(std::gcd(int64_t(nearestInteger(a)), int64_t(nearestInteger(b))));
    const T zero = 0.0;
    return n * m - maximum(n - b / g, zero) * maximum(m - a / g, zero);
}

/// Receivers of the fan-out of level `l`, and how many of them need different tiles of `t`: one read serves all that
/// need the same one (multicast); partial sums for the same words arrive as one update.
template <class T>
struct Fanout {
    T receivers = 1.0;
    T distinct = 1.0;
};

template <class T>
Fanout<T> fanout(const Problem& problem, const Nest& nest, const std::array<T, kMaxLoops>& bounds, const Geometry<T>& g,
                 int l, Tensor t) {
    Fanout<T> out;
    PerDim<T> spread;
    bool moving = false;
    for (int i = nest.begin[l + 1] - 1; i >= nest.begin[l] && nest.loops[i].kind != LoopKind::Temporal; --i) {
        const Dim d = nest.loops[i].dim;
        out.receivers = out.receivers * bounds[i];
        if (!indexes(t, d)) continue;
        const Axis axis = axisOf(t, d);
        if (t != Tensor::Inputs || (axis != Axis::Rows && axis != Axis::Columns)) {
            out.distinct = out.distinct * bounds[i];
            continue;
        }
        if (!moving) spread.fill(T(1.0)), moving = true;
        spread[index(d)] = spread[index(d)] * bounds[i];
    }
    if (!moving) return out;
    const PerDim<T>& tile = g.extent[l + 1];
    const auto sums = [&](Dim a, Dim b) {
        return distinctSums(spread[index(a)], T(tile[index(a)] * double(problem.step(t, a))), spread[index(b)],
                            T(tile[index(b)] * double(problem.step(t, b))));
    };
    out.distinct = out.distinct * sums(Dim::P, Dim::R) * sums(Dim::Q, Dim::S);
    return out;
}

/// How often the tile of `t` at level `l` is fetched, in whole tiles: the loops above, without those inside the
/// innermost one that moves it (stationarity).
template <class T>
T visits(const Nest& nest, const std::array<T, kMaxLoops>& bounds, int l, Tensor t) {
    T count = 1.0;
    bool moved = false;
    for (int i = nest.begin[l] - 1; i >= 0; --i) {
        if (nest.loops[i].kind != LoopKind::Temporal) continue;
        if (!moved && !indexes(t, nest.loops[i].dim)) continue;
        moved = true;
        count = count * bounds[i];
    }
    return count;
}

/// Visits of an input tile where neighbouring tiles overlap: whole tiles plus slabs, in units of the tile.
template <class T>
T slidingVisits(const Problem& problem, const Nest& nest, const std::array<T, kMaxLoops>& bounds, const Geometry<T>& g,
                int l, const Convention& rules) {
    T count = 0.0;  // what all steps bring, in tiles; the first tile is added at the end
    T slab = 1.0;
    TileSteps steps(rules);
    for (int i = nest.begin[l] - 1; i >= 0; --i) {
        if (nest.loops[i].kind != LoopKind::Temporal) continue;
        const Dim d = nest.loops[i].dim;
        const bool innermost = steps.slideAxis() < 0;
        const int axis = indexes(Tensor::Inputs, d) ? index(axisOf(Tensor::Inputs, d)) : -1;
        const double unit = double(problem.step(Tensor::Inputs, d));
        const TileStep step = steps.next(axis, nearestInteger(g.step[i]) * unit, nearestInteger(bounds[i]));
        if (innermost && axis >= 0) slab = slabShare(problem, g.extent[l], axis, T(g.step[i] * unit));
        count = bounds[i] * count;
        if (step.fresh == Fresh::Slab) count = count + (bounds[i] - 1.0) * slab;
        if (step.fresh == Fresh::Whole) count = count + (bounds[i] - 1.0);
    }
    return count + 1.0;
}

}  // namespace detail

/// Accesses of every level and tensor in closed form. `bounds` are the bounds of `nest.loops`; they may be fractional,
/// then the counts are the relaxed ones, equal to the exact ones at integers. Allocates nothing.
template <class T>
AccessAnalysis<T> analyse(const Problem& problem, const Architecture& architecture, const Nest& nest,
                          const std::array<T, kMaxLoops>& bounds, const Convention& rules) {
    using namespace detail;
    AccessAnalysis<T> out;
    const int levels = out.level_count = nest.level_count;
    const Geometry<T> g = geometry(nest, bounds);
    T instances = 1.0;
    for (int l = 0; l < levels; ++l) {
        out.instances[l] = instances;
        out.compute_cycles = out.compute_cycles * g.temporal[l];
        for (int i = nest.begin[l]; i < nest.begin[l + 1]; ++i)
            if (nest.loops[i].kind != LoopKind::Temporal) instances = instances * bounds[i];
    }
    out.pes = instances;

    for (int ti = 0; ti < kTensors; ++ti) {
        const Tensor t = static_cast<Tensor>(ti);
        std::array<T, kMaxLevels> fresh;   // output words of one instance that start from nothing
        std::array<T, kMaxLevels> to_all;  // share of receivers that a refill reaches, times receivers per word
        if (t == Tensor::Outputs) {
            T words = tileWords(problem, t, g.extent[0]);
            T groups = 1.0;
            for (int l = 0; l < levels; ++l) {
                fresh[l] = words;
                to_all[l] = groups;
                if (nest.keeps[l][ti]) groups = 1.0;
                const Fanout<T> fan = fanout(problem, nest, bounds, g, l, t);
                words = words / fan.distinct;
                groups = groups * fan.distinct / fan.receivers;
            }
        }
        T asked = out.compute_cycles * fanout(problem, nest, bounds, g, levels - 1, t).distinct;
        for (int l = levels - 1; l >= 0; --l) {
            TensorCounts<T>& count = out.counts[l][ti];
            const bool keeps = nest.keeps[l][ti];
            Delivery<T> in;  // what the level above sends
            if (l > 0) {
                const Fanout<T> fan = fanout(problem, nest, bounds, g, l - 1, t);
                const bool sliding = t == Tensor::Inputs && rules.halo_reuse;
                const bool forwards = t == Tensor::Inputs && rules.neighbour_forwarding && mayForward(nest, l, rules);
                if (keeps || forwards) {
                    const T tile = tileWords(problem, t, g.extent[l]);
                    in.words = tile * (sliding ? slidingVisits(problem, nest, bounds, g, l, rules)
                                               : visits(nest, bounds, l, t));
                    in.reads = in.words * fan.distinct;
                    in.arrivals = in.words * fan.receivers;
                    if (forwards) forward(problem, architecture, nest, bounds, g.step, g.extent[l], l, rules, in);
                    if (!keeps) in.reads = asked * fan.receivers * in.reads / in.arrivals;
                    in.arrivals = in.arrivals / fan.receivers;
                    in.forwarded = in.forwarded / (rules.forwarded_of_one_sender ? out.instances[l] : fan.receivers);
                } else {
                    in.reads = asked * fan.distinct;
                }
            }
            if (keeps) {
                const bool outermost = l == 0;
                count.tile_words = tileWords(problem, t, g.extent[l]);
                if (t == Tensor::Outputs) {
                    const T elided = rules.first_read_elision ? fresh[l] : T(0.0);
                    count.updates = asked;
                    count.reads = asked - elided;
                    if (!outermost) count.fills = in.arrivals - elided;
                    if (!rules.refill_every_reducer) count.fills = count.fills * to_all[l];
                } else {
                    count.reads = rules.bound_forwarding ? asked : asked + in.forwarded;
                    if (!outermost) count.fills = in.arrivals + in.forwarded;
                    count.forwarded = in.forwarded;
                }
            }
            asked = in.reads;
        }
    }
    return out;
}

}  // namespace dna::costmodel::loopnest
