#include "verif/library/chip.h"

#include <fmt/format.h>

namespace dna::verif {

rtlgen::Chip chipWith(const design::Design& design, const Library& library, const std::vector<mapping::Descriptor>& rom) {
    rtlgen::Chip chip = rtlgen::emitChip(design, rom);
    for (const auto& [file, text] : library) chip.files[file] = text;
    return chip;
}

std::string describe(const design::Design& design) {
    const design::Chunk& chunk = design.chunk();
    return fmt::format("{} {}x{}", design::templateName(chunk.array), chunk.rows, chunk.cols);
}

}  // namespace dna::verif
