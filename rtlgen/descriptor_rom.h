#pragma once

#include <string>
#include <vector>

#include "core/mapping/descriptor.h"

namespace dna::rtlgen {

/// Text of the module dna_desc_rom0: the descriptors of one program, 16 words of 128 bits each, one behind the other, read like
/// dna_sram_sp; words behind the last one are 0. `header` lines are printed as comments above the module.
std::string descriptorRom(const std::vector<mapping::Descriptor>& descriptors, const std::vector<std::string>& header);

/// Address bits of its words.
int descriptorRomAddressBits(size_t descriptors);

}  // namespace dna::rtlgen
