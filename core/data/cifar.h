#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/data/data_set.h"
#include "core/data/pictures.h"

namespace dna::data {

/// Records of CIFAR's binary files: label bytes, then 3 x 1,024 pixel bytes (red, green, blue planes of 32 x 32). The
/// last label byte is the class, one before it (CIFAR-100's coarse label) is checked and dropped.
struct CifarFormat {
    int label_bytes = 1;
    int classes = 10;
    int coarse_classes = 0;  ///< of the first of two label bytes

    size_t recordBytes() const { return static_cast<size_t>(label_bytes) + 3 * 32 * 32; }
};

constexpr CifarFormat kCifar10{1, 10, 0};
constexpr CifarFormat kCifar100{2, 100, 20};

/// One binary file. Throws InputError naming file, byte offset, what was found and what was expected.
Pictures readCifarFile(const std::filesystem::path& file, const CifarFormat& format);

/// Several files one behind the other, cut to `limit` pictures when limit > 0.
Pictures readCifarFiles(const std::vector<std::filesystem::path>& files, const CifarFormat& format, int limit);

/// Name and SHA-256 of each file.
std::vector<std::pair<std::string, std::string>> fileHashes(const std::vector<std::filesystem::path>& files);

}  // namespace dna::data
