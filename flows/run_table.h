#pragma once

#include <filesystem>
#include <string>

namespace dna::flows {

/// The table a run closes with: accuracy, predicted and measured cycles, area, energy, EDP, and where the report is.
std::string runTable(const std::filesystem::path& run);

}  // namespace dna::flows
