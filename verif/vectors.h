#pragma once

#include <filesystem>
#include <vector>

#include "core/mapping/program.h"
#include "core/nn/integer/integer_network.h"

namespace dna::verif {

/// Writes what the test bench reads: image.bin (DRAM from 0), descriptors.bin (descriptor RAM from 0, where the chip has
/// one), program.txt (places of the maps), care.bin (bytes that are compared), inputs.bin and expected.bin (one picture behind the other). The expected bytes come from the naive
/// reference; the descriptor interpreter must give the same logits, else InternalError: the program is wrong before any
/// RTL runs. `pictures` are [3][H][W] bytes each.
void writeVectors(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                  const mapping::Program& program, const std::vector<const uint8_t*>& pictures);

}  // namespace dna::verif
