#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/autodiff/tape.h"
#include "core/data/normalization.h"
#include "core/data/picture_set.h"

namespace dna::search {

/// A batch on the tape: normalised pictures and their labels.
struct Batch {
    autodiff::Tensor<float> pictures;
    std::vector<data::Label> labels;
};

/// Training batches by step number: which pictures, in which order, how cropped and flipped depends on (seed, purpose,
/// step) alone, so a resumed run draws the same ones. A last, incomplete batch of an epoch is left out. The pictures of
/// a batch are read (and decoded) by the tape's workers.
class TrainingBatches {
public:
    TrainingBatches(const data::PictureSet& pictures, const data::Normalization& normalization, int batch, bool augment,
                    uint64_t seed, std::string purpose);

    long batchesPerEpoch() const { return pictures_.count() / batch_; }
    int epochOf(long step) const { return static_cast<int>(step / batchesPerEpoch()); }
    Batch draw(autodiff::Tape<float>& tape, long step);

private:
    const data::PictureSet& pictures_;
    data::Normalization normalization_;
    int batch_;
    bool augment_;
    uint64_t seed_;
    std::string purpose_;
    int order_epoch_ = -1;
    std::vector<int> order_;
};

/// Pictures [begin, end) as they are.
Batch plainBatch(autodiff::Tape<float>& tape, const data::PictureSet& pictures, const data::Normalization& normalization,
                 int begin, int end);

}  // namespace dna::search
