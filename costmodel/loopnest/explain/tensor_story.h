#pragma once

#include <vector>

#include "costmodel/loopnest/explain/explain.h"
#include "costmodel/loopnest/explain/page.h"
#include "costmodel/loopnest/explain/scene.h"

namespace dna::costmodel::loopnest {

/// Words that one level's tile takes from the level above, and what the fan-out makes of them.
struct Supply {
    Term words = 0.0;      ///< of one receiver over the whole nest
    double receivers = 1;  ///< below one sender
    double distinct = 1;   ///< different tiles among them
    double spared = 0;     ///< reads of the sender that neighbours make needless
    double passed = 0;     ///< words that come from neighbours, all receivers of a sender
};

/// One tensor from the MACs outwards: tells of every level, and leaves its counts in the explanation.
class TensorStory {
public:
    TensorStory(const Scene& scene, Tensor t, Page& page, Explanation& out)
        : scene_(scene), nest_(scene.nest), t_(t), page_(page), out_(out) {}

    void tell();

private:
    bool outputs() const { return t_ == Tensor::Outputs; }
    bool keeps(int l) const { return nest_.keeps[l][index(t_)]; }
    bool slides() const { return t_ == Tensor::Inputs && scene_.rules.halo_reuse; }

    void level(int l);
    /// What one instance of the level above is asked for. `bypass`: null for a level that keeps the tensor (its fetches
    /// ask), else whether neighbours forward at this point (the demand from below passes through).
    void askAbove(int l, const Supply& supply, const bool* bypass);

    // tiles.cpp
    void tellTile(int l);

    // fetches.cpp
    /// Whole tiles: a loop that moves the tile, and every loop around it, fetches it again.
    Term wholeTiles(int l);
    /// Sliding window: follows the tile through the loops above, innermost first, and adds up what the steps bring.
    Term slidingWords(int l);
    /// The innermost loop that moves the tile; returns the words that one of its steps brings.
    double tellSlab(int l, int i, int axis, double words, const TileStep& step);
    /// A loop around the sliding one; `moves`: it indexes the tensor itself.
    void tellStep(int i, int mover, bool moves, const TileStep& step, double slab);

    // fanout.cpp
    /// How many instances the level below `l` has under one instance, and how many different tiles they need.
    void tellFanout(int l, Supply& supply);
    /// Windows of neighbours along rows or columns: some combinations of a and b need the same one (diagonals).
    void addWindows(int l, const PerDim<double>& spread, Dim a, Dim b, const char* label, std::vector<Term>& different);

    // forwarding.cpp
    /// Words that neighbours hand over: a step that brings the same shape as the step before it, to a receiver whose
    /// neighbour held just these words.
    void tellForwarding(int l, Supply& supply);

    // counts.cpp
    void tellCounts(int l, const Supply& supply);
    /// Partial sums: the first one into a word reads nothing, here and at the level above.
    void tellOutputCounts(int l, const Supply& supply, TensorCounts<double>& count);
    /// Output words of one instance that start from nothing: all outputs over the different ones among instances.
    double freshWords(int l);
    /// Share of the receivers that a returning partial sum fills where only one of those that reduce together is.
    double refillShare(int l) const;
    void tellEnergy(int l, const TensorCounts<double>& count);

    const Scene& scene_;
    const Nest& nest_;
    const Tensor t_;
    Page& page_;
    Explanation& out_;
    double tile_ = 0;   ///< words of the tile told last
    double asked_ = 0;  ///< words that one instance of the present level is asked for
};

}  // namespace dna::costmodel::loopnest
