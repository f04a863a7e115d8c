#include "core/search/batches.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/data/batches.h"

namespace dna::search {
namespace {

Batch emptyBatch(autodiff::Tape<float>& tape, const data::PictureSet& pictures, int count) {
    Batch batch;
    batch.pictures = tape.allocate({count, pictures.channels, pictures.height, pictures.width});
    batch.labels.resize(count);
    return batch;
}

/// Writes the bytes of picture `index` as the n-th of the batch; lanes beyond the colours are zero.
void write(const data::PictureSet& pictures, const uint8_t* bytes, const data::Normalization& normalization, int index,
           const data::Augmentation& augmentation, Batch& batch, int n) {
    float* to = batch.pictures.plane(n, 0);
    std::fill(to, to + batch.pictures.map.pictureSize(), 0.0f);
    data::writeNormalized(bytes, pictures, augmentation, normalization, to, autodiff::kLanes, 1);
    batch.labels[n] = pictures.label(index);
}

}  // namespace

TrainingBatches::TrainingBatches(const data::PictureSet& pictures, const data::Normalization& normalization, int batch,
                                 bool augment, uint64_t seed, std::string purpose)
    : pictures_(pictures),
      normalization_(normalization),
      batch_(batch),
      augment_(augment),
      seed_(seed),
      purpose_(std::move(purpose)) {
    if (pictures.count() < batch)
        throw base::InputError(
            "data", "",
            "a batch wants " + std::to_string(batch) + " pictures, the set has " + std::to_string(pictures.count()));
}

Batch TrainingBatches::draw(autodiff::Tape<float>& tape, long step) {
    const int epoch = epochOf(step);
    if (epoch != order_epoch_) {
        order_ = data::shuffledOrder(seed_, purpose_, epoch, pictures_.count());
        order_epoch_ = epoch;
    }
    const long first = step % batchesPerEpoch() * batch_;
    Batch batch = emptyBatch(tape, pictures_, batch_);
    autodiff::forSlots(tape.workers(), batch_, [&](int, int begin, int end) {
        std::vector<uint8_t> bytes(pictures_.pictureBytes());
        for (int n = begin; n < end; ++n) {
            const int index = order_[static_cast<size_t>(first) + n];
            const auto draw = static_cast<uint64_t>(step) * static_cast<uint64_t>(batch_) + static_cast<uint64_t>(n);
            base::Rng draws = data::augmentationDraws(seed_, purpose_, draw);
            data::Augmentation augmentation;
            if (augment_)
                augmentation = pictures_.readAugmented(index, draws, bytes.data());
            else
                pictures_.read(index, bytes.data());
            write(pictures_, bytes.data(), normalization_, index, augmentation, batch, n);
        }
    });
    return batch;
}

Batch plainBatch(autodiff::Tape<float>& tape, const data::PictureSet& pictures, const data::Normalization& normalization,
                 int begin, int end) {
    Batch batch = emptyBatch(tape, pictures, end - begin);
    autodiff::forSlots(tape.workers(), end - begin, [&](int, int first, int last) {
        std::vector<uint8_t> bytes(pictures.pictureBytes());
        for (int n = first; n < last; ++n) {
            pictures.read(begin + n, bytes.data());
            write(pictures, bytes.data(), normalization, begin + n, {}, batch, n);
        }
    });
    return batch;
}

}  // namespace dna::search
