#pragma once

#include <functional>

#include "verif/fuzz_case.h"

namespace dna::verif {

/// The smallest case found that still fails: fewer layers, smaller maps, plainer operators and mappings, one picture,
/// no stalls, on the same design. `fails` runs a case; it is asked at most `attempts` times.
FuzzCase shrink(FuzzCase failing, const std::function<bool(const FuzzCase&)>& fails, int attempts);

}  // namespace dna::verif
