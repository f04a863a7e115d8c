#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/base/json.h"
#include "core/mapping/plan.h"

namespace dna::mapping {

/// Mappings by layer name.
using NetworkMapping = std::map<std::string, LayerMapping>;

NetworkMapping readMapping(const std::filesystem::path& file);
NetworkMapping readMapping(base::JsonDocument document);
base::Json toJson(const std::vector<LayerPlan>& plans);
/// One layer's entry without its name: the fields of LayerMapping and the loop nest in words.
base::Json toJson(const LayerPlan& plan);

/// Lowers every layer with its mapping; layers without one and mappings without a layer are problems, as is everything
/// that the hardware can't run. `file` stands in the messages.
std::vector<LayerPlan> lowerAll(const std::vector<Layer>& layers, const design::Chunk& chunk,
                                const NetworkMapping& mappings, const std::string& file);

}  // namespace dna::mapping
