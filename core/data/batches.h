#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/pictures.h"

namespace dna::data {

/// Order of the pictures [0, count) in one epoch: a permutation keyed by (seed, purpose, epoch).
std::vector<int> shuffledOrder(uint64_t seed, const std::string& purpose, int epoch, int count);

/// Random crop out of the picture padded by 4 pixels, and horizontal flip.
struct Augmentation {
    int dx = 0, dy = 0;  ///< shift of the crop, -4..4
    bool flip = false;
};

/// The augmentation of the `draw`-th picture drawn in a run: keyed, so it depends on nothing else.
Augmentation drawAugmentation(uint64_t seed, const std::string& purpose, uint64_t draw);

/// Writes one picture as normalised values, [colour][row][column] with `stride` values between neighbours of a row's
/// pixels and `channel_step` between colours; what the crop takes from outside the picture is 0 (the mean).
void writeNormalized(const Pictures& pictures, int index, const Augmentation& augmentation,
                     const Normalization& normalization, float* to, int stride, size_t channel_step);

}  // namespace dna::data
