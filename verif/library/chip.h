#pragma once

#include <string>

#include "core/design/design.h"
#include "rtlgen/chip.h"
#include "verif/library/harness.h"

namespace dna::verif {

/// A design on the library under test; `rom`: the descriptors of a chip that has them in a ROM.
rtlgen::Chip chipWith(const design::Design& design, const Library& library, const std::vector<mapping::Descriptor>& rom = {});

/// "weight_stationary 4x8"
std::string describe(const design::Design& design);

}  // namespace dna::verif
