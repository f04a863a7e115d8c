#pragma once

#include "costmodel/loopnest/mapper/cuts.h"

namespace dna::costmodel::loopnest {

/// Which loop may be the innermost of all temporal loops above an array: it leaves one tensor in place and moves the
/// others.
enum class Innermost : uint8_t { KeepsWeights, KeepsInputs, KeepsOutputs, MovesAll };
constexpr std::array<Innermost, 4> kInnermost = {Innermost::KeepsWeights, Innermost::KeepsInputs,
                                                 Innermost::KeepsOutputs, Innermost::MovesAll};

/// Temporal loops above an array, as far as they are known: those of the first level above it and those further out.
/// With ragged tiles they are fractions: as many whole tiles as there are words for. A fraction below 1 means idle
/// instances.
struct LoopsAbove {
    LoopsAbove(const PerDim<double>& first_loops, const PerDim<double>& rest_loops, bool split_unknown);

    PerDim<double> first, rest;
    bool split_unknown;  ///< `first` may still be spread over several levels (then `rest` is 1)
    double busy = 1;     ///< share of the instances that work (1 with perfect factors)
    double first_all, rest_all;
    PerTensor<double> first_moving, rest_moving;  ///< products over the loops that move a tensor
    /// Whether a loop of this kind can be the innermost one.
    bool allows(Innermost kind) const;
};

/// A cut whose child tile is known.
struct TileBelow {
    Cut cut;
    CutRate rate;
    double words = 0;         ///< of the child tile
    PerDim<double> extent;    ///< of the child tile
    PerDim<double> inner;     ///< loops between the child and the array's top, each level's order still open
    PerDim<double> unit;      ///< extent that one step of a loop above the array moves by
    double inner_moving = 1;  ///< product of those of `inner` that move the tensor
};

/// Fewest fetches of the child tile (in tiles) over all orders of the loops above, when the innermost one is of `kind`.
double fewestVisits(const MapSpace& space, const TileBelow& tile, const LoopsAbove& above, Innermost kind);

}  // namespace dna::costmodel::loopnest
