#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace dna::data {

/// Labelled RGB pictures, one byte a value, [picture][colour][row][column].
struct Pictures {
    int channels = 3, height = 32, width = 32;
    int classes = 10;
    std::vector<uint8_t> bytes;
    std::vector<uint8_t> labels;

    int count() const { return static_cast<int>(labels.size()); }
    size_t pictureBytes() const { return static_cast<size_t>(channels) * height * width; }
    const uint8_t* picture(int index) const { return bytes.data() + pictureBytes() * static_cast<size_t>(index); }
    /// Pictures [begin, end).
    Pictures slice(int begin, int end) const;
};

/// Per-colour mean and standard deviation of a set, in bytes (0..255).
struct Normalization {
    std::array<float, 3> mean{127.5f, 127.5f, 127.5f};
    std::array<float, 3> deviation{64, 64, 64};
};

/// Exact integer sums, so the result doesn't depend on order.
Normalization measureNormalization(const Pictures& pictures);

/// Where pictures come from. Training and test sets are read apart: the test set once, at the end of a run.
struct Source {
    std::string name = "shapes";   ///< "shapes" or "cifar10"
    std::filesystem::path folder;  ///< of cifar10
    int training = 12000;          ///< pictures used; 0 = all that the folder has (cifar10)
    int test = 2000;
    uint64_t seed = 1;  ///< of shapes
};

/// "shapes" or a folder with CIFAR-10's binary files. Throws InputError when it is neither.
Source sourceOf(const std::string& name_or_folder);

Pictures readTraining(const Source& source);
Pictures readTest(const Source& source);

/// Names for `list datasets`, each with a sentence.
std::vector<std::pair<std::string, std::string>> builtinDataSets();

}  // namespace dna::data
