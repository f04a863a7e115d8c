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
/// `program/memory_map.json`, `program/desc.txt`; and `program/descriptors.bin` where descriptors stand in the chip.
void writeProgram(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                  const mapping::Program& program);

/// Descriptors of a program that stand in the chip, in a folder of writeProgram.
std::filesystem::path descriptorFile(const std::filesystem::path& folder);

/// Throws InputError when the ROM of the chip emitted to `chip` holds the descriptors of another program; `program_json` is
/// the file that the program comes from. Chips without a ROM run every program.
void checkRom(const mapping::Program& program, const std::filesystem::path& program_json, const std::filesystem::path& chip);

/// Two random pictures and every layer's output for the bench of an emitted chip.
void writeBenchVectors(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                       const mapping::Program& program);

/// Descriptors as text, a line per field that is not zero.
std::string descriptorText(const mapping::Program& program);
/// memory_map.json (`dna.memory_map`).
base::Json memoryMapJson(const mapping::Program& program);

}  // namespace dna::flows
