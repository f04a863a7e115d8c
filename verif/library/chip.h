#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "core/design/design.h"
#include "rtlgen/chip.h"
#include "verif/library/harness.h"

namespace dna::verif {

/// A design on the library under test; `rom`: the descriptors of a chip that has them in a ROM.
rtlgen::Chip chipWith(const design::Design& design, const Library& library, const std::vector<mapping::Descriptor>& rom = {});

/// Names of the modules that a chip has instances of, as Verilator elaborates it in `folder`. Throws ToolError.
std::set<std::string> modulesOf(const rtlgen::Chip& chip, const std::filesystem::path& folder);

/// "weight_stationary 4x8"
std::string describe(const design::Design& design);

}  // namespace dna::verif
