#pragma once

#include <array>

#include "costmodel/loopnest/convention.h"
#include "costmodel/loopnest/mapping.h"
#include "costmodel/loopnest/scalar.h"

namespace dna::costmodel::loopnest {

/// What a step of a loop brings into a tile of inputs.
enum class Fresh : uint8_t { Nothing, Slab, Whole };

/// One step of a temporal loop, seen by the tile below it.
struct TileStep {
    Fresh fresh = Fresh::Nothing;
    double rows = 0, columns = 0;  ///< where the tile moves
    bool elsewhere = false;        ///< it also moves along channels, batch or groups
};

/// Follows an input tile through the temporal loops above it, innermost first. A step moves the tile by the step of the
/// loop minus what the loops inside return by. Sliding window: a step by nothing brings nothing, a step equal to that
/// of the innermost moving loop brings a slab, any other one the whole tile.
class TileSteps {
public:
    explicit TileSteps(const Convention& rules) : rules_(rules) {}

    /// Next loop outwards: `axis` it moves (negative: none), words of a step and iterations.
    TileStep next(int axis, double step, double bound) {
        TileStep out{Fresh::Nothing, -back_[index(Axis::Rows)], -back_[index(Axis::Columns)], false};
        if (axis == index(Axis::Rows)) out.rows += step;
        if (axis == index(Axis::Columns)) out.columns += step;
        bool moves = out.rows != 0 || out.columns != 0;
        for (const Axis a : {Axis::C, Axis::N, Axis::G}) {
            const double moved = (axis == index(a) ? step : 0) - back_[index(a)];
            out.elsewhere |= moved != 0;
        }
        moves |= out.elsewhere;
        if (axis >= 0 && slide_axis_ < 0) {
            slide_axis_ = axis, slide_step_ = step;
            out.fresh = rules_.halo_reuse ? Fresh::Slab : Fresh::Whole;
        } else if (rules_.halo_reuse) {
            if (moves) out.fresh = sameAsInnermost(out) ? Fresh::Slab : Fresh::Whole;
        } else if (slide_axis_ >= 0) {
            out.fresh = Fresh::Whole;
        }
        if (axis >= 0) back_[axis] += rules_.second_iteration_is_last ? step : step * (bound - 1);
        return out;
    }
    /// Axis of the innermost loop that moves the tile; negative while there is none.
    int slideAxis() const { return slide_axis_; }

private:
    bool sameAsInnermost(const TileStep& s) const {
        if (s.elsewhere) return false;
        if (slide_axis_ == index(Axis::Rows)) return s.rows == slide_step_ && s.columns == 0;
        if (slide_axis_ == index(Axis::Columns)) return s.columns == slide_step_ && s.rows == 0;
        return false;
    }

    const Convention& rules_;
    std::array<double, kAxes> back_{};
    int slide_axis_ = -1;
    double slide_step_ = 0;
};

/// Share of an input tile that is new after a step of `words` along `axis`: all of it where tiles do not overlap.
template <class T>
T slabShare(const Problem& problem, const PerDim<T>& extent, int axis, const T& words) {
    if (axis == index(Axis::Rows)) return minimum(T(words / inputRows(problem, extent)), T(1.0));
    if (axis == index(Axis::Columns)) return minimum(T(words / inputColumns(problem, extent)), T(1.0));
    return T(1.0);
}

}  // namespace dna::costmodel::loopnest
