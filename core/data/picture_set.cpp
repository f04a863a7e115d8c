#include "core/data/picture_set.h"

#include <algorithm>

#include "core/base/error.h"

namespace dna::data {

namespace {
constexpr int kCropPad = 4;
}

Augmentation PictureSet::readAugmented(int index, base::Rng& draw, uint8_t* to) const {
    read(index, to);
    const auto shift = [&] { return static_cast<int>(draw.below(2 * kCropPad + 1)) - kCropPad; };
    Augmentation result{shift(), shift(), false};
    result.flip = draw.below(2) == 1;
    return result;
}

Subset::Subset(const PictureSet& whole, int begin, int end) : whole_(whole), begin_(begin), end_(end) {
    DNA_CHECK(0 <= begin && begin <= end && end <= whole.count(), "subset outside the set");
    channels = whole.channels;
    height = whole.height;
    width = whole.width;
    classes = whole.classes;
    class_names = whole.class_names;
}

int classesPresent(const PictureSet& pictures) {
    std::vector<char> present(static_cast<size_t>(pictures.classes));
    for (int i = 0; i < pictures.count(); ++i) present[pictures.label(i)] = 1;
    return static_cast<int>(std::count(present.begin(), present.end(), 1));
}

}  // namespace dna::data
