#include "core/mapping/values.h"

namespace dna::mapping {

void putValue(uint8_t* bytes, int64_t index, int bits, int value) {
    if (bits == 4) {
        uint8_t& byte = bytes[index / 2];
        byte = index % 2 == 0 ? uint8_t((byte & 0xf0) | (value & 0xf)) : uint8_t((byte & 0x0f) | (value & 0xf) << 4);
        return;
    }
    for (int b = 0; b < bits / 8; ++b) bytes[index * (bits / 8) + b] = uint8_t(value >> (8 * b));
}

int getValue(const uint8_t* bytes, int64_t index, int bits) {
    if (bits == 4) return int8_t(uint8_t(bytes[index / 2] << (index % 2 == 0 ? 4 : 0))) >> 4;
    return bits == 8 ? int8_t(bytes[index]) : int16_t(bytes[2 * index] | bytes[2 * index + 1] << 8);
}

}  // namespace dna::mapping
