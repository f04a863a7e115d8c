#pragma once

#include <cstdint>
#include <vector>

#include "core/design/design.h"

namespace dna::verif {

/// Runs the descriptors from byte `descriptor_base` of `memory` on a DRAM image, as the hardware would: reads only bytes (no
/// plan, no network), so that it checks what the chip is really told. `memory` is the image itself or what stands in a memory of
/// the chip; `chunk` gives the size of the array. Throws InternalError on addresses outside of them.
void interpret(std::vector<uint8_t>& dram, const std::vector<uint8_t>& memory, uint32_t descriptor_base, const design::Chunk& chunk);

}  // namespace dna::verif
