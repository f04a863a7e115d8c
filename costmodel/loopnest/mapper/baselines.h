#pragma once

#include <map>

#include "costmodel/loopnest/mapper/mapper.h"

namespace dna::costmodel::loopnest {

/// What other mappers do, on the same evaluator, to compare with.
enum class Baseline {
    Random,        ///< prime factors thrown into slots, loops in any order
    RandomPruned,  ///< the same, but only factors that fit the meshes and orders that no other one dominates
    Evolution,     ///< mutation, crossover over dimensions, tournaments
};

struct BaselineOptions {
    Baseline kind = Baseline::Random;
    Objective objective;
    Convention rules = kTimeloop;
    int64_t evaluations = 10'000;  ///< valid mappings to price
    uint64_t seed = 0;
};

struct BaselineResult {
    MapperResult best;  ///< without bound
    int64_t tried = 0;  ///< mappings drawn, invalid ones included; at most 1,000 per evaluation
    std::map<std::string, int64_t>
        rejected;  ///< why, and how many: "RF: Weights 36, Inputs 90, ... over by 12" per level and tensor
};

/// Draws mappings of the map space until `evaluations` valid ones were priced. The same seed gives the same result.
BaselineResult runBaseline(const Problem& problem, const Architecture& architecture, const BaselineOptions& options);

}  // namespace dna::costmodel::loopnest
