#pragma once

#include <array>
#include <vector>

#include "costmodel/loopnest/mapper/factors.h"

namespace dna::costmodel::loopnest {

/// Order of the temporal loops of one level, innermost first.
struct LoopOrder {
    std::array<Dim, kDims> dims{};
    int count = 0;
};

/// Orders of the loops with a factor above 1 such that every other order costs at least as much as one of them,
/// whatever the loops of the other levels (dominance, proof in README): what counts is which loops come before the
/// first that moves a tensor, which loop slides the input window, and whether the loop right outside it steps back onto
/// the same window.
std::vector<LoopOrder> undominatedOrders(const Factors& loops);

}  // namespace dna::costmodel::loopnest
