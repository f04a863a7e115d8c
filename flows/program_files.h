#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/design/design.h"
#include "core/mapping/program.h"
#include "core/nn/integer/integer_network.h"

namespace dna::flows {

/// A network on a design: read from files, mapped and lowered.
struct MappedNetwork {
    network::Network network;
    design::Design design;
    std::vector<mapping::Layer> layers;
    std::vector<mapping::LayerPlan> plans;
};

/// Reads network and design; the mapping comes from its file, or is the best one for the target when there is none.
MappedNetwork readMapped(const std::filesystem::path& network_json, const std::filesystem::path& design_json,
                         const std::optional<std::filesystem::path>& mapping_json, const design::Target& target);

/// What an emitted folder holds besides Verilog: `design.json`, `mapping.json`, `network.json`, `weights.safetensors`.
struct EmittedProgram {
    nn::IntegerNetwork network;
    mapping::Program program;
};
EmittedProgram readEmittedProgram(const std::filesystem::path& folder);

/// Descriptors as text, a line per field that is not zero.
std::string descriptorText(const mapping::Program& program);
/// memory_map.json (`dna.memory_map`).
base::Json memoryMapJson(const mapping::Program& program);

}  // namespace dna::flows
