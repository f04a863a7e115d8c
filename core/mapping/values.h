#pragma once

#include <cstdint>

namespace dna::mapping {

/// Arrays of operands as they stand in DRAM: signed values of 4, 8 or 16 bits, little endian, low nibble first.
void putValue(uint8_t* bytes, int64_t index, int bits, int value);
int getValue(const uint8_t* bytes, int64_t index, int bits);

}  // namespace dna::mapping
