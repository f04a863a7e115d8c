#pragma once

#include <string>
#include <vector>

#include "flows/platform.h"

namespace dna::flows {

/// One size of memory that a design uses, and how many of it.
struct MemoryUse {
    int words = 0, bits = 0;
    int count = 0;
    bool operator==(const MemoryUse&) const = default;
};

/// Verilog that replaces the behavioural `dna_sram_sp`: for every size of the design a body that instantiates the macros
/// (side by side for width, in banks for depth) or, without macros, one cell `dna_memory_<words>x<bits>`.
std::string memoryWrapper(const std::vector<MemoryUse>& uses, const Platform& platform, const costmodel::MemorySource& memory);

/// Liberty with one cell per size for memories that are priced by a law: area, leakage, simple timing.
std::string memoryLiberty(const std::vector<MemoryUse>& uses, const Platform& platform, const costmodel::MemorySource& memory);

/// Bits needed to address `words` words (at least 1).
int addressBits(int words);

}  // namespace dna::flows
