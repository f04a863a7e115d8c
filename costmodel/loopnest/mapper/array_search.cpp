#include "costmodel/loopnest/mapper/array_search.h"

#include <algorithm>

#include "costmodel/loopnest/mapper/leaf_search.h"

namespace dna::costmodel::loopnest {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();
constexpr PerDim<double> kNoLoops = {1, 1, 1, 1, 1, 1, 1, 1};

/// Bounds closer to the incumbent than rounding are not followed.
bool beats(double bound, double incumbent) { return bound < incumbent * (1 - 1e-12); }

/// Temporal tile sizes of the levels below level 1, with what they make of the array.
struct Array {
    std::array<Factors, kMaxLevels> loops;       ///< temporal, levels 2 and up
    std::array<Factors, kMaxLevels + 1> extent;  ///< tile of a level; last: one MAC
    Factors top = kOnes;                         ///< extent of all arrays below one level-1 tile step
    Factors left = kOnes;                        ///< temporal iterations left for levels 0 and 1
    PerDim<double> above{};                      ///< the same as a fraction: words left over words of `top`
    PartialCost base;                            ///< MACs and innermost levels
    std::vector<TileBelow> tiles;
    double bound = 0, least_energy = 0, least_cycles = 0;
};

class PartSearch {
public:
    PartSearch(const MapSpace& space, const Part& part, double incumbent, int64_t node_limit, bool symmetric,
               const std::function<bool()>& stop)
        : space_(space),
          part_(part),
          geometry_(space, part.choice),
          incumbent_(incumbent),
          node_limit_(node_limit),
          stop_(stop) {
        symmetric_ = symmetric && std::all_of(part.choice.hops.begin(), part.choice.hops.end(),
                                              [](const Factors& hop) { return mirrored(hop) == hop; });
        spatial_ = kOnes;
        for (const Factors& hop : part.choice.hops) spatial_ = times(spatial_, hop);
    }

    PartResult run() {
        Array array;
        array.extent[space_.levels()] = kOnes;
        tileLevel(array, space_.levels() - 1, over(space_.problem.bounds, spatial_), symmetric_);
        std::stable_sort(arrays_.begin(), arrays_.end(),
                         [](const Array& a, const Array& b) { return a.bound < b.bound; });
        result_.bound = kNone;
        for (const Array& candidate : arrays_) {
            if (!beats(candidate.bound, incumbent_)) break;
            if (exhausted()) {
                result_.bound = std::min(result_.bound, candidate.bound);
                break;
            }
            fitTopTiles(candidate);
        }
        if (unfinished_) result_.bound = std::min(result_.bound, part_.bound);
        return std::move(result_);
    }

private:
    bool exhausted() {
        if (result_.nodes >= node_limit_) return true;
        if ((result_.nodes & 255) == 0 && stop_ && stop_()) stopped_ = true;
        return stopped_;
    }

    /// Chooses the temporal loops of level `l`, then of those above it down to level 2.
    void tileLevel(Array& array, int l, const Factors& left, bool symmetric) {
        if (l < 2) return closeArray(array, left, symmetric);
        if (!covers(array, l)) return;
        const Factors inside = times(array.extent[l + 1], part_.choice.hops[l]);
        const double capacity = space_.capacity(l);
        forEachFactors(
            ragged() ? over(space_.problem.bounds, inside) : left, space_.architecture.constraints[l].temporal,
            ragged(),
            [&](const Factors& loops) { return space_.tileWordsKept(l, asDoubles(times(inside, loops))) <= capacity; },
            [&](const Factors& loops) {
                if (unfinished_) return;
                const Factors mirror = mirrored(loops);
                if (symmetric && mirror < loops) return;
                array.loops[l] = loops;
                array.extent[l] = times(inside, loops);
                tileLevel(array, l - 1, over(left, loops), symmetric && mirror == loops);
            });
    }

    bool ragged() const { return space_.options.ragged; }

    /// Whether the fan-out of level `l` is needed in all its factors for what is left outside the tiles it spreads.
    bool covers(const Array& array, int l) const {
        if (!ragged()) return true;
        const Factors whole = over(space_.problem.bounds, array.extent[l + 1]);
        const std::vector<Placement> ways = placements(part_.choice.hops[l], space_.architecture, l);
        return std::any_of(ways.begin(), ways.end(), [&](const Placement& p) { return needed(p, whole); });
    }

    void closeArray(Array& array, Factors left, bool) {
        if (exhausted()) {
            unfinished_ = true;
            return;
        }
        ++result_.nodes;
        const int first = space_.levels() > 1 ? 1 : 0;
        array.top = space_.levels() > 1
                        ? times(array.extent[2 > space_.levels() ? space_.levels() : 2], part_.choice.hops[1])
                        : times(array.extent[1], part_.choice.hops[0]);
        if (!covers(array, first)) return;
        if (ragged()) left = over(space_.problem.bounds, array.top);
        array.left = left;
        for (int d = 0; d < kDims; ++d)
            array.above[d] = ragged() ? double(space_.problem.bounds[d]) / double(array.top[d]) : double(left[d]);
        if (first == 1 && space_.tileWordsKept(1, asDoubles(array.top)) > space_.capacity(1)) return;
        price(array);
        if (beats(array.bound, incumbent_)) arrays_.push_back(array);
    }

    /// Different input tiles of the fan-out of level `h`, exactly where the tile below is known.
    double inputsDistinct(const Array& array, int h) const {
        if (h == 0 && space_.levels() > 1) return geometry_.distinct[0][index(Tensor::Inputs)];
        const Factors& hop = part_.choice.hops[h];
        const Factors& tile = array.extent[h + 1];
        const auto sums = [&](Dim a, Dim b) {
            const auto step = [&](Dim d) { return double(tile[index(d)] * space_.problem.step(Tensor::Inputs, d)); };
            return detail::distinctSums(double(hop[index(a)]), step(a), double(hop[index(b)]), step(b));
        };
        return double(hop[index(Dim::C)]) * double(hop[index(Dim::N)]) * double(hop[index(Dim::G)]) *
               sums(Dim::P, Dim::R) * sums(Dim::Q, Dim::S);
    }

    /// What neighbours leave of the inputs that the fan-out of level `h` sends.
    Unforwarded leftByNeighbours(const Array& array, int h) const {
        if (h + 1 >= space_.levels() || (h == 0 && space_.levels() > 1)) return {};
        PerDim<double> above = asDoubles(over(space_.problem.bounds, times(array.extent[h + 1], part_.choice.hops[h])));
        for (int outer = 0; outer < h; ++outer)
            for (int d = 0; d < kDims; ++d) above[d] /= double(part_.choice.hops[outer][d]);
        return unforwarded(space_, part_.choice.hops[h], h + 1, above, inputsDistinct(array, h));
    }

    void price(Array& array) {
        array.base = {};
        double at_macs = 1;
        for (int h = space_.innermost_kept[index(Tensor::Inputs)]; h < space_.levels(); ++h)
            at_macs *= inputsDistinct(array, h) * leftByNeighbours(array, h).share;
        addMacLevel(space_, geometry_, at_macs, array.base);
        array.tiles.clear();
        for (const Cut& cut : space_.cuts)
            if (cut.child >= 2) array.tiles.push_back(tileBelow(array, cut));
        const LoopsAbove above(array.above, kNoLoops, true);
        array.bound = array.least_energy = array.least_cycles = kNone;
        for (const Innermost kind : kInnermost) {
            if (!above.allows(kind)) continue;
            PartialCost cost = withTraffic(array, above, kind);
            const double cycles = cost.cycles(space_.architecture);
            array.least_energy = std::min(array.least_energy, cost.energy_pj);
            array.least_cycles = std::min(array.least_cycles, cycles);
            cost.energy_pj += part_.top->leastEnergy();
            array.bound = std::min(array.bound, space_.options.objective.value(cost.energy_pj, cycles));
        }
    }

    TileBelow tileBelow(const Array& array, const Cut& cut) const {
        TileBelow tile;
        tile.cut = cut;
        double distinct = 1, share = 1, least_words = 0;
        tile.extent = asDoubles(array.extent[cut.child]);
        tile.words = tileWords(space_.problem, cut.tensor, tile.extent);
        if (ragged() && cut.tensor == Tensor::Inputs) tile.words *= raggedInputShare(tile.extent);
        for (int h = cut.parent; h < cut.child; ++h) {
            const bool inputs = cut.tensor == Tensor::Inputs;
            distinct *= inputs ? inputsDistinct(array, h) : geometry_.distinct[h][index(cut.tensor)];
            if (!inputs) continue;
            const Unforwarded left = leftByNeighbours(array, h);
            if (h + 1 == cut.child) least_words = share * (1 - left.share) * left.whole_tiles * tile.words;
            share *= left.share;
        }
        tile.rate = cutRate(space_, geometry_, cut, distinct, share, least_words);
        tile.unit = asDoubles(array.top);
        tile.inner.fill(1);
        for (int l = 2; l < cut.child; ++l)
            for (int d = 0; d < kDims; ++d) {
                tile.inner[d] *= double(array.loops[l][d]);
                if (indexes(cut.tensor, static_cast<Dim>(d))) tile.inner_moving *= double(array.loops[l][d]);
            }
        return tile;
    }

    /// Words of all input tiles, at least, over what whole tiles would have: rows are (p - 1) stride + (r - 1) dilation
    /// + 1 for the actual p and r, so that their sum depends on how many tiles there are, which is between a fraction
    /// and the next integer; it is linear in each number, so its least value is at a corner.
    double raggedInputShare(const PerDim<double>& extent) const {
        const auto axis = [&](Dim a, Dim b) {
            const double da = double(space_.problem.bound(a)), db = double(space_.problem.bound(b));
            const double na = da / extent[index(a)], nb = db / extent[index(b)];
            const double sa = double(space_.problem.step(Tensor::Inputs, a)),
                         sb = double(space_.problem.step(Tensor::Inputs, b));
            const auto sum = [&](double ka, double kb) { return sa * (da - ka) * kb + sb * (db - kb) * ka + ka * kb; };
            const double whole = sum(na, nb), ca = std::ceil(na), cb = std::ceil(nb);
            return std::min({whole, sum(ca, nb), sum(na, cb), sum(ca, cb)}) / whole;
        };
        return axis(Dim::P, Dim::R) * axis(Dim::Q, Dim::S);
    }

    /// The array's cost when the loops above it begin with one of `kind`.
    PartialCost withTraffic(const Array& array, const LoopsAbove& above, Innermost kind) const {
        PartialCost cost = array.base;
        for (const TileBelow& tile : array.tiles)
            tile.rate.add(fewestVisits(space_, tile, above, kind) * tile.words, tile.cut, cost);
        return cost;
    }

    /// Tries every tile of level 1 that holds whole array tiles, cheapest first.
    void fitTopTiles(const Array& array) {
        if (space_.levels() < 2) return evaluateLeaf(array, array.left, kOnes);
        const PerDim<bool>& allowed = space_.architecture.constraints[1].temporal;
        for (const TopTile& top : part_.top->all()) {
            const double energy = array.least_energy + top.energy_pj;
            if (!beats(space_.options.objective.value(energy, array.least_cycles), incumbent_)) break;
            const Factors loops = over(array.left, top.loops);
            if (over(array.left, loops) != top.loops || (!ragged() && times(loops, top.loops) != array.left)) continue;
            ++result_.nodes;
            if (exhausted()) {
                result_.bound = std::min(result_.bound, space_.options.objective.value(energy, array.least_cycles));
                return;
            }
            bool legal = true;
            for (int d = 0; d < kDims; ++d) legal &= loops[d] == 1 || allowed[d];
            if (ragged()) legal &= space_.tileWordsKept(1, asDoubles(times(array.top, loops))) <= space_.capacity(1);
            if (legal && beats(boundWith(array, top, loops), incumbent_)) evaluateLeaf(array, top.loops, loops);
        }
    }

    double boundWith(const Array& array, const TopTile& top, const Factors& loops) const {
        PerDim<double> first, rest;  // together they are what is left for the array's loops
        for (int d = 0; d < kDims; ++d) {
            rest[d] = loops[d] > 1 || !ragged() ? double(top.loops[d]) : std::max(1.0, array.above[d]);
            first[d] = ragged() ? array.above[d] / rest[d] : double(loops[d]);
        }
        const LoopsAbove above(first, rest, false);
        double best = kNone;
        for (const Innermost kind : kInnermost) {
            if (!above.allows(kind)) continue;
            PartialCost cost = withTraffic(array, above, kind);
            cost.energy_pj += top.energy_pj;
            cost.reads[0] += top.reads, cost.writes[0] += top.writes, cost.writes[1] += top.fills;
            best = std::min(best, cost.objective(space_));
        }
        return best;
    }

    void evaluateLeaf(const Array& array, const Factors& outer, const Factors& first) {
        std::array<Factors, kMaxLevels> temporal = array.loops;
        temporal[0] = outer;
        if (space_.levels() > 1) temporal[1] = first;
        LeafSearch leaf(space_, part_.choice, temporal);
        const int64_t before = result_.evaluated;
        Candidate best = leaf.best(incumbent_, result_.evaluated);
        result_.nodes += result_.evaluated - before;
        if (best.objective < incumbent_) {
            incumbent_ = best.objective;
            result_.best = best;
        }
    }

    const MapSpace& space_;
    const Part& part_;
    const SpatialGeometry geometry_;
    double incumbent_;
    const int64_t node_limit_;
    const std::function<bool()>& stop_;
    bool symmetric_ = false, stopped_ = false, unfinished_ = false;
    Factors spatial_ = kOnes;
    std::vector<Array> arrays_;
    PartResult result_;
};

}  // namespace

Factors mirrored(const Factors& f) {
    Factors out = f;
    std::swap(out[index(Dim::P)], out[index(Dim::Q)]);
    std::swap(out[index(Dim::R)], out[index(Dim::S)]);
    return out;
}

bool isSymmetric(const MapSpace& space) {
    const Problem& p = space.problem;
    if (mirrored(p.bounds) != p.bounds || p.stride_p != p.stride_q || p.dilation_r != p.dilation_s) return false;
    const auto same = [](const PerDim<bool>& allowed) {
        return allowed[index(Dim::P)] == allowed[index(Dim::Q)] && allowed[index(Dim::R)] == allowed[index(Dim::S)];
    };
    return std::all_of(
        space.architecture.constraints.begin(), space.architecture.constraints.end(),
        [&](const LevelConstraint& c) { return same(c.temporal) && same(c.spatial_x) && same(c.spatial_y); });
}

double partBound(const MapSpace& space, const SpatialChoice& choice, const TopTiles& top) {
    const SpatialGeometry geometry(space, choice);
    PartialCost cost;
    const auto between = [&](Tensor t, int from, int to) {
        double all = 1;
        for (int h = from; h < to; ++h) all *= geometry.distinct[h][index(t)];
        return all;
    };
    const double forwarded = space.options.rules.neighbour_forwarding ? 0 : 1;
    const int inputs = space.innermost_kept[index(Tensor::Inputs)];
    addMacLevel(space, geometry, inputs == space.levels() - 1 ? between(Tensor::Inputs, inputs, space.levels()) : 1,
                cost);
    for (const Cut& cut : space.cuts) {
        if (cut.child < 2) continue;
        double spread = 1;  // every word of the tensor reaches some instance at least once
        for (int h = 0; h < cut.child; ++h)
            for (int d = 0; d < kDims; ++d)
                if (indexes(cut.tensor, static_cast<Dim>(d))) spread *= double(choice.hops[h][d]);
        double words = space.tensor_words[index(cut.tensor)] / spread;
        if (space.options.ragged)  // more than half of the copies work
            for (int h = 0; h < cut.child; ++h)
                for (int d = 0; d < kDims; ++d)
                    if (!indexes(cut.tensor, static_cast<Dim>(d))) words *= (1 + 1 / double(choice.hops[h][d])) / 2;
        cutRate(space, geometry, cut, between(cut.tensor, cut.parent, cut.child),
                cut.tensor == Tensor::Inputs ? forwarded : 1)
            .add(words, cut, cost);
    }
    cost.energy_pj += top.leastEnergy();
    return cost.objective(space);
}

PartResult searchPart(const MapSpace& space, const Part& part, double incumbent, int64_t node_limit, bool symmetric,
                      const std::function<bool()>& stop) {
    return PartSearch(space, part, incumbent, node_limit, symmetric, stop).run();
}

}  // namespace dna::costmodel::loopnest
