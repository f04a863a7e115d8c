#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/normalization.h"
#include "core/data/picture_set.h"

namespace dna::data {

/// Order of the pictures [0, count) in one epoch: a permutation keyed by (seed, purpose, epoch).
std::vector<int> shuffledOrder(uint64_t seed, const std::string& purpose, int epoch, int count);

/// The random draws that alter the `draw`-th picture of a run: keyed, so they depend on nothing else.
base::Rng augmentationDraws(uint64_t seed, const std::string& purpose, uint64_t draw);

/// Writes one picture's bytes as normalised values, [colour][row][column] with `stride` values between neighbours of a
/// row's pixels and `channel_step` between colours; what the crop takes from outside the picture is 0 (the mean).
/// `shape` is the set that the picture is of.
void writeNormalized(const uint8_t* picture, const PictureSet& shape, const Augmentation& augmentation,
                     const Normalization& normalization, float* to, int stride, size_t channel_step);

}  // namespace dna::data
