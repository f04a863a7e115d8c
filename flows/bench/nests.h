#pragma once

#include <string>
#include <vector>

#include "costmodel/loopnest/evaluate.h"

namespace dna::flows {

/// A layer with its nest on an architecture.
struct BenchNest {
    costmodel::loopnest::Problem problem;
    costmodel::loopnest::Mapping mapping;
};

/// 16x16 PEs, three levels that keep everything: DRAM, a global buffer of 64 Ki words, registers of 128 words a PE.
costmodel::loopnest::Architecture benchArchitecture();

/// Nests of convolutions, depthwise, pointwise and fully connected layers on it: stationary, sliding, spread over rows.
std::vector<BenchNest> benchNests();

}  // namespace dna::flows
