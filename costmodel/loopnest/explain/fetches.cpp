// What a level takes from the one above while its tile moves: whole tiles, or what a sliding window lacks.
#include "costmodel/loopnest/explain/tensor_story.h"

#include <fmt/format.h>

#include <cmath>

namespace dna::costmodel::loopnest {
namespace {

/// "3 rows on, 4 columns back, to other channels"
std::string displacement(const TileStep& step) {
    std::string out;
    const auto add = [&](const std::string& part) { out += (out.empty() ? "" : " and ") + part; };
    const auto along = [&](double words, const char* one, const char* many) {
        if (words != 0)
            add(fmt::format("{} {} {}", numberText(std::abs(words)), std::abs(words) == 1 ? one : many,
                            words > 0 ? "on" : "back"));
    };
    along(step.rows, "row", "rows");
    along(step.columns, "column", "columns");
    if (step.elsewhere) add("to other channels, pictures or groups");
    return out;
}

}  // namespace

Term TensorStory::wholeTiles(int l) {
    std::vector<Term> fetching;
    int mover = -1;
    for (int i = nest_.begin[l] - 1; i >= 0; --i) {
        if (!scene_.temporal(i)) continue;
        const bool moves = indexes(t_, nest_.loops[i].dim);
        if (mover < 0 && !moves) {
            page_.say(4, scene_.loopText(i) + " does not move the tile: it stays (stationary)");
            continue;
        }
        page_.say(4, moves ? fmt::format("{} moves the tile: {}", scene_.loopText(i),
                                         outputs() ? "it leaves and another one starts or returns"
                                                   : "a new one every iteration")
                           : fmt::format("{} does not move it, but {} inside does: all of them again",
                                         scene_.loopText(i), scene_.loopText(mover)));
        if (mover < 0) mover = i;
        fetching.insert(fetching.begin(), scene_.loop(i));
    }
    if (mover < 0) page_.say(4, "no loop above moves it: once");
    fetching.insert(fetching.begin(), Term(tile_));
    return Term(page_.line(4, outputs() ? "words that leave" : "words to fetch", product(fetching), "words"));
}

Term TensorStory::slidingWords(int l) {
    TileSteps steps(scene_.rules);
    double brought = 0, slab = tile_;
    int mover = -1;
    for (int i = nest_.begin[l] - 1; i >= 0; --i) {
        if (!scene_.temporal(i)) continue;
        const Dim d = nest_.loops[i].dim;
        const int axis = indexes(t_, d) ? index(axisOf(t_, d)) : -1;
        const double words = scene_.geometry.step[i] * double(scene_.problem.step(t_, d));
        const TileStep step = steps.next(axis, words, nest_.bounds[i]);
        if (mover < 0 && axis < 0) {
            page_.say(4, scene_.loopText(i) + " does not move the tile: it stays (stationary)");
            continue;
        }
        if (mover < 0) {
            mover = i;
            slab = tellSlab(l, i, axis, words, step);
        } else {
            tellStep(i, mover, axis >= 0, step, slab);
        }
        const Term times = scene_.loop(i) - Term(1);
        Term sum = brought > 0 ? scene_.loop(i) * Term(brought) : Term(0);
        const double fresh = step.fresh == Fresh::Whole ? tile_ : step.fresh == Fresh::Slab ? slab : 0;
        sum = brought > 0 ? sum + times * Term(fresh) : times * Term(fresh);
        brought = page_.line(6, "brought by these steps and those inside", sum, "words");
    }
    if (mover < 0) page_.say(4, "no loop above moves it: fetched once");
    return Term(page_.line(4, "words to fetch, the first tile included", Term(tile_) + Term(brought), "words"));
}

double TensorStory::tellSlab(int l, int i, int axis, double words, const TileStep& step) {
    const bool rows = axis == index(Axis::Rows), columns = axis == index(Axis::Columns);
    const double length = rows      ? inputRows(scene_.problem, scene_.extent(l))
                          : columns ? inputColumns(scene_.problem, scene_.extent(l))
                                    : 0;
    const std::string how = scene_.loopText(i) + " moves the tile " + displacement(step);
    if (words >= length) {
        page_.say(4, how + ": no overlap with the tile before, a step brings all of it");
        return tile_;
    }
    page_.say(4, fmt::format("{}: the window slides, {} of its {} {} are there already", how,
                             numberText(length - words), numberText(length), rows ? "rows" : "columns"));
    return page_.line(6, "a step brings", Term(tile_) * Term(words) / Term(rows ? "rows" : "columns", length), "words");
}

void TensorStory::tellStep(int i, int mover, bool moves, const TileStep& step, double slab) {
    const std::string loop = scene_.loopText(i), inner = scene_.loopText(mover);
    if (step.fresh == Fresh::Nothing)
        return page_.say(4, loop + " puts the tile back to where it was: its step brings nothing");
    if (step.fresh == Fresh::Whole && !moves)
        return page_.say(
            4, fmt::format("{} does not move the tile, but {} inside did: the whole tile again", loop, inner));
    std::string how = loop + " puts the tile " + displacement(step) + " from where it was";
    if (scene_.rules.second_iteration_is_last) how += " (each loop inside counted as one step on)";
    page_.say(4, step.fresh == Fresh::Slab
                     ? fmt::format("{}: the same as a step of {}, so {} words", how, inner, numberText(slab))
                     : fmt::format("{}: not the step of {}, so the whole tile", how, inner));
}

}  // namespace dna::costmodel::loopnest
