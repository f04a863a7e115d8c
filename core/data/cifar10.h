#pragma once

#include <filesystem>
#include <string>

#include "core/data/pictures.h"

namespace dna::data {

/// One binary file of CIFAR-10: records of one label byte (0-9) and 3 x 1,024 pixel bytes (red, green, blue planes).
/// Throws InputError naming file, byte offset, what was found and what was expected.
Pictures readCifar10File(const std::filesystem::path& file);

/// All data_batch_*.bin of a folder in the order of their names, cut to `limit` pictures when limit > 0.
Pictures readCifar10Training(const std::filesystem::path& folder, int limit = 0);
/// test_batch.bin.
Pictures readCifar10Test(const std::filesystem::path& folder, int limit = 0);

/// What is wanted in the folder and where to get it.
std::string cifar10Help();

}  // namespace dna::data
