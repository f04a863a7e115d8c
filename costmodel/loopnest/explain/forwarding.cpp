// What neighbours pass on.
#include "costmodel/loopnest/explain/tensor_story.h"

#include <fmt/format.h>

#include <cmath>

namespace dna::costmodel::loopnest {

void TensorStory::tellForwarding(int l, Supply& supply) {
    const auto whole = [](double x) { return int64_t(x); };
    const detail::SpatialLoops spatial = detail::spatialLoops(
        scene_.problem, nest_, l, [&](int i) { return whole(nest_.bounds[i]); },
        [&](int i) { return whole(scene_.geometry.step[i]); });
    const ForwardingMesh mesh = detail::meshOf(scene_.architecture, nest_, spatial, l, scene_.rules);
    double spared = 0, passed = 0, slab = tile_;
    const auto shapeOf = [&](Fresh fresh) { return fresh == Fresh::Slab && slab >= tile_ ? Fresh::Whole : fresh; };
    const auto take = [&](int loop, const TileStep& step, Fresh before, const Term& times) {
        if (step.fresh != before || step.fresh == Fresh::Nothing || step.elsewhere) return;
        if (!mesh.reaches(step.rows, step.columns)) return;
        const ForwardingMatch match = matchNeighbours(mesh, whole(step.rows), whole(step.columns));
        if (!match.pays()) return;
        const double words = step.fresh == Fresh::Slab ? slab : tile_;
        page_.say(4, fmt::format("steps of {}, after one that brought as much: {} of {} {} find their words at a "
                                 "neighbour; {} of {} different tiles are still read",
                                 scene_.loopText(loop), match.forwarded, match.receivers, scene_.name(l),
                                 match.remaining, match.distinct));
        spared += page_.line(
            6, "reads spared",
            (Term(double(match.distinct)) - Term(double(match.remaining))) * Term("words", words) * times, "words");
        passed += page_.line(6, "passed on by neighbours", Term(double(match.forwarded)) * Term("words", words) * times,
                             "words");
    };
    double outer = 1;
    for (int i = 0; i < nest_.begin[l]; ++i)
        if (scene_.temporal(i)) outer *= nest_.bounds[i];
    TileSteps follow(scene_.rules);
    TileStep first;
    int first_loop = -1;
    for (int i = nest_.begin[l] - 1; i >= 0; --i) {
        if (!scene_.temporal(i)) continue;
        const Dim d = nest_.loops[i].dim;
        const int axis = indexes(t_, d) ? index(axisOf(t_, d)) : -1;
        const double words = scene_.geometry.step[i] * double(scene_.problem.step(t_, d));
        TileStep step = follow.next(axis, words, nest_.bounds[i]);
        outer /= nest_.bounds[i];
        const bool innermost = first_loop < 0;
        if (innermost) slab = std::round(tile_ * slabShare(scene_.problem, scene_.extent(l), axis, words));
        step.fresh = shapeOf(step.fresh);
        const auto later = [&] {
            return scene_.rules.second_iteration_is_last ? scene_.loop(first_loop) - Term(1) : Term(1);
        };
        if (innermost) {
            first = step, first_loop = i;
            take(i, first, Fresh::Whole, later());
            if (!scene_.rules.second_iteration_is_last)
                take(i, first, first.fresh, Term(outer) * (scene_.loop(i) - Term(2)));
            continue;
        }
        const Term times = Term("outer", outer) * (scene_.loop(i) - Term(1));
        take(i, step, first.fresh, times);
        take(first_loop, first, step.fresh, times * later());
    }
    supply.spared = spared;
    supply.passed = passed;
}

}  // namespace dna::costmodel::loopnest
