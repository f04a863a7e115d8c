// Turns a mapping into explicit loops, walks the tiles of every pair of adjacent levels through time and space, and
// adds up what moves.
#include "tests/costmodel/loopnest/walker.h"

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "tests/costmodel/loopnest/boxes.h"

namespace dna::costmodel::loopnest {
namespace {

using Steps = PerDim<int64_t>;

struct WalkLoop {
    Dim dim;
    LoopKind kind;
    int level;
    int64_t bound;
    int64_t step;  ///< units of `dim` that one iteration moves: product of the loops over `dim` inside
    bool temporal() const { return kind == LoopKind::Temporal; }
};

std::vector<WalkLoop> loopsOf(const Mapping& mapping) {
    std::vector<WalkLoop> loops;
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

/// The word of a tensor that an iteration of the problem touches.
Point wordAt(const Problem& p, Tensor t, const Steps& at) {
    const auto x = [&](Dim d) { return at[index(d)]; };
    switch (t) {
        case Tensor::Weights:
            return {x(Dim::C), x(Dim::M), x(Dim::R), x(Dim::S), x(Dim::G)};
        case Tensor::Outputs:
            return {x(Dim::N), x(Dim::M), x(Dim::P), x(Dim::Q), x(Dim::G)};
        case Tensor::Inputs:
            break;
    }
    return {x(Dim::N), x(Dim::C), x(Dim::P) * p.stride_p + x(Dim::R) * p.dilation_r,
            x(Dim::Q) * p.stride_q + x(Dim::S) * p.dilation_s, x(Dim::G)};
}

Point plus(const Point& a, const Point& b) {
    Point out;
    for (int i = 0; i < kBoxAxes; ++i) out[i] = a[i] + b[i];
    return out;
}
Point minus(const Point& a, const Point& b) {
    Point out;
    for (int i = 0; i < kBoxAxes; ++i) out[i] = a[i] - b[i];
    return out;
}

/// Indices of some loops, counted like the digits of a number: the last varies fastest.
class Odometer {
public:
    Odometer(std::vector<WalkLoop> loops, int64_t limit) : loops_(std::move(loops)), limit_(limit) {
        index_.assign(loops_.size(), 0);
    }
    bool next() {
        for (size_t i = index_.size(); i-- > 0;) {
            if (++index_[i] < std::min(loops_[i].bound, limit_)) return true;
            index_[i] = 0;
        }
        return false;
    }
    Steps position() const {
        Steps at{};
        for (size_t i = 0; i < index_.size(); ++i) at[size_t(loops_[i].dim)] += index_[i] * loops_[i].step;
        return at;
    }
    /// Iterations that the present one stands for when index 1 stands for all later ones.
    int64_t weight() const {
        int64_t product = 1;
        for (size_t i = 0; i < index_.size(); ++i)
            if (limit_ == 2 && index_[i] == 1) product *= loops_[i].bound - 1;
        return product;
    }
    /// Indices of the loops that index a tensor.
    std::vector<int64_t> indicesOf(Tensor t) const {
        std::vector<int64_t> out;
        for (size_t i = 0; i < index_.size(); ++i)
            if (indexes(t, loops_[i].dim)) out.push_back(index_[i]);
        return out;
    }

private:
    std::vector<WalkLoop> loops_;
    std::vector<int64_t> index_;
    int64_t limit_;
};

/// Words of every combination of the loops' indices.
std::vector<Point> placesOf(const Problem& problem, Tensor t, const std::vector<WalkLoop>& loops) {
    std::vector<Point> places;
    Odometer all(loops, INT64_MAX);
    do places.push_back(wordAt(problem, t, all.position()));
    while (all.next());
    return places;
}

int64_t distinct(std::vector<Point> places) {
    std::sort(places.begin(), places.end());
    return std::unique(places.begin(), places.end()) - places.begin();
}

/// Distinct regions that are not empty, `but` those that are marked.
struct Served {
    int64_t regions = 0, words = 0;
};
Served distinctRegions(const std::vector<Region>& fetched, const std::vector<bool>& but) {
    Served served;
    for (size_t i = 0; i < fetched.size(); ++i) {
        if (but[i] || fetched[i].empty()) continue;
        bool first = true;
        for (size_t k = 0; k < i && first; ++k) first = but[k] || !(fetched[k] == fetched[i]);
        if (first) ++served.regions, served.words += fetched[i].volume();
    }
    return served;
}

/// Words between a level and the one below, for one instance of the upper one over all time.
struct HopCounts {
    double read = 0;       ///< A
    double arriving = 0;   ///< W, summed over the children
    double forwarded = 0;  ///< LT, summed over the children
    double children = 1;   ///< F
    double distinct_places = 1;
    int64_t forwarding_steps = 0;
};

/// What one instance fetches when its tile moves.
class Fetcher {
public:
    Fetcher(Point origin, bool halo) : origin_(origin), halo_(halo) {}

    Region fetch(const Point& time_origin, const Point& extents, bool indices_changed) {
        const Point low = plus(origin_, time_origin);
        const Box next{low, plus(low, extents)};
        const std::optional<Box> previous = std::exchange(previous_, next);
        if (!previous) return {next, {}};
        if (!halo_) return indices_changed ? Region{next, {}} : Region{};
        const Point translation = minus(next.low, previous->low);
        if (translation == Point{}) return {};
        if (stride_ && *stride_ != translation) {
            stride_.reset();
            return {next, {}};
        }
        stride_ = translation;
        return difference(next, *previous);
    }

private:
    Point origin_;
    bool halo_;
    std::optional<Box> previous_;
    std::optional<Point> stride_;
};

/// Children of one instance, on a mesh.
class Siblings {
public:
    Siblings(std::vector<Fetcher> children, int64_t width, int64_t height)
        : children_(std::move(children)), width_(width), height_(height), before_(children_.size()) {}

    void step(const Point& time_origin, const Point& extents, bool indices_changed, bool may_forward, int64_t weight,
              HopCounts& counts) {
        std::vector<Region> now;
        for (Fetcher& child : children_) now.push_back(child.fetch(time_origin, extents, indices_changed));
        const std::vector<bool> nobody(now.size(), false);
        std::vector<bool> forwarded = may_forward ? givenByNeighbour(now) : nobody;
        if (distinctRegions(now, forwarded).regions >= distinctRegions(now, nobody).regions) forwarded = nobody;
        counts.read += double(weight * distinctRegions(now, forwarded).words);
        for (size_t i = 0; i < now.size(); ++i)
            (forwarded[i] ? counts.forwarded : counts.arriving) += double(weight * now[i].volume());
        counts.forwarding_steps += forwarded != nobody;
        before_ = std::move(now);
    }

private:
    std::vector<bool> givenByNeighbour(const std::vector<Region>& now) const {
        constexpr std::array<std::array<int64_t, 2>, 4> around = {{{-1, 0}, {1, 0}, {0, -1}, {0, 1}}};
        std::vector<bool> given(now.size(), false);
        for (int64_t i = 0; i < int64_t(now.size()); ++i)
            for (const auto& [dx, dy] : around) {
                const int64_t x = i % width_ + dx, y = i / width_ + dy, neighbour = y * width_ + x;
                if (x < 0 || x >= width_ || y < 0 || y >= height_ || neighbour >= int64_t(now.size())) continue;
                if (!now[i].empty() && before_[neighbour] == now[i]) given[i] = true;
            }
        return given;
    }

    std::vector<Fetcher> children_;
    int64_t width_, height_;
    std::vector<Region> before_;  ///< what each child fetched one visited step ago
};

class Walk {
public:
    Walk(const Problem& problem, const Architecture& architecture, const Mapping& mapping, const Convention& rules)
        : problem_(problem), architecture_(architecture), mapping_(mapping), rules_(rules), loops_(loopsOf(mapping)) {}

    Walked run() {
        const int levels = int(mapping_.levels.size());
        out_.counts.resize(size_t(levels));
        for (int l = 0; l < levels; ++l)
            out_.instances.push_back(
                product(select([&](const WalkLoop& loop) { return !loop.temporal() && loop.level < l; })));
        out_.compute_cycles = product(select([](const WalkLoop& loop) { return loop.temporal(); }));
        out_.pes = product(select([](const WalkLoop& loop) { return !loop.temporal(); }));
        for (const Tensor t : {Tensor::Weights, Tensor::Inputs, Tensor::Outputs}) countTensor(t);
        return out_;
    }

private:
    template <class Which>
    std::vector<WalkLoop> select(const Which& which) const {
        std::vector<WalkLoop> out;
        std::copy_if(loops_.begin(), loops_.end(), std::back_inserter(out), which);
        return out;
    }
    static double product(const std::vector<WalkLoop>& loops) {
        double out = 1;
        for (const WalkLoop& loop : loops) out *= double(loop.bound);
        return out;
    }
    std::vector<WalkLoop> spatialAt(int level) const {
        return select([&](const WalkLoop& loop) { return !loop.temporal() && loop.level == level; });
    }

    Point tileExtents(Tensor t, int level) const {
        Steps last{};
        for (const WalkLoop& loop : loops_)
            if (loop.level >= level) last[index(loop.dim)] += (loop.bound - 1) * loop.step;
        Point extents = wordAt(problem_, t, last);
        for (int64_t& extent : extents) ++extent;
        return extents;
    }

    std::vector<Siblings> families(Tensor t, int level) const {
        const auto above = select([&](const WalkLoop& loop) { return !loop.temporal() && loop.level < level - 1; });
        const auto here = spatialAt(level - 1);
        int64_t width = 1, height = 1;
        for (const WalkLoop& loop : here) (loop.kind == LoopKind::SpatialX ? width : height) *= loop.bound;
        width = std::max<int64_t>(width, architecture_.fanoutX(level - 1));
        height = std::max<int64_t>(height, architecture_.fanoutY(level - 1));
        std::vector<Siblings> out;
        for (const Point& parent : placesOf(problem_, t, above)) {
            std::vector<Fetcher> children;
            for (const Point& child : placesOf(problem_, t, here))
                children.emplace_back(plus(parent, child), rules_.halo_reuse);
            out.emplace_back(std::move(children), width, height);
        }
        return out;
    }

    /// The hop from level - 1 into `level`.
    HopCounts walkHop(Tensor t, int level) {
        HopCounts counts;
        std::vector<Siblings> parents = families(t, level);
        const Point extents = tileExtents(t, level);
        const bool may_forward = rules_.neighbour_forwarding && t == Tensor::Inputs;
        Odometer time(select([&](const WalkLoop& loop) { return loop.temporal() && loop.level < level; }),
                      rules_.second_iteration_is_last ? 2 : INT64_MAX);
        std::vector<int64_t> indices_before = time.indicesOf(t);
        do {
            std::vector<int64_t> indices = time.indicesOf(t);
            const Point origin = wordAt(problem_, t, time.position());
            for (Siblings& family : parents)
                family.step(origin, extents, indices != indices_before, may_forward, time.weight(), counts);
            indices_before = std::move(indices);
        } while (time.next());
        for (double* sum : {&counts.read, &counts.arriving, &counts.forwarded}) *sum /= double(parents.size());
        const std::vector<Point> places = placesOf(problem_, t, spatialAt(level - 1));
        counts.children = double(places.size());
        counts.distinct_places = double(distinct(places));
        return counts;
    }

    /// Every iteration, each distinct word among the MACs of an innermost instance is one access.
    double demandOfMacs(Tensor t) const {
        const int innermost = int(mapping_.levels.size()) - 1;
        return out_.compute_cycles * double(distinct(placesOf(problem_, t, spatialAt(innermost))));
    }

    void countTensor(Tensor t) {
        const int levels = int(mapping_.levels.size());
        std::vector<HopCounts> hops(size_t(levels), HopCounts{});
        for (int l = 1; l < levels; ++l) {
            hops[l] = walkHop(t, l);
            out_.forwarding_steps += hops[l].forwarding_steps;
        }
        double demand = demandOfMacs(t);
        for (int l = levels - 1; l >= 0; --l) {
            const HopCounts& hop = hops[l];
            if (mapping_.levels[l].keeps[index(t)]) {
                out_.counts[l][index(t)] =
                    t == Tensor::Outputs ? outputsAt(l, demand, hops) : keptAt(t, l, demand, hop);
                demand = hop.read;
            } else {
                DNA_CHECK(l > 0, "the outermost level keeps every tensor");
                demand = demand * hop.children * hop.read / hop.arriving;
            }
        }
    }

    WalkedCounts keptAt(Tensor t, int l, double demand, const HopCounts& hop) const {
        WalkedCounts counts;
        counts.tile_words = double(Box{{}, tileExtents(t, l)}.volume());
        const double share = l == 0 ? 0 : hop.arriving / hop.children;
        double peer = l == 0 ? 0 : hop.forwarded / hop.children;
        if (rules_.forwarded_of_one_sender) peer *= hop.children / out_.instances[l];
        counts.reads = demand + peer;
        counts.fills = share + peer;
        return counts;
    }

    WalkedCounts outputsAt(int l, double demand, const std::vector<HopCounts>& hops) const {
        WalkedCounts counts;
        counts.tile_words = double(Box{{}, tileExtents(Tensor::Outputs, l)}.volume());
        double fresh = double(Box{{}, tileExtents(Tensor::Outputs, 0)}.volume());
        for (int h = 1; h <= l; ++h) fresh /= hops[h].distinct_places;
        if (!rules_.first_read_elision) fresh = 0;
        counts.updates = demand;
        counts.reads = demand - fresh;
        if (l == 0) return counts;
        counts.fills = hops[l].arriving / hops[l].children - fresh;
        for (int h = l; h > 0 && !rules_.refill_every_reducer; --h) {
            counts.fills *= hops[h].distinct_places / hops[h].children;
            if (mapping_.levels[h - 1].keeps[index(Tensor::Outputs)]) break;
        }
        return counts;
    }

    const Problem& problem_;
    const Architecture& architecture_;
    const Mapping& mapping_;
    const Convention& rules_;
    std::vector<WalkLoop> loops_;
    Walked out_;
};

}  // namespace

Walked walk(const Problem& problem, const Architecture& architecture, const Mapping& mapping, const Convention& rules) {
    return Walk(problem, architecture, mapping, rules).run();
}

}  // namespace dna::costmodel::loopnest
