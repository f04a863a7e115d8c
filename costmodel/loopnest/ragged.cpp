// Turns a nest with short last tiles into counts. Every count is a product over dimensions (Inputs: over axes) of what
// a dimension contributes alone, and that is read off the digits of D - 1.
//
// The loops of a dimension of size D, inner to outer, are a mixed-radix number system: an iteration (i_1 ... i_n)
// starts at sum i_k E_k, where E_k is the product of the bounds inside, and happens if that is less than D, that is, if
// its digits are at most those of D - 1 in lexicographic order. Loops that do not count (an instance that is fixed,
// loops inside the position of a refresh, a fan-out that is served by one read) have digit 0.
#include "costmodel/loopnest/ragged.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"

namespace dna::costmodel::loopnest {
namespace {

struct DimLoop {
    LoopKind kind;
    uint8_t level;
    uint8_t place;  ///< in the nest
    double bound;
    double digit;  ///< of D - 1
    bool temporal() const { return kind == LoopKind::Temporal; }
    bool spreads(int from, int to) const { return !temporal() && level >= from && level < to; }
};

/// Tiles of a dimension and the sum of their lengths.
struct Tiles {
    double count = 1, units = 1;
};

/// Loops of a dimension above level `child` that count: temporal ones at places before `refresh`, spatial ones of
/// levels in [from, to).
struct Window {
    int child;
    int refresh;
    int from, to;
};

/// Words on their way between a level that keeps a tensor and the next inner one that does (or the MACs).
struct Transfer {
    Tensor tensor;
    int parent, child;
    int refresh;  ///< loops of the nest up to the innermost one that moves the child's tile
};

class RaggedNest {
public:
    RaggedNest(const Problem& problem, const Nest& nest) : problem_(problem), nest_(nest) {
        sortLoops();
        for (int d = 0; d < kDims; ++d) readDigits(d);
    }

    double size(Dim d) const { return double(problem_.bound(d)); }
    bool isRagged(Dim d) const { return extents_[0][index(d)] != size(d); }

    /// Tiles of level `w.child` in the iterations of `w`.
    Tiles tiles(Dim d, const Window& w) const {
        Tiles within{1, last_[w.child][index(d)]};   // in iterations that are D - 1 so far
        Tiles free{1, extents_[w.child][index(d)]};  // in those that are less
        for (int k = end_[w.child][index(d)] - 1; k >= begin_[index(d)]; --k) {
            const DimLoop& loop = loops_[k];
            if (counts(loop, w)) {
                within = {loop.digit * free.count + within.count, loop.digit * free.units + within.units};
                free = {loop.bound * free.count, loop.bound * free.units};
            } else if (loop.digit > 0) {
                within = free;
            }
        }
        return within;
    }

    /// Iterations of a dimension outside `w.refresh`, each divided by the members that a reducing group (instances in
    /// [w.from, w.to) below one parent) has in it; of the parent for which that is the most.
    double sharedIterations(Dim d, const Window& w) const {
        double inner = 1, group = 1;  // iterations and members inside
        const auto loops = [&](const auto& visit) {
            for (int k = begin_[index(d)]; k < end_[w.child][index(d)]; ++k) visit(loops_[k]);
        };
        loops([&](const DimLoop& loop) {
            if (loop.spreads(w.from, w.to)) group *= loop.bound;
            if (loop.temporal() && loop.place < w.refresh) inner *= loop.bound;
        });
        double sum = 0, most = 0, members = 0;
        bool ended = false;
        loops([&](const DimLoop& loop) {
            if (ended) return;
            if (loop.spreads(w.from, w.to)) {
                group /= loop.bound;
                members += loop.digit * group;
            } else if (loop.temporal() && loop.place < w.refresh) {
                inner /= loop.bound;
                if (loop.digit > 0) sum += loop.digit * inner / (members + group);
                if (members > 0) sum += (loop.bound - 1 - loop.digit) * inner / members;
            } else if (loop.digit > 0) {
                most = std::max(most, sum + inner / (members + group));  // an instance or iteration before the last
                ended = loop.temporal();
            }
        });
        return ended ? most : std::max(most, sum + 1 / (members + 1));
    }

    Transfer transfer(Tensor t, int parent, int child) const {
        if (child == nest_.level_count) return {t, parent, child, nest_.loop_count};
        int refresh = nest_.begin[child];
        const auto moves = [&](const Nest::Entry& loop) {
            return loop.kind == LoopKind::Temporal && indexes(t, loop.dim);
        };
        while (refresh > 0 && !moves(nest_.loops[refresh - 1])) --refresh;
        return {t, parent, child, refresh};
    }

    /// Words that move while the loops that do not index the tensor run up to `refresh`, counted at `end` of the
    /// transfer: at its parent (one for all that need the same) or child. `first` is 0 for all instances of that level,
    /// `end` for the first one alone.
    double moved(const Transfer& way, int end, int first, int refresh) const {
        double words = 1;
        for (int i = 0; i < kDims; ++i) {
            const Dim d = static_cast<Dim>(i);
            if (!indexes(way.tensor, d))
                words *= tiles(d, {way.child, refresh, first, end}).count;
            else if (way.tensor != Tensor::Inputs || !sharesAxis(d))
                words *= own(way, d, first).units;
        }
        if (way.tensor != Tensor::Inputs) return words;
        words *= inputAxis(way, Dim::P, Dim::R, end, first) * inputAxis(way, Dim::Q, Dim::S, end, first);
        return std::round(words);  // shares of different tiles are quotients
    }
    double moved(const Transfer& way, int end, int first) const { return moved(way, end, first, way.refresh); }
    /// Words of Outputs whose first sum arrives at `end`: in all instances, or in the first one.
    double fresh(const Transfer& way, int end, int first) const { return moved(way, end, first, 0); }

    /// Refills of the busiest child when active members of a reducing group share them evenly.
    double sharedRefills(const Transfer& way, bool elide_first) const {
        double words = 1, iterations = 1, first = 1;
        for (int i = 0; i < kDims; ++i) {
            const Dim d = static_cast<Dim>(i);
            if (indexes(way.tensor, d)) {
                words *= own(way, d, way.child).units;
                continue;
            }
            iterations *= sharedIterations(d, {way.child, way.refresh, way.parent, way.child});
            first /= tiles(d, {way.child, 0, way.parent, way.child}).count;
        }
        const double shares = words * (iterations - (elide_first ? first : 0));
        constexpr double kRounding = 1e-13;  // sums of fractions are as exact as that, relative to all of them
        return std::ceil(shares - words * iterations * kRounding);
    }

    /// Instances of a level (the last: MACs) that ever work.
    double instances(int level) const {
        double all = 1;
        for (int d = 0; d < kDims; ++d) all *= tiles(static_cast<Dim>(d), {level, 0, 0, level}).count;
        return all;
    }
    double timeSteps() const {
        double all = 1;
        for (int d = 0; d < kDims; ++d)
            all *= tiles(static_cast<Dim>(d), {nest_.level_count, nest_.loop_count, 0, 0}).count;
        return all;
    }
    double largestTile(int level, Tensor t) const {
        PerDim<double> extent;
        for (int d = 0; d < kDims; ++d) extent[d] = std::min(extents_[level][d], double(problem_.bounds[d]));
        return tileWords(problem_, t, extent);
    }

private:
    static bool sharesAxis(Dim d) { return d == Dim::P || d == Dim::Q || d == Dim::R || d == Dim::S; }
    static bool counts(const DimLoop& loop, const Window& w) {
        return loop.temporal() ? loop.place < w.refresh : loop.spreads(w.from, w.to);
    }
    /// By dimension; within one, the order of the nest stays.
    void sortLoops() {
        PerDim<int> next{};
        for (int i = 0; i < nest_.loop_count; ++i) ++next[index(nest_.loops[i].dim)];
        for (int d = 0, sum = 0; d < kDims; ++d) sum += std::exchange(next[d], sum);
        begin_ = end_[0] = next;
        for (int l = 0; l < nest_.level_count; ++l) {
            for (int i = nest_.begin[l]; i < nest_.begin[l + 1]; ++i) {
                const Nest::Entry& loop = nest_.loops[i];
                loops_[next[index(loop.dim)]++] = {loop.kind, loop.level, uint8_t(i), nest_.bounds[i], 0};
            }
            end_[l + 1] = next;
        }
    }
    void readDigits(int d) {
        int64_t rest = problem_.bounds[d] - 1;
        double extent = 1, last = 1;
        extents_[nest_.level_count][d] = last_[nest_.level_count][d] = 1;
        counts_[nest_.level_count][d] = double(problem_.bounds[d]);
        for (int l = nest_.level_count - 1; l >= 0; --l) {
            for (int k = end_[l + 1][d] - 1; k >= end_[l][d]; --k) {
                const int64_t bound = int64_t(loops_[k].bound);
                loops_[k].digit = double(rest % bound);
                rest /= bound;
                last += loops_[k].digit * extent;
                extent *= loops_[k].bound;
            }
            extents_[l][d] = extent;
            last_[l][d] = last;
            counts_[l][d] = double(rest + 1);
        }
    }

    /// Tiles of the child along a dimension that moves it, below one instance of level `first` (0: all).
    Tiles own(const Transfer& way, Dim d, int first) const {
        if (first == 0) return {counts_[way.child][index(d)], size(d)};
        return tiles(d, {way.child, nest_.loop_count, first, way.child});
    }
    /// Rows (columns) of Inputs: the sum of (p - 1) stride + (r - 1) dilation + 1 over all pairs of tiles.
    double inputAxis(const Transfer& way, Dim a, Dim b, int end, int first) const {
        const Tiles p = own(way, a, first), r = own(way, b, first);
        const double sum = (p.units - p.count) * r.count * double(problem_.step(Tensor::Inputs, a)) +
                           (r.units - r.count) * p.count * double(problem_.step(Tensor::Inputs, b)) + p.count * r.count;
        return sum * differentShare(way, a, b, end);
    }
    /// Share of different tiles where fan-outs on the way spread Inputs by both dimensions of an axis.
    double differentShare(const Transfer& way, Dim a, Dim b, int end) const {
        double share = 1;
        for (int l = end; l < way.child; ++l) {
            const double n = spread(l, a), m = spread(l, b);
            if (n == 1 || m == 1) continue;
            DNA_CHECK(!isRagged(a) && !isRagged(b), "diagonals of ragged tiles are not counted");
            const PerDim<double>& tile = extents_[l + 1];
            share *= detail::distinctSums(n, tile[index(a)] * double(problem_.step(Tensor::Inputs, a)), m,
                                          tile[index(b)] * double(problem_.step(Tensor::Inputs, b))) /
                     (n * m);
        }
        return share;
    }
    double spread(int level, Dim d) const {
        double all = 1;
        for (int k = end_[level][index(d)]; k < end_[level + 1][index(d)]; ++k)
            if (!loops_[k].temporal()) all *= loops_[k].bound;
        return all;
    }

    const Problem& problem_;
    const Nest& nest_;
    std::array<DimLoop, kMaxLoops> loops_;                ///< by dimension, outer to inner
    PerDim<int> begin_;                                   ///< first loop of a dimension
    std::array<PerDim<int>, kMaxLevels + 1> end_;         ///< behind its last one above a level
    std::array<PerDim<double>, kMaxLevels + 1> extents_;  ///< of the tile of a level that is not cut
    std::array<PerDim<double>, kMaxLevels + 1> last_;     ///< of the last one
    std::array<PerDim<double>, kMaxLevels + 1> counts_;   ///< of tiles
};

/// Counts of one tensor, from the MACs outwards.
class TensorCounter {
public:
    TensorCounter(const RaggedNest& ragged, const Convention& rules, Tensor t, RaggedEvaluation& out)
        : ragged_(ragged), rules_(rules), t_(t), out_(out) {}

    void count(const Nest& nest) {
        int child = nest.level_count;
        for (int l = nest.level_count - 1; l >= 0; --l) {
            if (!nest.keeps[l][index(t_)]) continue;
            at(out_.totals, l).tile_words = at(out_.busiest, l).tile_words = ragged_.largestTile(l, t_);
            const Transfer way = ragged_.transfer(t_, l, child);
            send(way, at(out_.totals, l), 0);
            send(way, at(out_.busiest, l), l);
            if (child < nest.level_count) {
                at(out_.totals, child).fills = arrivals(way, 0);
                at(out_.busiest, child).fills = busiestArrivals(way);
            }
            child = l;
        }
    }

private:
    using Counts = std::array<PerTensor<TensorCounts<double>>, kMaxLevels>;
    TensorCounts<double>& at(Counts& counts, int level) const { return counts[level][index(t_)]; }
    bool elides() const { return t_ == Tensor::Outputs && rules_.first_read_elision; }
    bool refillsOne() const { return t_ == Tensor::Outputs && !rules_.refill_every_reducer; }

    /// What the parent reads, and is given back, for what is below it.
    void send(const Transfer& way, TensorCounts<double>& parent, int first) const {
        const double words = ragged_.moved(way, way.parent, first);
        parent.reads = words - (elides() ? ragged_.fresh(way, way.parent, first) : 0);
        if (t_ == Tensor::Outputs) parent.updates = words;
    }
    double arrivals(const Transfer& way, int first) const {
        if (refillsOne()) return at(out_.totals, way.parent).reads;  // each partial sum that is read goes to one child
        return ragged_.moved(way, way.child, first) - (elides() ? ragged_.fresh(way, way.child, first) : 0);
    }
    double busiestArrivals(const Transfer& way) const {
        return refillsOne() ? ragged_.sharedRefills(way, elides()) : arrivals(way, way.child);
    }

    const RaggedNest& ragged_;
    const Convention& rules_;
    Tensor t_;
    RaggedEvaluation& out_;
};

std::optional<std::string> unsupportedRule(const Convention& rules) {
    if (rules.halo_reuse) return "ragged tiles are not counted with sliding windows";
    if (rules.neighbour_forwarding) return "ragged tiles are not counted with forwarding";
    if (rules.second_iteration_is_last) return "ragged tiles need true last iterations";
    return std::nullopt;
}

double energyPj(const PerTensor<TensorCounts<double>>& counts, const WordEnergy& price) {
    double energy = 0;
    for (const TensorCounts<double>& count : counts)
        energy += count.reads * price.read_pj + count.fills * price.fill_pj + count.updates * price.update_pj;
    return energy;
}

}  // namespace

std::optional<std::string> raggedDefect(const Problem& problem, const Architecture& architecture, const Nest& nest,
                                        const Convention& rules) {
    if (auto rule = unsupportedRule(rules)) return rule;
    PerDim<double> covered;
    covered.fill(1);
    std::array<PerDim<bool>, kMaxLevels> spread{};
    for (int i = 0; i < nest.loop_count; ++i) {
        covered[index(nest.loops[i].dim)] *= nest.bounds[i];
        if (nest.loops[i].kind != LoopKind::Temporal) spread[nest.loops[i].level][index(nest.loops[i].dim)] = true;
    }
    for (int l = 0; l < nest.level_count; ++l)
        for (const auto& [a, b] : {std::pair{Dim::P, Dim::R}, std::pair{Dim::Q, Dim::S}})
            for (const Dim d : {a, b})
                if (spread[l][index(a)] && spread[l][index(b)] && covered[index(d)] != double(problem.bound(d)))
                    return fmt::format(
                        "{}: {} and {} spread Inputs along one axis and {} is ragged ({} in tiles that cover "
                        "{:.0f}); such diagonals are not counted",
                        architecture.levels[l].name, kDimNames[index(a)], kDimNames[index(b)], kDimNames[index(d)],
                        problem.bound(d), covered[index(d)]);
    return std::nullopt;
}

RaggedEvaluation evaluateRagged(const Problem& problem, const Architecture& architecture, const Nest& nest,
                                const Convention& rules) {
    DNA_CHECK(!unsupportedRule(rules), "rules that ragged tiles are not counted with");
    const RaggedNest ragged(problem, nest);
    RaggedEvaluation out;
    out.level_count = nest.level_count;
    for (int t = 0; t < kTensors; ++t) TensorCounter(ragged, rules, static_cast<Tensor>(t), out).count(nest);
    out.macs = 1;
    for (const int64_t bound : problem.bounds) out.macs *= double(bound);
    out.pes = ragged.instances(nest.level_count);
    out.compute_cycles = out.cycles = ragged.timeSteps();
    out.energy_pj = out.macs * architecture.mac_energy_pj;
    for (int l = 0; l < nest.level_count; ++l) {
        const MemoryLevel& level = architecture.levels[l];
        out.instances[l] = ragged.instances(l);
        out.energy_pj += energyPj(out.totals[l], level.energy);
        out.level_cycles[l] = levelCycles(out.busiest[l], level, out.compute_cycles);
        out.cycles = std::max(out.cycles, out.level_cycles[l]);
    }
    return out;
}

void checkExact(const RaggedEvaluation& evaluation, const Problem& problem) {
    for (int l = 0; l < evaluation.level_count; ++l)
        for (const TensorCounts<double>& count : evaluation.totals[l])
            for (const double words : {count.reads, count.fills, count.updates})
                if (words > double(base::kMaxInteger))
                    throw base::InputError(
                        problem.name, "",
                        fmt::format("counts exceed 2^53 ({:.3g} words) and would not be exact", words));
}

Evaluation averages(const RaggedEvaluation& evaluation) {
    Evaluation out;
    out.access.level_count = evaluation.level_count;
    out.access.compute_cycles = evaluation.compute_cycles;
    out.access.pes = evaluation.pes;
    for (int l = 0; l < evaluation.level_count; ++l) {
        const double n = out.access.instances[l] = evaluation.instances[l];
        for (int t = 0; t < kTensors; ++t) {
            const TensorCounts<double>& total = evaluation.totals[l][t];
            out.access.counts[l][t] = {total.tile_words, total.reads / n, total.fills / n, total.updates / n};
        }
    }
    out.level_cycles = evaluation.level_cycles;
    out.cycles = evaluation.cycles, out.energy_pj = evaluation.energy_pj, out.macs = evaluation.macs;
    return out;
}

}  // namespace dna::costmodel::loopnest
