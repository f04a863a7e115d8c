#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "rtlgen/chip.h"

namespace dna::verif {

/// Scratch files: no need to reach the disk before the next one is written. Throws ToolError.
void writeScratch(const std::filesystem::path& file, const std::string& text);

/// The Verilog files of a chip, written to `folder` as scratch files, behind a tool's command that runs there.
void addFiles(const rtlgen::Chip& chip, const std::filesystem::path& folder, std::vector<std::string>& command);

}  // namespace dna::verif
