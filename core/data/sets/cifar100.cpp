#include <fstream>

#include "core/base/error.h"
#include "core/data/cifar.h"

namespace dna::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWanted =
    "CIFAR-100's binary files train.bin and test.bin (cifar-100-binary.tar.gz from "
    "https://www.cs.toronto.edu/~kriz/cifar.html)";

fs::path fileOf(const Source& source, Part part) {
    return source.folder / (part == Part::Training ? "train.bin" : "test.bin");
}

/// Of fine_label_names.txt, which the archive holds beside the pictures; none when it is missing or of another length.
std::vector<std::string> classNames(const fs::path& folder) {
    std::vector<std::string> names;
    std::ifstream file(folder / "fine_label_names.txt");
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) names.push_back(line);
    if (names.size() != static_cast<size_t>(kCifar100.classes)) names.clear();
    return names;
}

std::unique_ptr<PictureSet> open(const Source& source, Part part) {
    const fs::path file = fileOf(source, part);
    if (!fs::exists(file))
        throw base::InputError(file.string(), "", std::string("file not found; expected a folder with ") + kWanted);
    auto pictures = std::make_unique<Pictures>(
        readCifarFiles({file}, kCifar100, part == Part::Training ? source.training : source.test));
    pictures->class_names = classNames(source.folder);
    return pictures;
}

std::vector<std::pair<std::string, std::string>> hashes(const Source& source) {
    std::vector<fs::path> files;
    for (const Part part : {Part::Training, Part::Test})
        if (fs::exists(fileOf(source, part))) files.push_back(fileOf(source, part));
    return fileHashes(files);
}

}  // namespace

void register_cifar100(DataSetRegistry& sets) {
    sets.add({.name = "cifar100",
              .summary = "a folder with CIFAR-100's binary files (train.bin, test.bin); the 100 fine labels are used",
              .wanted = kWanted,
              .options = {},
              .usual_training = 0,
              .usual_test = 0,
              .recognises = [](const fs::path& folder) { return fs::exists(folder / "train.bin"); },
              .open = open,
              .hashes = hashes});
}

}  // namespace dna::data
