#include <algorithm>

#include "core/base/error.h"
#include "core/data/cifar.h"

namespace dna::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWanted =
    "CIFAR-10's binary files data_batch_*.bin and test_batch.bin (cifar-10-binary.tar.gz from "
    "https://www.cs.toronto.edu/~kriz/cifar.html)";

/// All data_batch_*.bin of a folder in the order of their names.
std::vector<fs::path> trainingFiles(const fs::path& folder) {
    std::vector<fs::path> files;
    if (!fs::is_directory(folder)) return files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("data_batch_") && name.ends_with(".bin")) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

fs::path testFile(const fs::path& folder) { return folder / "test_batch.bin"; }

const std::vector<std::string> kNames{"airplane", "automobile", "bird",  "cat",  "deer",
                                      "dog",      "frog",       "horse", "ship", "truck"};

std::unique_ptr<PictureSet> open(const Source& source, Part part) {
    const std::string help = std::string("; expected a folder with ") + kWanted;
    const std::vector<fs::path> training = trainingFiles(source.folder);
    if (part == Part::Training && training.empty())
        throw base::InputError(source.folder.string(), "", "no data_batch_*.bin here" + help);
    if (part == Part::Test && !fs::exists(testFile(source.folder)))
        throw base::InputError(testFile(source.folder).string(), "", "file not found" + help);
    auto pictures = std::make_unique<Pictures>(
        part == Part::Training ? readCifarFiles(training, kCifar10, source.training)
                               : readCifarFiles({testFile(source.folder)}, kCifar10, source.test));
    pictures->class_names = kNames;
    return pictures;
}

std::vector<std::pair<std::string, std::string>> hashes(const Source& source) {
    std::vector<fs::path> files = trainingFiles(source.folder);
    if (fs::exists(testFile(source.folder))) files.push_back(testFile(source.folder));
    return fileHashes(files);
}

}  // namespace

void register_cifar10(DataSetRegistry& sets) {
    sets.add({.name = "cifar10",
              .summary = "a folder with CIFAR-10's binary files (data_batch_*.bin, test_batch.bin)",
              .wanted = kWanted,
              .options = {},
              .usual_training = 0,
              .usual_test = 0,
              .recognises = [](const fs::path& folder) { return !trainingFiles(folder).empty(); },
              .open = open,
              .hashes = hashes});
}

}  // namespace dna::data
