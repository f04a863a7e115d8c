#pragma once

#include <array>

#include "core/autodiff/workers.h"
#include "core/data/picture_set.h"

namespace dna::data {

/// Per-colour mean and standard deviation of a set, in bytes (0..255).
struct Normalization {
    std::array<float, 3> mean{127.5f, 127.5f, 127.5f};
    std::array<float, 3> deviation{64, 64, 64};
};

/// Pictures that normalisation is measured on, at most: the first ones, in the order of the set.
constexpr int kMeasuredPictures = 50000;

/// Measures the pictures as they are tested on. Exact integer sums, so the result depends on neither order nor threads.
Normalization measureNormalization(const PictureSet& pictures, autodiff::Workers& workers);

}  // namespace dna::data
