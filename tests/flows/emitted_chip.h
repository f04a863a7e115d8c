#pragma once

#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "rtlgen/chip.h"

/// Writes the Verilog of a design as `dna emit` does: sources and files.f.
inline void writeChip(const dna::design::Design& design, const std::filesystem::path& folder) {
    const dna::rtlgen::Chip chip = dna::rtlgen::emitChip(design);
    std::string list;
    for (const auto& [name, text] : chip.files) {
        dna::base::makeFolder((folder / name).parent_path());
        dna::base::writeFileAtomic(folder / name, text);
    }
    for (const std::string& name : chip.order) list += name + "\n";
    dna::base::writeFileAtomic(folder / "files.f", list);
}
