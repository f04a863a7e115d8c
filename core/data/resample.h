#pragma once

#include <cstdint>
#include <vector>

namespace dna::data {

/// Interleaved RGB bytes, [row][column][colour].
struct RgbImage {
    int height = 0, width = 0;
    std::vector<uint8_t> bytes;
};

/// A rectangle of a picture, in pixels; pixel i covers [i, i + 1).
struct CropBox {
    double x = 0, y = 0, width = 0, height = 0;
};

/// Scales a rectangle of the image to `size` x `size` bytes [colour][row][column] with a triangle filter as wide as a
/// step of the output where it shrinks (no aliases), bilinear where it grows. What is outside the image is the nearest
/// pixel.
void resample(const RgbImage& image, const CropBox& box, int size, uint8_t* to);

}  // namespace dna::data
