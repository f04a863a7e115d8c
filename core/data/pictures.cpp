#include "core/data/pictures.h"

#include <algorithm>

#include "core/autodiff/workers.h"
#include "core/base/error.h"

namespace dna::data {

void Pictures::read(int index, uint8_t* to) const { std::copy_n(picture(index), pictureBytes(), to); }

void Pictures::shorten(int count) {
    DNA_CHECK(0 <= count && count <= this->count(), "a set is shortened to more pictures than it has");
    labels.resize(static_cast<size_t>(count));
    bytes.resize(pictureBytes() * static_cast<size_t>(count));
}

Pictures load(const PictureSet& pictures, int count, int threads) {
    DNA_CHECK(0 <= count && count <= pictures.count(), "load: outside the set");
    Pictures loaded;
    static_cast<PictureSet&>(loaded) = pictures;
    loaded.labels.resize(static_cast<size_t>(count));
    loaded.bytes.resize(pictures.pictureBytes() * static_cast<size_t>(count));
    autodiff::Workers workers(threads);
    workers.run(count, [&](int i) {
        loaded.labels[static_cast<size_t>(i)] = pictures.label(i);
        pictures.read(i, loaded.bytes.data() + loaded.pictureBytes() * static_cast<size_t>(i));
    });
    return loaded;
}

}  // namespace dna::data
