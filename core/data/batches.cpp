#include "core/data/batches.h"

#include <numeric>

#include "core/base/rng.h"

namespace dna::data {

namespace {
constexpr int kCropPad = 4;
}

std::vector<int> shuffledOrder(uint64_t seed, const std::string& purpose, int epoch, int count) {
    std::vector<int> order(count);
    std::iota(order.begin(), order.end(), 0);
    base::Rng rng(seed, purpose + "-order", static_cast<uint64_t>(epoch));
    for (int i = count - 1; i > 0; --i) std::swap(order[i], order[rng.below(static_cast<uint64_t>(i) + 1)]);
    return order;
}

Augmentation drawAugmentation(uint64_t seed, const std::string& purpose, uint64_t draw) {
    base::Rng rng(seed, purpose + "-augment", draw);
    const auto shift = [&] { return static_cast<int>(rng.below(2 * kCropPad + 1)) - kCropPad; };
    Augmentation result{shift(), shift(), false};
    result.flip = rng.below(2) == 1;
    return result;
}

void writeNormalized(const Pictures& pictures, int index, const Augmentation& augmentation,
                     const Normalization& normalization, float* to, int stride, size_t channel_step) {
    const int height = pictures.height, width = pictures.width;
    for (int c = 0; c < pictures.channels; ++c) {
        const uint8_t* plane = pictures.picture(index) + static_cast<size_t>(c) * height * width;
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
