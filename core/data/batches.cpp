#include "core/data/batches.h"

#include <numeric>

namespace dna::data {

std::vector<int> shuffledOrder(uint64_t seed, const std::string& purpose, int epoch, int count) {
    std::vector<int> order(count);
    std::iota(order.begin(), order.end(), 0);
    base::Rng rng(seed, purpose + "-order", static_cast<uint64_t>(epoch));
    for (int i = count - 1; i > 0; --i) std::swap(order[i], order[rng.below(static_cast<uint64_t>(i) + 1)]);
    return order;
}

base::Rng augmentationDraws(uint64_t seed, const std::string& purpose, uint64_t draw) {
    return {seed, purpose + "-augment", draw};
}

void writeNormalized(const uint8_t* picture, const PictureSet& shape, const Augmentation& augmentation,
                     const Normalization& normalization, float* to, int stride, size_t channel_step) {
    const int height = shape.height, width = shape.width;
    for (int c = 0; c < shape.channels; ++c) {
        const uint8_t* plane = picture + static_cast<size_t>(c) * height * width;
        const float scale = 1.0f / normalization.deviation[c % 3], mean = normalization.mean[c % 3];
        for (int y = 0; y < height; ++y) {
            const int row = y + augmentation.dy;
            float* out = to + c * channel_step + static_cast<size_t>(y) * width * stride;
            for (int x = 0; x < width; ++x, out += stride) {
                const int col = (augmentation.flip ? width - 1 - x : x) + augmentation.dx;
                const bool in_picture = row >= 0 && row < height && col >= 0 && col < width;
                *out = in_picture ? (static_cast<float>(plane[row * width + col]) - mean) * scale : 0.0f;
            }
        }
    }
}

}  // namespace dna::data
