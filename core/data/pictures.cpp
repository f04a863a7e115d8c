#include "core/data/pictures.h"

#include <cmath>

#include "core/base/error.h"
#include "core/data/cifar10.h"
#include "core/data/shapes.h"

namespace dna::data {

Pictures Pictures::slice(int begin, int end) const {
    DNA_CHECK(0 <= begin && begin <= end && end <= count(), "slice outside the set");
    Pictures part{channels, height, width, classes, {}, {}};
    part.bytes.assign(picture(begin), picture(begin) + pictureBytes() * static_cast<size_t>(end - begin));
    part.labels.assign(labels.begin() + begin, labels.begin() + end);
    return part;
}

Normalization measureNormalization(const Pictures& pictures) {
    Normalization result;
    const size_t plane = static_cast<size_t>(pictures.height) * pictures.width;
    for (int c = 0; c < 3; ++c) {
        uint64_t sum = 0, squares = 0;
        for (int i = 0; i < pictures.count(); ++i) {
            const uint8_t* values = pictures.picture(i) + c * plane;
            for (size_t p = 0; p < plane; ++p) {
                sum += values[p];
                squares += uint64_t{values[p]} * values[p];
            }
        }
        const double count = static_cast<double>(plane) * pictures.count();
        const double mean = static_cast<double>(sum) / count;
        result.mean[c] = static_cast<float>(mean);
        result.deviation[c] =
            static_cast<float>(std::sqrt(std::max(static_cast<double>(squares) / count - mean * mean, 1.0)));
    }
    return result;
}

Source sourceOf(const std::string& name_or_folder) {
    Source source;
    if (name_or_folder == "shapes") return source;
    source.name = "cifar10";
    source.folder = name_or_folder;
    source.training = source.test = 0;
    if (!std::filesystem::is_directory(source.folder)) throw base::InputError(name_or_folder, "", cifar10Help());
    return source;
}

Pictures readTraining(const Source& source) {
    if (source.name == "shapes") return makeShapes(source.seed, ShapesPart::Training, source.training);
    return readCifar10Training(source.folder, source.training);
}

Pictures readTest(const Source& source) {
    if (source.name == "shapes") return makeShapes(source.seed, ShapesPart::Test, source.test);
    return readCifar10Test(source.folder, source.test);
}

std::vector<std::pair<std::string, std::string>> builtinDataSets() {
    return {{"shapes", "generated 32x32 RGB pictures of 10 shapes on cluttered, noisy backgrounds; needs no download"},
            {"cifar10", "a folder with CIFAR-10's binary files (data_batch_*.bin, test_batch.bin)"}};
}

}  // namespace dna::data
