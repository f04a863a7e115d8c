#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/data_set.h"
#include "core/data/pictures.h"

namespace dna::data {

/// How hard the pictures are; the defaults are tuned to the figures in docs/learning.md.
struct ShapesOptions {
    double min_radius = 4.8, max_radius = 10.2;  ///< pixels
    double position_jitter = 3.0;                ///< of the centre around the middle, pixels each way
    double max_turn = 0.09;                      ///< rotation of the shape each way, in turns
    double bright_share = 0.88;                  ///< share of pictures whose shape is brighter than the background
    double min_contrast = 34;                    ///< least difference of mean brightness, bytes
    double noise = 35;                           ///< standard deviation of the pixel noise, bytes
    int classes = 10;                            ///< a multiple of 10: label = shape + 10 * colour of the shape
    int clutter = 9;                             ///< lines and blobs behind and over the shape, at most
};

/// Picture i depends on (seed, part, i) only: any count gives a prefix of the same series. Classes come in equal
/// numbers.
Pictures makeShapes(uint64_t seed, Part part, int count, const ShapesOptions& options = {});

/// "disc", "ring", ... by label.
const std::vector<std::string>& shapeNames();

}  // namespace dna::data
