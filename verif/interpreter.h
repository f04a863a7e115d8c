#pragma once

#include <cstdint>
#include <vector>

#include "core/design/design.h"

namespace dna::verif {

/// Runs the descriptors that stand in a DRAM image, as the hardware would, on the image itself: reads only bytes (no
/// plan, no network), so that it checks what the chip is really told. `chunk` gives the size of the array. Throws
/// InternalError on addresses outside the image.
void interpret(std::vector<uint8_t>& dram, uint32_t descriptor_base, const design::Chunk& chunk);

}  // namespace dna::verif
