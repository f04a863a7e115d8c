#include "tests/costmodel/loopnest/exhaustive.h"

#include <algorithm>

namespace dna::test {

using namespace costmodel::loopnest;

namespace {

/// A place a factor can go to.
struct Slot {
    int level;
    LoopKind kind;
    const PerDim<bool>* allowed;
    int64_t width;  ///< most iterations
};

class Enumeration {
public:
    Enumeration(const Problem& problem, const Architecture& architecture, const Convention& rules, bool ragged,
                const std::function<void(const Nest&)>& visit)
        : problem_(problem), architecture_(architecture), rules_(rules), ragged_(ragged), visit_(visit) {
        mapping_.levels.resize(architecture.levels.size());
        for (int l = 0; l < architecture.levelCount(); ++l) {
            const LevelConstraint& c = architecture.constraints[l];
            mapping_.levels[l].keeps = c.keeps;
            slots_.push_back({l, LoopKind::Temporal, &c.temporal, base::kMaxInteger});
            slots_.push_back({l, LoopKind::SpatialY, &c.spatial_y, architecture.fanoutY(l)});
            slots_.push_back({l, LoopKind::SpatialX, &c.spatial_x, architecture.fanoutX(l)});
        }
        factors_.assign(slots_.size(), PerDim<int64_t>{1, 1, 1, 1, 1, 1, 1, 1});
    }

    /// Innermost slot first: `left` units are to be covered by the slots further out.
    void factor(int d, size_t slot, int64_t left) {
        if (d == kDims) return arrange();
        if (slot == slots_.size()) {
            if (left == 1) factor(d + 1, 0, d + 1 < kDims ? problem_.bounds[d + 1] : 1);
            return;
        }
        const size_t place = slots_.size() - 1 - slot;
        const int64_t most = std::min(left, slots_[place].width);
        for (int64_t f = 1; f <= most; ++f) {
            if ((!ragged_ && left % f != 0) || (f > 1 && !(*slots_[place].allowed)[d])) continue;
            factors_[place][d] = f;
            factor(d, slot + 1, (left + f - 1) / f);
        }
        factors_[place][d] = 1;
    }

private:
    void arrange() {
        for (int l = 0; l < architecture_.levelCount(); ++l) mapping_.levels[l].loops.clear();
        for (size_t s = 0; s < slots_.size(); ++s) {
            int64_t all = 1;
            for (int d = 0; d < kDims; ++d) {
                all *= factors_[s][d];
                if (factors_[s][d] > 1)
                    mapping_.levels[slots_[s].level].loops.push_back(
                        {static_cast<Dim>(d), slots_[s].kind, factors_[s][d]});
            }
            if (slots_[s].kind == LoopKind::SpatialX && all > architecture_.fanoutX(slots_[s].level)) return;
            if (slots_[s].kind == LoopKind::SpatialY && all > architecture_.fanoutY(slots_[s].level)) return;
        }
        if (capacityExcess(architecture_, flatten(mapping_), problem_, rules_)) return;
        permute(0);
    }

    /// Every order within each run of loops of one kind.
    void permute(size_t slot) {
        if (slot == slots_.size()) return visit_(flatten(mapping_));
        std::vector<Loop>& loops = mapping_.levels[slots_[slot].level].loops;
        const auto ofKind = [&](const Loop& loop) { return loop.kind == slots_[slot].kind; };
        const auto begin = std::find_if(loops.begin(), loops.end(), ofKind);
        const auto end = std::find_if_not(begin, loops.end(), ofKind);
        do permute(slot + 1);
        while (std::next_permutation(begin, end, [](const Loop& a, const Loop& b) { return a.dim < b.dim; }));
    }

    const Problem& problem_;
    const Architecture& architecture_;
    const Convention& rules_;
    const bool ragged_;
    const std::function<void(const Nest&)>& visit_;
    std::vector<Slot> slots_;
    std::vector<PerDim<int64_t>> factors_;
    Mapping mapping_;
};

}  // namespace

void forEachMapping(const Problem& problem, const Architecture& architecture, const Convention& rules, bool ragged,
                    const std::function<void(const Nest&)>& visit) {
    Enumeration(problem, architecture, rules, ragged, visit).factor(0, 0, problem.bounds[0]);
}

}  // namespace dna::test
