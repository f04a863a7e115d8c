#pragma once

#include <string>

#include "costmodel/loopnest/mapper/cuts.h"

namespace dna::costmodel::loopnest {

/// Why a search found no mapping: the memory that the smallest tiles overflow, the dimension no level may hold, or the
/// budget.
std::string whyInfeasible(const MapSpace& space, const std::string& stopped_by);

}  // namespace dna::costmodel::loopnest
