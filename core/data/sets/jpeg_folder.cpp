#include "core/data/jpeg_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/data/data_set.h"

namespace dna::data {
namespace {

namespace fs = std::filesystem;

constexpr int kLeastSize = 8;
constexpr const char* kWanted = "JPEG files in ImageNet's layout, train/<class>/*.jpg and val/<class>/*.jpg";

JpegFolder openSplit(const Source& source, Part part) {
    JpegFolderOptions options;
    if (source.option("size") > 0) options.size = static_cast<int>(source.option("size"));
    if (options.size < kLeastSize)
        throw base::InputError("data", "/size",
                               fmt::format("expected 0 (what the network reads) or at least {}, found {}", kLeastSize,
                                           options.size));
    options.strict = source.option("strict") != 0;
    options.limit = part == Part::Training ? source.training : source.test;
    return {source.folder / (part == Part::Training ? "train" : "val"), options};
}

/// Class folders of a split, for a comparison without looking at the files.
std::vector<std::string> classesOf(const fs::path& split) {
    std::vector<std::string> names;
    if (fs::is_directory(split))
        for (const auto& entry : fs::directory_iterator(split))
            if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// A label is the place of a class among the folders: both splits must have the same ones.
void checkSameClasses(const fs::path& folder) {
    const std::vector<std::string> train = classesOf(folder / "train"), val = classesOf(folder / "val");
    std::vector<base::Problem> problems;
    const auto miss = [&](const char* split, const std::vector<std::string>& here, const std::vector<std::string>& there) {
        for (const std::string& name : there)
            if (!std::binary_search(here.begin(), here.end(), name))
                problems.push_back({(folder / split / name).string(), "", "class folder is missing here, the other split has it"});
    };
    miss("val", val, train);
    miss("train", train, val);
    if (!problems.empty()) throw base::InputError(std::move(problems));
}

std::unique_ptr<PictureSet> open(const Source& source, Part part) {
    for (const char* split : {"train", "val"})
        if (!fs::is_directory(source.folder / split))
            throw base::InputError((source.folder / split).string(), "",
                                   std::string("folder not found; expected a folder with ") + kWanted);
    checkSameClasses(source.folder);
    return std::make_unique<JpegFolder>(openSplit(source, part));
}

}  // namespace

void register_jpeg_folder(DataSetRegistry& sets) {
    sets.add({.name = "jpeg_folder",
              .summary = "a folder of JPEG files in ImageNet's layout (train/<class>/*.jpg, val/<class>/*.jpg), decoded while training",
              .wanted = kWanted,
              .options = {{"size", "side of the pictures in pixels; 0: what the network reads, else 224", 0, 1024, 0, false},
                          {"strict", "refuse truncated files instead of skipping them", 0, 1, 0, true}},
              .usual_training = 0,
              .usual_test = 0,
              .recognises = [](const fs::path& folder) { return fs::is_directory(folder / "train"); },
              .open = open,
              .hashes = [](const Source& source) -> std::vector<std::pair<std::string, std::string>> {
                  return {{"train", listingHash(source.folder / "train")}, {"val", listingHash(source.folder / "val")}};
              }});
}

}  // namespace dna::data
