#pragma once

#include <string>

#include "core/design/design.h"
#include "rtlgen/chip.h"
#include "verif/library/harness.h"

namespace dna::verif {

/// A design on the library under test.
rtlgen::Chip chipWith(const design::Design& design, const Library& library);

/// "weight_stationary 4x8"
std::string describe(const design::Design& design);

}  // namespace dna::verif
