#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/design/design.h"
#include "core/mapping/descriptor.h"
#include "rtlgen/netlist.h"

namespace dna::rtlgen {

/// Memory wrapper instances of a chip, by size.
struct MemoryUse {
    std::string instance;  ///< hierarchical path pattern below dna_top
    int words = 0, bits = 0, count = 0;
};

/// Everything emitted for a design: file name -> text, files of the library first, then the generated layer.
struct Chip {
    std::vector<std::string> order;            ///< file list, modules before their users
    std::map<std::string, std::string> files;  ///< "rtl/dna_pe.v" -> text
    std::vector<MemoryUse> memories;
    std::string top = "dna_top";
};

/// Emits the Verilog of a design: the library as it is, dna_chunk0 and dna_top generated, and dna_desc_rom0 with `descriptors`
/// where the design reads them from a ROM (others don't need them). Equal arguments give the same bytes. Throws
/// InputError for designs the library can't build, and for a ROM without descriptors.
Chip emitChip(const design::Design& design, const std::vector<mapping::Descriptor>& descriptors = {});

/// The hand-written library alone: "rtl/dna_pe.v" -> text.
std::map<std::string, std::string> libraryFiles();

/// Memories of one chunk: what the cost model prices and synthesis maps.
std::vector<MemoryUse> memoriesOf(const design::Chunk& chunk);

}  // namespace dna::rtlgen
