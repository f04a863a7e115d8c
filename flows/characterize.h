#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/json.h"
#include "core/base/log.h"
#include "costmodel/technology.h"

namespace dna::flows {

/// What `dna characterize` measures and how.
struct CharacterizeStage {
    std::string platform = "osu018";
    std::optional<std::filesystem::path> pdk_root;
};

/// Prices of a technology from synthesis: one point per library module (an 8x8 chip, PEs of two accumulator widths), area
/// from Yosys, energy by Liberty sums over gate-level toggles of one PE and one requantisation lane, and at the assumed
/// activity for everything else. Memories and DRAM come from the platform.
costmodel::Technology characterize(const CharacterizeStage& options, base::Log& log);

/// The part of it that is about single PEs, partial sums, the multiplexers beside them and lanes of several columns.
costmodel::LogicPrices characterizePes(const CharacterizeStage& options, base::Log& log);

}  // namespace dna::flows
