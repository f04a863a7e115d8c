// Tells how counts come about. Follows the demand from the MACs outwards, one tensor after the other: what a level is
// asked for, what it has to fetch for that, and what it so asks the level above for. Numbers are made of `Term`s, whose
// text and value come from the same operands, so that what is written is what is computed.
#include "costmodel/loopnest/explain.h"

#include <fmt/format.h>

#include <vector>

#include "core/base/error.h"

namespace dna::costmodel::loopnest {

std::string numberText(double value) {
    std::string text = value == std::floor(value) && std::abs(value) < 1e16 ? fmt::format("{:.0f}", value + 0.0)
                                                                            : fmt::format("{:.12g}", value);
    if (text.find_first_of("en") != std::string::npos) return text;
    const size_t first = text[0] == '-';
    for (size_t at = std::min(text.find('.'), text.size()); at > first + 3; at -= 3) text.insert(at - 3, ",");
    return text;
}

namespace {

// ---------------------------------------------------------------------------------------------------- arithmetic

/// A value with the expression it comes from.
struct Term {
    enum Binding { Sum, Product, Atom };
    std::string text;
    double value = 0;
    Binding binding = Atom;

    Term(double v) : text(numberText(v)), value(v) {}
    Term(std::string_view label, double v) : text(fmt::format("{} {}", label, numberText(v))), value(v) {}
    Term(std::string t, double v, Binding b) : text(std::move(t)), value(v), binding(b) {}
    std::string inside(Binding at_least) const { return binding < at_least ? "(" + text + ")" : text; }
    /// The same number with nothing but itself as text.
    Term plain() const { return Term(value); }
};
Term operator+(const Term& a, const Term& b) { return {a.text + " + " + b.text, a.value + b.value, Term::Sum}; }
Term operator-(const Term& a, const Term& b) {
    return {a.text + " - " + b.inside(Term::Product), a.value - b.value, Term::Sum};
}
Term operator*(const Term& a, const Term& b) {
    return {a.inside(Term::Product) + " x " + b.inside(Term::Product), a.value * b.value, Term::Product};
}
Term operator/(const Term& a, const Term& b) {
    return {a.inside(Term::Product) + " / " + b.inside(Term::Atom), a.value / b.value, Term::Product};
}
Term product(const std::vector<Term>& factors) {
    if (factors.empty()) return Term(1);
    Term all = factors[0];
    for (size_t i = 1; i < factors.size(); ++i) all = all * factors[i];
    return all;
}

/// Collects indented lines.
class Page {
public:
    void say(int indent, const std::string& text) { text_ += std::string(size_t(indent), ' ') + text + "\n"; }
    /// One line of arithmetic; returns its value.
    double line(int indent, std::string_view label, const Term& term, std::string_view unit = "",
                const std::string& comment = "") {
        say(indent, fmt::format("{}: {} = {}{}{}{}{}", label, term.text, numberText(term.value),
                                unit.empty() ? "" : " ", unit, comment.empty() ? "" : "; ", comment));
        return term.value;
    }
    /// The same for a count: whole words.
    double count(int indent, std::string_view label, const Term& term) {
        return count(indent, label, term, std::round(term.value));
    }
    double count(int indent, std::string_view label, const Term& term, double whole) {
        line(indent, label, term, "words", whole == term.value ? "" : fmt::format("counted as {}", numberText(whole)));
        return whole;
    }
    void blank() { text_ += "\n"; }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

// ---------------------------------------------------------------------------------------------------- the nest

/// What all parts of the derivation look at.
struct Scene {
    const Problem& problem;
    const Architecture& architecture;
    const Convention& rules;
    Nest nest;
    detail::Geometry<double> geometry;
    std::vector<double> instances;  ///< in use, per level; last: MACs
    double compute_cycles = 1;

    const std::string& name(int l) const {
        static const std::string mac = "MAC";
        return l < nest.level_count ? architecture.levels[l].name : mac;
    }
    bool temporal(int i) const { return nest.loops[i].kind == LoopKind::Temporal; }
    std::string_view dim(int i) const { return kDimNames.substr(size_t(index(nest.loops[i].dim)), 1); }
    Term loop(int i) const { return {dim(i), nest.bounds[i]}; }
    /// "Q 14 at GLB"
    std::string loopText(int i) const {
        return fmt::format("{} {} at {}", dim(i), numberText(nest.bounds[i]), name(nest.loops[i].level));
    }
    /// The factors of the loops [from, to) of one sort, outer to inner.
    std::vector<Term> factors(int from, int to, bool want_temporal) const {
        std::vector<Term> out;
        for (int i = from; i < to; ++i)
            if (temporal(i) == want_temporal) out.push_back(loop(i));
        return out;
    }
    const PerDim<double>& extent(int l) const { return geometry.extent[l]; }
};

Scene sceneOf(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
              const Convention& rules) {
    Scene scene{problem, architecture, rules, flatten(mapping), {}, {}, 1};
    scene.geometry = detail::geometry<double>(scene.nest, scene.nest.bounds);
    double instances = 1;
    for (int l = 0; l <= scene.nest.level_count; ++l) {
        scene.instances.push_back(instances);
        if (l == scene.nest.level_count) break;
        for (int i = scene.nest.begin[l]; i < scene.nest.begin[l + 1]; ++i)
            (scene.temporal(i) ? scene.compute_cycles : instances) *= scene.nest.bounds[i];
    }
    return scene;
}

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

/// Words that one level's tile takes from the level above, and what the fan-out makes of them.
struct Supply {
    Term words = 0.0;      ///< of one receiver over the whole nest
    double receivers = 1;  ///< below one sender
    double distinct = 1;   ///< different tiles among them
    double spared = 0;     ///< reads of the sender that neighbours make needless
    double passed = 0;     ///< words that come from neighbours, all receivers of a sender
};

// ---------------------------------------------------------------------------------------------------- one tensor

class TensorStory {
public:
    TensorStory(const Scene& scene, Tensor t, Page& page, Explanation& out)
        : scene_(scene), nest_(scene.nest), t_(t), page_(page), out_(out) {}

    void tell() {
        page_.say(0, std::string(kTensorNames[index(t_)]));
        const int last = nest_.level_count - 1;
        page_.say(2, fmt::format("the MACs: every cycle each of them {}",
                                 t_ == Tensor::Outputs ? "adds to one output" : "takes one operand"));
        Supply macs;
        macs.words = Term("cycles", scene_.compute_cycles);
        tellFanout(last, macs);
        askAbove(last + 1, macs, nullptr);
        for (int l = last; l >= 0; --l) level(l);
        page_.blank();
    }

private:
    bool outputs() const { return t_ == Tensor::Outputs; }
    bool keeps(int l) const { return nest_.keeps[l][index(t_)]; }
    bool slides() const { return t_ == Tensor::Inputs && scene_.rules.halo_reuse; }

    void level(int l) {
        const double instances = scene_.instances[l];
        if (!keeps(l)) {
            page_.say(2,
                      fmt::format("{}: keeps none, {} pass by", scene_.name(l), outputs() ? "partial sums" : "words"));
        } else {
            page_.say(2, fmt::format("{}, per instance ({} in use)", scene_.name(l), numberText(instances)));
            tellTile(l);
        }
        Supply supply;
        const bool forwards =
            l > 0 && t_ == Tensor::Inputs && scene_.rules.neighbour_forwarding && mayForward(nest_, l, scene_.rules);
        if (l > 0 && (keeps(l) || forwards)) {
            if (!keeps(l)) tellTile(l);
            supply.words = slides() ? slidingWords(l) : wholeTiles(l);
        }
        if (l > 0) {
            tellFanout(l - 1, supply);
            if (forwards) tellForwarding(l, supply);
        }
        if (keeps(l)) tellCounts(l, supply);
        if (l > 0) askAbove(l, supply, keeps(l) ? nullptr : &forwards);
    }

    void tellTile(int l) {
        const PerDim<double>& at = scene_.extent(l);
        std::vector<Term> factors;
        const auto dims = [&](std::string_view letters) {
            for (const char& c : letters) factors.push_back({std::string_view(&c, 1), at[kDimNames.find(c)]});
        };
        if (t_ == Tensor::Weights) dims("CMRSG");
        if (t_ == Tensor::Outputs) dims("NMPQG");
        if (t_ == Tensor::Inputs) {
            const auto extent = [&](const char* label, Dim moved, double stride, Dim kernel, double dilation) {
                const Term term =
                    (Term(kDimNames.substr(size_t(index(moved)), 1), at[index(moved)]) - Term(1)) * Term(stride) +
                    (Term(kDimNames.substr(size_t(index(kernel)), 1), at[index(kernel)]) - Term(1)) * Term(dilation) +
                    Term(1);
                return page_.line(4, label, term);
            };
            dims("NCG");
            factors.push_back({"rows", extent("rows of the tile", Dim::P, double(scene_.problem.stride_p), Dim::R,
                                              double(scene_.problem.dilation_r))});
            factors.push_back({"columns", extent("columns of the tile", Dim::Q, double(scene_.problem.stride_q), Dim::S,
                                                 double(scene_.problem.dilation_s))});
        }
        tile_ = page_.line(4, "tile", product(factors), "words");
        if (keeps(l)) out_.counts[l][index(t_)].tile_words = tile_;
    }

    /// Whole tiles: a loop that moves the tile, and every loop around it, fetches it again.
    Term wholeTiles(int l) {
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

    /// Sliding window: follows the tile through the loops above, innermost first, and adds up what the steps bring.
    Term slidingWords(int l) {
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

    /// The innermost loop that moves the tile; returns the words that one of its steps brings.
    double tellSlab(int l, int i, int axis, double words, const TileStep& step) {
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
        return page_.line(6, "a step brings", Term(tile_) * Term(words) / Term(rows ? "rows" : "columns", length),
                          "words");
    }

    /// A loop around the sliding one; `moves`: it indexes the tensor itself.
    void tellStep(int i, int mover, bool moves, const TileStep& step, double slab) {
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

    /// How many instances the level below `l` has under one instance, and how many different tiles they need.
    void tellFanout(int l, Supply& supply) {
        std::vector<Term> receivers, different;
        PerDim<double> spread;
        spread.fill(1);
        for (int i = nest_.begin[l]; i < nest_.begin[l + 1]; ++i) {
            if (scene_.temporal(i)) continue;
            const Dim d = nest_.loops[i].dim;
            receivers.push_back(scene_.loop(i));
            if (!indexes(t_, d)) continue;
            const Axis axis = axisOf(t_, d);
            if (t_ == Tensor::Inputs && (axis == Axis::Rows || axis == Axis::Columns))
                spread[index(d)] *= nest_.bounds[i];
            else
                different.push_back(scene_.loop(i));
        }
        if (receivers.empty()) return;
        supply.receivers = page_.line(4, "fan-out", product(receivers), "",
                                      fmt::format("{} below one {}", scene_.name(l + 1), scene_.name(l)));
        addWindows(l, spread, Dim::P, Dim::R, "rows", different);
        addWindows(l, spread, Dim::Q, Dim::S, "columns", different);
        const std::string label = fmt::format("different {}", outputs() ? "output tiles" : "tiles");
        const double distinct = product(different).value;
        std::string comment;
        if (outputs() && distinct < supply.receivers)
            comment = "partial sums for the same outputs are added on the way and arrive as one update";
        else if (distinct < supply.receivers)
            comment = "one read serves all that need the same tile (multicast)";
        supply.distinct = page_.line(4, label, product(different), "", comment);
    }

    /// Windows of neighbours along rows or columns: some combinations of a and b need the same one (diagonals).
    void addWindows(int l, const PerDim<double>& spread, Dim a, Dim b, const char* label,
                    std::vector<Term>& different) {
        const double n = spread[index(a)], m = spread[index(b)];
        if (n * m == 1) return;
        const PerDim<double>& tile = scene_.extent(l + 1);
        const double sa = tile[index(a)] * double(scene_.problem.step(t_, a)),
                     sb = tile[index(b)] * double(scene_.problem.step(t_, b));
        const double g = double(std::gcd(int64_t(sa), int64_t(sb)));
        Term term = Term(kDimNames.substr(size_t(index(a)), 1), n) * Term(kDimNames.substr(size_t(index(b)), 1), m);
        if (n == 1 || m == 1) {
            different.push_back(Term(label, n * m));
            return;
        }
        std::string comment = "no two begin at the same place";
        if (n > sb / g && m > sa / g) {
            term = term - (Term(n) - Term(sb / g)) * (Term(m) - Term(sa / g));
            comment = "the others begin where one of these does (diagonals)";
        }
        different.push_back(Term(label, page_.line(4, fmt::format("different {}", label), term, "", comment)));
    }

    void tellForwarding(int l, Supply& supply);

    void tellCounts(int l, const Supply& supply) {
        TensorCounts<double>& count = out_.counts[l][index(t_)];
        const bool outermost = l == 0;
        if (!outputs()) {
            Term reads("asked from below", asked_);
            Term fills = supply.words;
            if (supply.passed > 0) {
                const double over = scene_.rules.forwarded_of_one_sender ? scene_.instances[l] : supply.receivers;
                const Term passed = Term("passed to neighbours", supply.passed) / Term(over);
                reads = reads + passed;
                if (over != supply.receivers)
                    fills = fills - Term("passed on here", supply.passed) / Term(supply.receivers) + passed;
                count.forwarded = passed.value;
            }
            count.reads = reads.value;
            count.fills = outermost ? 0 : fills.value;
            roundAverages(count, t_, scene_.rules);
            page_.count(4, "reads", reads, count.reads);
            if (!outermost) page_.count(4, "fills", fills, count.fills);
        } else {
            tellOutputCounts(l, supply, count);
        }
        tellEnergy(l, count);
    }

    /// Partial sums: the first one into a word reads nothing, here and at the level above.
    void tellOutputCounts(int l, const Supply& supply, TensorCounts<double>& count) {
        count.updates = page_.count(4, "updates", Term("arriving from below", asked_));
        Term first(0);
        if (scene_.rules.first_read_elision) {
            first = Term(freshWords(l));
            page_.say(4, "the first sum into each of these words reads nothing, and nothing is fetched for it");
        }
        count.reads = page_.count(4, "reads", Term(asked_) - first);
        if (l == 0) return;
        Term fills = supply.words - first;
        if (!scene_.rules.refill_every_reducer) {
            const double share = refillShare(l);
            fills = fills * Term("share", share);
        }
        const bool everyone = scene_.rules.refill_every_reducer;
        count.fills = everyone ? page_.count(4, "fills", fills) : page_.line(4, "fills", fills, "words on average");
        if (fills.value > 0 && supply.distinct < supply.receivers && everyone)
            page_.say(4, "a partial sum that comes back fills every one that adds to it");
    }

    /// Output words of one instance that start from nothing: all outputs over the different ones among instances.
    double freshWords(int l) {
        std::vector<Term> all;
        for (const char& c : std::string_view("NMPQG"))
            all.push_back({std::string_view(&c, 1), scene_.extent(0)[kDimNames.find(c)]});
        Term words = product(all);
        for (int k = 0; k < l; ++k)
            for (int i = nest_.begin[k]; i < nest_.begin[k + 1]; ++i)
                if (!scene_.temporal(i) && indexes(t_, nest_.loops[i].dim)) words = words / scene_.loop(i);
        return page_.line(4, "outputs of one instance over the whole layer", words, "words");
    }
    /// Share of the receivers that a returning partial sum fills where only one of those that reduce together is.
    double refillShare(int l) const {
        double share = 1;
        for (int k = 0; k < l; ++k) {
            if (keeps(k)) share = 1;
            for (int i = nest_.begin[k]; i < nest_.begin[k + 1]; ++i)
                if (!scene_.temporal(i) && !indexes(t_, nest_.loops[i].dim)) share /= nest_.bounds[i];
        }
        return share;
    }

    void tellEnergy(int l, const TensorCounts<double>& count) {
        const WordEnergy& price = scene_.architecture.levels[l].energy;
        Term sum(0);
        bool any = false;
        const auto add = [&](const char* label, double words, double pj) {
            if (words == 0) return;
            const Term part = Term(label, words) * Term(pj);
            sum = any ? sum + part : part;
            any = true;
        };
        add("reads", count.reads, price.read_pj);
        add("fills", count.fills, price.fill_pj);
        add("updates", count.updates, price.update_pj);
        out_.energy_pj += page_.line(4, "energy", Term("instances", scene_.instances[l]) * sum, "pJ");
    }

    /// What one instance of the level above is asked for. `bypass`: null for a level that keeps the tensor (its fetches
    /// ask), else whether neighbours forward at this point (the demand from below passes through).
    void askAbove(int l, const Supply& supply, const bool* bypass) {
        const std::string label = fmt::format("{} {}", outputs() ? "brings" : "asks", scene_.name(l - 1));
        if (!bypass) {
            Term ask = supply.words;
            if (supply.distinct > 1 || supply.receivers > 1) ask = ask * Term("different", supply.distinct);
            if (supply.spared > 0) ask = ask - Term("spared", supply.spared);
            asked_ = page_.line(4, label, ask, "words");
        } else if (*bypass) {
            const double reads = supply.words.value * supply.distinct - supply.spared;
            const double arrivals = supply.words.value * supply.receivers - supply.passed;
            asked_ = page_.line(
                4, label,
                Term("from below", asked_) * Term(supply.receivers) * Term("read", reads) / Term("arriving", arrivals),
                "words");
        } else {
            asked_ = page_.line(4, label, Term("from below", asked_) * Term("different", supply.distinct), "words");
        }
    }

    const Scene& scene_;
    const Nest& nest_;
    const Tensor t_;
    Page& page_;
    Explanation& out_;
    double tile_ = 0;   ///< words of the tile told last
    double asked_ = 0;  ///< words that one instance of the present level is asked for
};

/// Words that neighbours hand over: a step that brings the same shape as the step before it, to a receiver whose
/// neighbour held just these words.
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

// ---------------------------------------------------------------------------------------------------- the rest

void tellLayer(const Scene& scene, Page& page) {
    std::vector<Term> dims;
    for (int d = 0; d < kDims; ++d) dims.push_back({kDimNames.substr(size_t(d), 1), double(scene.problem.bounds[d])});
    page.line(0, "multiply-accumulates", product(dims));
    page.say(0, fmt::format("strides {} (rows) and {} (columns), dilations {} and {}", scene.problem.stride_p,
                            scene.problem.stride_q, scene.problem.dilation_r, scene.problem.dilation_s));
    page.line(0, "cycles of the MACs", product(scene.factors(0, scene.nest.loop_count, true)), "",
              "the temporal loops");
    page.line(0, "MACs in use", product(scene.factors(0, scene.nest.loop_count, false)), "", "the spatial loops");
    for (int l = 0; l < scene.nest.level_count; ++l)
        if (scene.architecture.levels[l].stores() && scene.instances[l] > 1)
            page.line(0, fmt::format("{} in use", scene.name(l)),
                      product(scene.factors(0, scene.nest.begin[l], false)));
    page.blank();
}

/// Which bandwidth decides. The quotients are exact up to the last digit; the count of cycles is `evaluate`'s, which
/// rounds as the reference does.
void tellCycles(const Scene& scene, const Explanation& out, const Evaluation& evaluation, Page& page) {
    page.say(0, "Cycles (throughput only: no fill, no drain, transfers overlap)");
    std::string decides = "the MACs";
    double most = scene.compute_cycles;
    const auto traffic = [&](int l, const char* what, const Term& words, double bandwidth) {
        if (words.value == 0 || bandwidth == kUnlimited) return;
        const double cycles =
            page.line(2, fmt::format("{} {}", scene.name(l), what), words / Term("a cycle", bandwidth), "cycles");
        if (std::ceil(cycles) > most) most = std::ceil(cycles), decides = fmt::format("{} of {}", what, scene.name(l));
    };
    page.line(2, "MACs", Term(scene.compute_cycles), "cycles");
    for (int l = 0; l < scene.nest.level_count; ++l) {
        const auto& c = out.counts[l];
        traffic(l, "reads", Term("W", c[0].reads) + Term("I", c[1].reads) + Term("O", c[2].reads),
                scene.architecture.levels[l].read_bandwidth);
        traffic(l, "writes",
                Term("W", c[0].fills) + Term("I", c[1].fills) + Term("O", c[2].fills) + Term("O", c[2].updates),
                scene.architecture.levels[l].write_bandwidth);
    }
    page.say(2, fmt::format("{} cycles, decided by {}", numberText(evaluation.cycles), decides));
    page.blank();
}

void tellEnergy(const Scene& scene, Explanation& out, double levels_pj, Page& page) {
    page.say(0, "Energy");
    const double macs = scene.compute_cycles * scene.instances.back();
    const double mac_pj = page.line(2, "MACs", Term(macs) * Term(scene.architecture.mac_energy_pj), "pJ");
    out.energy_pj = page.line(2, "all", Term("levels", levels_pj) + Term("MACs", mac_pj), "pJ");
}

void tellCapacity(const Scene& scene, const Explanation& out, Page& page) {
    page.say(0, "Capacity of one instance");
    for (int l = 0; l < scene.nest.level_count; ++l) {
        const MemoryLevel& level = scene.architecture.levels[l];
        if (!level.stores() || level.capacity_words == kUnlimited) continue;
        const double there = scene.rules.double_buffered ? std::floor(level.capacity_words / 2) : level.capacity_words;
        const auto& c = out.counts[l];
        const Term need = Term("W", c[0].tile_words) + Term("I", c[1].tile_words) + Term("O", c[2].tile_words);
        page.line(
            2, level.name, need, "words",
            need.value > there
                ? fmt::format("{} more than the {} there are", numberText(need.value - there), numberText(there))
                : fmt::format("of {}{}", numberText(there), scene.rules.double_buffered ? ", half of the memory" : ""));
    }
    page.blank();
}

}  // namespace

Explanation explain(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
                    const Convention& rules) {
    const Scene scene = sceneOf(problem, architecture, mapping, rules);
    Explanation out;
    Page page;
    page.say(0, fmt::format("{} on {}", problem.name, architecture.name));
    page.blank();
    page.say(0, drawNest(architecture, mapping));
    tellLayer(scene, page);
    for (const Tensor t : {Tensor::Weights, Tensor::Inputs, Tensor::Outputs}) TensorStory(scene, t, page, out).tell();
    tellCapacity(scene, out, page);
    tellCycles(scene, out, evaluate(problem, architecture, scene.nest, rules), page);
    tellEnergy(scene, out, out.energy_pj, page);
    out.text = page.take();
    return out;
}

}  // namespace dna::costmodel::loopnest
