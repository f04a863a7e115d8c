#pragma once

#include "costmodel/loopnest/mapper/array_search.h"
#include "costmodel/loopnest/mapper/nest_builder.h"

namespace dna::costmodel::loopnest {

/// All factors are fixed: finds the best loop orders, and placements of spatial loops where neighbours may forward.
class LeafSearch {
public:
    LeafSearch(const MapSpace& space, const SpatialChoice& choice, const std::array<Factors, kMaxLevels>& temporal);
    /// The best nest, if it is better than `incumbent`; adds what was priced to `evaluated`.
    Candidate best(double incumbent, int64_t& evaluated);

private:
    struct SpatialOrder {
        std::vector<Loop> loops;  ///< outer to inner
    };
    void chooseOrders(int level);
    void choosePlacements(int level);
    void evaluateNest();
    Nest build() const;
    Placement placementFor(int level) const;
    bool orderMatters(int level) const;
    bool equalGroups(const Factors& hop) const;
    double objectiveOf(const Nest& nest, const Convention& rules);
    void take(const Nest& nest, double objective);
    std::vector<SpatialOrder> spatialOrders(int level) const;

    const MapSpace& space_;
    const SpatialChoice& choice_;
    const std::array<Factors, kMaxLevels>& temporal_;
    std::array<LoopOrder, kMaxLevels> orders_;
    std::array<SpatialOrder, kMaxLevels> placed_;
    Candidate best_;
    int64_t evaluated_ = 0;
};

}  // namespace dna::costmodel::loopnest
