#pragma once

#include <filesystem>
#include <optional>

#include "core/design/design.h"

namespace dna::flows {

/// Reads a `dna.target` file; the default target (osu018, 100 MHz, EDP) when there is none.
design::Target readTargetFile(const std::optional<std::filesystem::path>& file);

}  // namespace dna::flows
