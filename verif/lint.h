#pragma once

#include <filesystem>
#include <string>

#include "rtlgen/chip.h"

namespace dna::verif {

/// What the tools say about a chip, nothing waived; empty when they are content. Files are written to `folder`.
std::string lintVerilator(const rtlgen::Chip& chip, const std::filesystem::path& folder);  ///< -Wall
std::string lintIcarus(const rtlgen::Chip& chip, const std::filesystem::path& folder);     ///< -g2005 -Wall
std::string lintYosys(const rtlgen::Chip& chip, const std::filesystem::path& folder);      ///< check -assert

/// Places where something is clocked by a falling edge; only resets are. Half a period is what no simulation would miss, and the
/// constraints of synthesis know nothing of it.
std::string lintEdges(const rtlgen::Chip& chip);

}  // namespace dna::verif
