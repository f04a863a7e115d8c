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

/// Writes what `readEmittedProgram` reads, and what a chip's DRAM is loaded with: `program/image.bin`,
/// `program/memory_map.json`, `program/desc.txt`.
void writeProgram(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                  const mapping::Program& program);

/// Two random pictures and every layer's output for the bench of an emitted chip.
void writeBenchVectors(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                       const mapping::Program& program);

/// Descriptors as text, a line per field that is not zero.
std::string descriptorText(const mapping::Program& program);
/// memory_map.json (`dna.memory_map`).
base::Json memoryMapJson(const mapping::Program& program);

}  // namespace dna::flows
