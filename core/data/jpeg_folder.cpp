#include "core/data/jpeg_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "core/autodiff/workers.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/data/jpeg.h"

namespace dna::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownProblems = 20;
constexpr size_t kNamedFiles = 5;
constexpr uint64_t kOrderSeed = 0;

bool isJpeg(const fs::path& file) {
    std::string ending = file.extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
    return ending == ".jpg" || ending == ".jpeg";
}

std::vector<std::string> subfolders(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// The largest centred square.
CropBox centredSquare(int width, int height, double share) {
    const double side = share * std::min(width, height);
    return {(width - side) / 2, (height - side) / 2, side, side};
}

/// Szegedy et al., CVPR 2015: ten tries at a rectangle that fits, then the centre.
CropBox randomBox(int width, int height, base::Rng& draw) {
    constexpr int kTries = 10;
    const double log_ratio = base::portableLog(4.0 / 3.0);
    for (int i = 0; i < kTries; ++i) {
        const double area = (0.08 + 0.92 * draw.uniform()) * width * height;
        const double ratio = base::portableExp(log_ratio * (2 * draw.uniform() - 1));
        const double w = std::max(1.0, std::sqrt(area * ratio)), h = std::max(1.0, std::sqrt(area / ratio));
        const double x = draw.uniform(), y = draw.uniform();
        if (w <= width && h <= height) return {x * (width - w), y * (height - h), w, h};
    }
    return centredSquare(width, height, 1);
}

}  // namespace

JpegFolder::JpegFolder(const fs::path& split, const JpegFolderOptions& options) : folder_(split) {
    height = width = options.size;
    listFiles();
    inspect(options);
    if (options.limit > count())
        throw base::InputError(split.string(), "",
                               fmt::format("expected at least {} pictures, found {}", options.limit, count()));
    if (options.limit > 0) files_.resize(static_cast<size_t>(options.limit));
}

void JpegFolder::listFiles() {
    if (!fs::is_directory(folder_)) throw base::InputError(folder_.string(), "", "expected a folder of class folders");
    class_names = subfolders(folder_);
    classes = static_cast<int>(class_names.size());
    if (classes == 0) throw base::InputError(folder_.string(), "", "expected class folders, found none");
    if (classes > std::numeric_limits<Label>::max())
        throw base::InputError(folder_.string(), "", fmt::format("expected at most 65,535 classes, found {}", classes));
    std::vector<base::Problem> problems;
    int others = 0;
    for (size_t label = 0; label < class_names.size(); ++label) {
        const size_t before = files_.size();
        for (const auto& entry : fs::recursive_directory_iterator(folder_ / class_names[label])) {
            if (!entry.is_regular_file()) continue;
            if (isJpeg(entry.path()))
                files_.push_back({entry.path().lexically_relative(folder_).string(), static_cast<Label>(label), 0, 0});
            else
                ++others;
        }
        if (files_.size() == before)
            problems.push_back({(folder_ / class_names[label]).string(), "",
                                "expected .jpg or .jpeg files, found none: an empty class"});
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
    if (others > 0) remarks_.push_back(fmt::format("{}: {} files without .jpg or .jpeg ignored", folder_.string(), others));
    // The file system's order is arbitrary; a shuffled prefix holds the classes as the whole does.
    std::sort(files_.begin(), files_.end(), [](const File& a, const File& b) { return a.name < b.name; });
    base::Rng rng(kOrderSeed, "jpeg-folder-order");
    for (size_t i = files_.size() - 1; i > 0; --i) std::swap(files_[i], files_[rng.below(i + 1)]);
}

void JpegFolder::inspect(const JpegFolderOptions& options) {
    constexpr int kPart = 256;
    std::vector<JpegInfo> found(files_.size());
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    autodiff::Workers workers(options.threads > 0 ? options.threads : std::max(1, cores));
    workers.run(static_cast<int>((files_.size() + kPart - 1) / kPart), [&](int part) {
        const size_t begin = static_cast<size_t>(part) * kPart, end = std::min(files_.size(), begin + kPart);
        for (size_t i = begin; i < end; ++i) found[i] = inspectJpeg(folder_ / files_[i].name);
    });
    std::vector<base::Problem> problems;
    std::vector<std::string> skipped;
    std::vector<File> kept;
    std::vector<char> present(class_names.size());
    for (size_t i = 0; i < files_.size(); ++i) {
        const std::string name = (folder_ / files_[i].name).string();
        if (!found[i].problem.empty()) {
            problems.push_back({name, "", found[i].problem});
        } else if (found[i].truncated) {
            skipped.push_back(files_[i].name);
            if (options.strict) problems.push_back({name, "", "truncated JPEG: its end marker is missing"});
        } else {
            kept.push_back({files_[i].name, files_[i].label, found[i].width, found[i].height});
            present[files_[i].label] = 1;
        }
    }
    for (size_t label = 0; label < present.size(); ++label)
        if (!present[label] && problems.empty())
            problems.push_back({(folder_ / class_names[label]).string(), "", "all its files are truncated"});
    if (!problems.empty()) {
        std::sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
        const size_t more = problems.size() - std::min(problems.size(), kShownProblems);
        problems.resize(problems.size() - more);
        if (more > 0) problems.push_back({folder_.string(), "", fmt::format("and {} more files", more)});
        throw base::InputError(std::move(problems));
    }
    files_ = std::move(kept);
    if (skipped.empty()) return;
    std::sort(skipped.begin(), skipped.end());
    const size_t named = std::min(skipped.size(), kNamedFiles);
    remarks_.push_back(fmt::format("{}: {} truncated files skipped: {}{}", folder_.string(), skipped.size(),
                                   fmt::join(skipped.begin(), skipped.begin() + static_cast<std::ptrdiff_t>(named), ", "),
                                   skipped.size() > named ? ", ..." : ""));
}

void JpegFolder::decode(int index, CropBox crop, uint8_t* to) const {
    const RgbImage image = decodeJpeg(folder_ / files_[static_cast<size_t>(index)].name, crop, width);
    resample(image, crop, width, to);
}

void JpegFolder::read(int index, uint8_t* to) const {
    const File& file = files_[static_cast<size_t>(index)];
    decode(index, centredSquare(file.width, file.height, 7.0 / 8), to);
}

Augmentation JpegFolder::readAugmented(int index, base::Rng& draw, uint8_t* to) const {
    const File& file = files_[static_cast<size_t>(index)];
    decode(index, randomBox(file.width, file.height, draw), to);
    return {0, 0, draw.below(2) == 1};
}

std::string listingHash(const fs::path& folder) {
    std::vector<std::string> lines;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file())
            lines.push_back(fmt::format("{} {}\n", entry.path().lexically_relative(folder).string(), entry.file_size()));
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += line;
    return base::sha256(text);
}

}  // namespace dna::data
