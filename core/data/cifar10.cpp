#include "core/data/cifar10.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"

namespace dna::data {
namespace {

constexpr size_t kPixels = 3 * 32 * 32;
constexpr size_t kRecord = 1 + kPixels;
constexpr int kClasses = 10;
constexpr size_t kShownProblems = 10;

void append(Pictures& to, const Pictures& from) {
    to.bytes.insert(to.bytes.end(), from.bytes.begin(), from.bytes.end());
    to.labels.insert(to.labels.end(), from.labels.begin(), from.labels.end());
}

Pictures limited(Pictures pictures, int limit, const std::filesystem::path& where) {
    if (limit <= 0 || limit == pictures.count()) return pictures;
    if (limit > pictures.count())
        throw base::InputError(where.string(), "",
                               fmt::format("expected at least {} pictures, found {}", limit, pictures.count()));
    return pictures.slice(0, limit);
}

}  // namespace

Pictures readCifar10File(const std::filesystem::path& file) {
    const std::string content = base::readFile(file);
    const size_t records = content.size() / kRecord;
    std::vector<base::Problem> problems;
    if (records == 0 && content.empty())
        problems.push_back(
            {file.string(), "byte 0", fmt::format("expected records of {} bytes, found an empty file", kRecord)});
    if (content.size() % kRecord != 0)
        problems.push_back({file.string(), fmt::format("byte {}", records * kRecord),
                            fmt::format("expected a record of {} bytes, found {} (truncated file?)", kRecord,
                                        content.size() % kRecord)});
    Pictures pictures;
    pictures.bytes.reserve(records * kPixels);
    for (size_t i = 0; i < records && problems.size() < kShownProblems; ++i) {
        const auto label = static_cast<uint8_t>(content[i * kRecord]);
        if (label >= kClasses)
            problems.push_back(
                {file.string(), fmt::format("byte {}", i * kRecord),
                 fmt::format("expected a label in [0, {}], found {} (record {})", kClasses - 1, label, i)});
        const char* pixels = content.data() + i * kRecord + 1;
        pictures.labels.push_back(label);
        pictures.bytes.insert(pictures.bytes.end(), pixels, pixels + kPixels);
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
    return pictures;
}

Pictures readCifar10Training(const std::filesystem::path& folder, int limit) {
    if (!std::filesystem::is_directory(folder)) throw base::InputError(folder.string(), "", cifar10Help());
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("data_batch_") && name.ends_with(".bin")) files.push_back(entry.path());
    }
    if (files.empty()) throw base::InputError(folder.string(), "", "no data_batch_*.bin here; " + cifar10Help());
    std::sort(files.begin(), files.end());
    Pictures all;
    for (const auto& file : files) append(all, readCifar10File(file));
    return limited(std::move(all), limit, folder);
}

Pictures readCifar10Test(const std::filesystem::path& folder, int limit) {
    const std::filesystem::path file = folder / "test_batch.bin";
    if (!std::filesystem::exists(file)) throw base::InputError(file.string(), "", "file not found; " + cifar10Help());
    return limited(readCifar10File(file), limit, file);
}

std::string cifar10Help() {
    return "expected a folder with CIFAR-10's binary files data_batch_*.bin and test_batch.bin "
           "(cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html); name it with --data";
}

}  // namespace dna::data
