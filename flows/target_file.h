#pragma once

#include <filesystem>
#include <optional>

#include "core/design/design.h"

namespace dna::flows {

/// design::readTarget; a technology that is not built in, or a DRAM that it has no prices of, is a problem of the document.
design::Target readPricedTarget(base::JsonObject& object);

/// Reads a `dna.target` file; the default target (osu018, 100 MHz, EDP) when there is none.
design::Target readTargetFile(const std::optional<std::filesystem::path>& file);

}  // namespace dna::flows
