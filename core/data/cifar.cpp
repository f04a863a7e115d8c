#include "core/data/cifar.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/file.h"

namespace dna::data {
namespace {

constexpr size_t kPixels = 3 * 32 * 32;
constexpr size_t kShownProblems = 10;

void append(Pictures& to, const Pictures& from) {
    to.classes = from.classes;
    to.bytes.insert(to.bytes.end(), from.bytes.begin(), from.bytes.end());
    to.labels.insert(to.labels.end(), from.labels.begin(), from.labels.end());
}

std::vector<base::Problem> sizeProblems(const std::filesystem::path& file, size_t bytes, const CifarFormat& format) {
    const size_t record = format.recordBytes(), over = bytes % record;
    if (bytes == 0)
        return {{file.string(), "byte 0", fmt::format("expected records of {} bytes, found an empty file", record)}};
    if (over == 0) return {};
    // A file of the other format is a whole number of its records.
    const CifarFormat& other = format.label_bytes == 1 ? kCifar100 : kCifar10;
    const std::string guess = bytes % other.recordBytes() == 0
                                  ? fmt::format("the file is a whole number of records of {} bytes: CIFAR-{}?",
                                                other.recordBytes(), other.classes)
                                  : "truncated file?";
    return {{file.string(), fmt::format("byte {}", bytes - over),
             fmt::format("expected a record of {} bytes, found {} ({})", record, over, guess)}};
}

/// Problems of a record's label bytes.
void checkLabels(const std::filesystem::path& file, const char* record, size_t index, const CifarFormat& format,
                 std::vector<base::Problem>& problems) {
    const auto check = [&](int byte, int classes, const char* what) {
        const int label = static_cast<uint8_t>(record[byte]);
        if (label >= classes)
            problems.push_back({file.string(), fmt::format("byte {}", index * format.recordBytes() + byte),
                                fmt::format("expected a {} in [0, {}], found {} (record {})", what, classes - 1, label,
                                            index)});
    };
    if (format.label_bytes == 2) check(0, format.coarse_classes, "coarse label");
    check(format.label_bytes - 1, format.classes, "label");
}

}  // namespace

Pictures readCifarFile(const std::filesystem::path& file, const CifarFormat& format) {
    const std::string content = base::readFile(file);
    const size_t records = content.size() / format.recordBytes();
    std::vector<base::Problem> problems = sizeProblems(file, content.size(), format);
    Pictures pictures;
    pictures.classes = format.classes;
    pictures.bytes.reserve(records * kPixels);
    for (size_t i = 0; i < records && problems.size() < kShownProblems; ++i) {
        const char* record = content.data() + i * format.recordBytes();
        checkLabels(file, record, i, format, problems);
        const char* pixels = record + format.label_bytes;
        pictures.labels.push_back(static_cast<uint8_t>(pixels[-1]));
        pictures.bytes.insert(pictures.bytes.end(), pixels, pixels + kPixels);
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
    return pictures;
}

Pictures readCifarFiles(const std::vector<std::filesystem::path>& files, const CifarFormat& format, int limit) {
    Pictures all;
    for (const auto& file : files) append(all, readCifarFile(file, format));
    if (limit > all.count())
        throw base::InputError(files.front().parent_path().string(), "",
                               fmt::format("expected at least {} pictures, found {}", limit, all.count()));
    if (limit > 0) all.shorten(limit);
    return all;
}

std::vector<std::pair<std::string, std::string>> fileHashes(const std::vector<std::filesystem::path>& files) {
    std::vector<std::pair<std::string, std::string>> hashes;
    for (const auto& file : files) hashes.emplace_back(file.filename().string(), base::sha256File(file));
    return hashes;
}

}  // namespace dna::data
