// Turns a mapping whose last tiles are short into explicit loops, places the tiles of every pair of adjacent storages
// in time and space, cuts them to the layer, and adds up what moves.
#include "tests/costmodel/loopnest/ragged_walker.h"

#include <algorithm>
#include <optional>

#include "tests/costmodel/loopnest/boxes.h"

namespace dna::costmodel::loopnest {
namespace {

using Steps = PerDim<int64_t>;

struct WalkLoop {
    Dim dim;
    LoopKind kind;
    int level;
    int64_t bound;
    int64_t step;  ///< product of the loops over `dim` inside
    bool temporal() const { return kind == LoopKind::Temporal; }
};
using Loops = std::vector<WalkLoop>;

Loops loopsOf(const Mapping& mapping) {
    Loops loops;
    for (int l = 0; l < int(mapping.levels.size()); ++l)
        for (const Loop& loop : mapping.levels[l].loops)
            if (loop.bound > 1) loops.push_back({loop.dim, loop.kind, l, loop.bound, 1});
    Steps inside;
    inside.fill(1);
    for (auto loop = loops.rbegin(); loop != loops.rend(); ++loop) {
        loop->step = inside[index(loop->dim)];
        inside[index(loop->dim)] *= loop->bound;
    }
    return loops;
}

/// All index tuples of some loops in the order of execution.
std::vector<std::vector<int64_t>> tuplesOf(const Loops& loops) {
    std::vector<std::vector<int64_t>> out;
    std::vector<int64_t> at(loops.size(), 0);
    for (bool more = true; more;) {
        out.push_back(at);
        more = false;
        for (size_t i = at.size(); i-- > 0 && !more;) {
            more = ++at[i] < loops[i].bound;
            if (!more) at[i] = 0;
        }
    }
    return out;
}

/// Where the loops above a level have taken its tile.
Steps startAbove(const Loops& loops, const std::vector<int64_t>& at, int level) {
    Steps start{};
    for (size_t i = 0; i < loops.size(); ++i)
        if (loops[i].level < level) start[index(loops[i].dim)] += at[i] * loops[i].step;
    return start;
}

Steps plus(const Steps& a, const Steps& b) {
    Steps out;
    for (int d = 0; d < kDims; ++d) out[d] = a[d] + b[d];
    return out;
}

/// The words of a tensor that the problem touches between two iterations, both included.
Box boxBetween(const Problem& p, Tensor t, const Steps& first, const Steps& last) {
    const auto word = [&](const Steps& at) -> Point {
        const auto x = [&](Dim d) { return at[index(d)]; };
        if (t == Tensor::Weights) return {x(Dim::C), x(Dim::M), x(Dim::R), x(Dim::S), x(Dim::G)};
        if (t == Tensor::Outputs) return {x(Dim::N), x(Dim::M), x(Dim::P), x(Dim::Q), x(Dim::G)};
        return {x(Dim::N), x(Dim::C), x(Dim::P) * p.stride_p + x(Dim::R) * p.dilation_r,
                x(Dim::Q) * p.stride_q + x(Dim::S) * p.dilation_s, x(Dim::G)};
    };
    Box box{word(first), word(last)};
    for (int64_t& high : box.high) ++high;
    return box;
}

/// The tile of one instance at one time, and those of the levels on the way to its parent.
struct Arrival {
    size_t instance, parent;
    std::vector<Box> boxes;  ///< of the levels below the parent, the child's own last
    bool sameRead(const Arrival& other) const { return parent == other.parent && boxes == other.boxes; }
};

/// Words of Outputs that each instance of a level has held.
class Memory {
public:
    Memory(const Problem& problem, size_t instances) : problem_(problem) {
        words_ = size_t(problem.bound(Dim::N) * problem.bound(Dim::M) * problem.bound(Dim::P) * problem.bound(Dim::Q) *
                        problem.bound(Dim::G));
        held_.assign(instances * words_, false);
    }
    /// Words of the box that the instance holds for the first time.
    int64_t take(size_t instance, const Box& box) {
        int64_t fresh = 0;
        Point at;
        for (at[0] = box.low[0]; at[0] < box.high[0]; ++at[0])
            for (at[1] = box.low[1]; at[1] < box.high[1]; ++at[1])
                for (at[2] = box.low[2]; at[2] < box.high[2]; ++at[2])
                    for (at[3] = box.low[3]; at[3] < box.high[3]; ++at[3])
                        for (at[4] = box.low[4]; at[4] < box.high[4]; ++at[4]) {
                            const size_t word = instance * words_ + place(at);
                            fresh += !held_[word];
                            held_[word] = true;
                        }
        return fresh;
    }

private:
    size_t place(const Point& at) const {
        const auto size = [&](Dim d) { return problem_.bound(d); };
        return size_t((((at[0] * size(Dim::M) + at[1]) * size(Dim::P) + at[2]) * size(Dim::Q) + at[3]) * size(Dim::G) +
                      at[4]);
    }
    const Problem& problem_;
    size_t words_;
    std::vector<bool> held_;
};

class RaggedWalk {
public:
    RaggedWalk(const Problem& problem, const Mapping& mapping, const Convention& rules)
        : problem_(problem), mapping_(mapping), rules_(rules), levels_(int(mapping.levels.size())) {
        for (const WalkLoop& loop : loopsOf(mapping)) (loop.temporal() ? time_ : space_).push_back(loop);
    }

    RaggedWalked run() {
        out_.totals.resize(size_t(levels_));
        out_.each.resize(size_t(levels_));
        for (const Tensor t : {Tensor::Weights, Tensor::Inputs, Tensor::Outputs}) {
            int child = levels_;
            for (int l = levels_ - 1; l >= 0; --l) {
                if (!mapping_.levels[l].keeps[index(t)]) continue;
                out_.each[l][index(t)].resize(instancesOf(l));
                walkTransfer(t, l, child);
                child = l;
            }
            out_.totals[0][index(t)].tile_words = double(tile(t, Steps{}, 0)->volume());
        }
        for (auto& level : out_.totals) addUp(level, out_.each[size_t(&level - out_.totals.data())]);
        countWork();
        return out_;
    }

private:
    static Loops above(const Loops& loops, int level) {
        Loops out;
        std::copy_if(loops.begin(), loops.end(), std::back_inserter(out),
                     [&](const WalkLoop& loop) { return loop.level < level; });
        return out;
    }
    size_t instancesOf(int level) const { return tuplesOf(above(space_, level)).size(); }
    /// Number of the instance of a level that a tuple of spatial loops lies in.
    size_t instanceAt(int level, const std::vector<int64_t>& at) const {
        size_t out = 0;
        for (size_t i = 0; i < at.size(); ++i)
            if (space_[i].level < level) out = out * size_t(space_[i].bound) + size_t(at[i]);
        return out;
    }
    bool happens(const Steps& start) const {
        for (int d = 0; d < kDims; ++d)
            if (start[d] >= problem_.bounds[d]) return false;
        return true;
    }

    /// The tile of a level that starts there, cut to the layer; nothing outside it.
    std::optional<Box> tile(Tensor t, const Steps& start, int level) const {
        if (!happens(start)) return std::nullopt;
        Steps extent;
        extent.fill(1);
        for (const Loops* loops : {&time_, &space_})
            for (const WalkLoop& loop : *loops)
                if (loop.level >= level) extent[index(loop.dim)] *= loop.bound;
        Steps last;
        for (int d = 0; d < kDims; ++d) last[d] = std::min(start[d] + extent[d], problem_.bounds[d]) - 1;
        return boxBetween(problem_, t, start, last);
    }

    /// Temporal loops that fetch the tile anew, counted from the outermost.
    static size_t refreshing(Tensor t, const Loops& time) {
        size_t count = time.size();
        while (count > 0 && !indexes(t, time[count - 1].dim)) --count;
        return count;
    }

    std::vector<Arrival> arrivals(Tensor t, int parent, int child, const std::vector<int64_t>& now,
                                  const std::vector<std::vector<int64_t>>& places) const {
        std::vector<Arrival> out;
        for (const std::vector<int64_t>& place : places) {
            Arrival arrival{instanceAt(child, place), instanceAt(parent, place), {}};
            for (int l = child; l > parent; --l) {
                const auto box = tile(t, plus(startAbove(time_, padded(now), l), startAbove(space_, place, l)), l);
                if (!box) break;
                arrival.boxes.insert(arrival.boxes.begin(), *box);
            }
            if (int(arrival.boxes.size()) == child - parent) out.push_back(std::move(arrival));
        }
        return out;
    }
    std::vector<int64_t> padded(std::vector<int64_t> at) const {
        at.resize(time_.size(), 0);
        return at;
    }

    void walkTransfer(Tensor t, int parent, int child) {
        const Loops time = above(time_, child);
        auto places = tuplesOf(above(space_, child));
        for (auto& place : places) place.resize(space_.size(), 0);
        const size_t refresh = child == levels_ ? time.size() : refreshing(t, time);
        Memory parents(problem_, instancesOf(parent)), children(problem_, places.size());
        std::optional<std::vector<int64_t>> before;
        for (const std::vector<int64_t>& now : tuplesOf(time)) {
            if (!happens(startAbove(time_, padded(now), child))) continue;
            const std::vector<int64_t> outside(now.begin(), now.begin() + int64_t(refresh));
            if (before == outside) continue;
            before = outside;
            serve(t, parent, child, arrivals(t, parent, child, now, places), parents, children);
        }
    }

    void serve(Tensor t, int parent, int child, const std::vector<Arrival>& all, Memory& parents, Memory& children) {
        std::vector<bool> served(all.size(), false);
        for (size_t i = 0; i < all.size(); ++i) {
            if (served[i]) continue;
            std::vector<const Arrival*> group;
            for (size_t k = i; k < all.size(); ++k)
                if (!served[k] && all[k].sameRead(all[i])) served[k] = true, group.push_back(&all[k]);
            serveGroup(t, parent, child, group, parents, children);
        }
    }

    void serveGroup(Tensor t, int parent, int child, const std::vector<const Arrival*>& group, Memory& parents,
                    Memory& children) {
        const bool outputs = t == Tensor::Outputs, elide = outputs && rules_.first_read_elision;
        const Box& box = group.front()->boxes.back();
        const int64_t words = box.volume();
        const int64_t read = words - (elide ? parents.take(group.front()->parent, box) : 0);
        WalkedCounts& from = out_.each[parent][index(t)][group.front()->parent];
        from.reads += double(read);
        if (outputs) from.updates += double(words);
        if (child == levels_) return;
        double& largest = out_.totals[child][index(t)].tile_words;
        largest = std::max(largest, double(words));
        for (const Arrival* one : group) {
            double& fills = out_.each[child][index(t)][one->instance].fills;
            if (outputs && !rules_.refill_every_reducer)
                fills += double(read) / double(group.size());
            else
                fills += double(words - (elide ? children.take(one->instance, box) : 0));
        }
    }

    static void addUp(PerTensor<WalkedCounts>& totals, const PerTensor<std::vector<WalkedCounts>>& each) {
        for (int t = 0; t < kTensors; ++t)
            for (const WalkedCounts& one : each[t]) {
                totals[t].reads += one.reads;
                totals[t].fills += one.fills;
                totals[t].updates += one.updates;
            }
    }

    /// Visits every MAC at every time step.
    void countWork() {
        const auto places = tuplesOf(space_);
        std::vector<std::vector<bool>> works(size_t(levels_) + 1);
        for (int l = 0; l <= levels_; ++l) works[l].assign(instancesOf(l), false);
        for (const std::vector<int64_t>& now : tuplesOf(time_)) {
            bool any = false;
            for (const std::vector<int64_t>& place : places) {
                if (!happens(plus(startAbove(time_, now, levels_), startAbove(space_, place, levels_)))) continue;
                any = true;
                out_.macs += 1;
                for (int l = 0; l <= levels_; ++l) works[l][instanceAt(l, place)] = true;
            }
            out_.compute_cycles += any;
        }
        for (int l = 0; l < levels_; ++l)
            out_.instances.push_back(double(std::count(works[l].begin(), works[l].end(), true)));
        out_.pes = double(std::count(works[levels_].begin(), works[levels_].end(), true));
    }

    const Problem& problem_;
    const Mapping& mapping_;
    const Convention& rules_;
    int levels_;
    Loops time_, space_;
    RaggedWalked out_;
};

}  // namespace

RaggedWalked walkRagged(const Problem& problem, const Mapping& mapping, const Convention& rules) {
    return RaggedWalk(problem, mapping, rules).run();
}

}  // namespace dna::costmodel::loopnest
