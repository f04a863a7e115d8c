#include "core/data/resample.h"

#include <algorithm>
#include <cmath>

namespace dna::data {
namespace {

/// Which pixels of a line one pixel of the output is made of.
struct Taps {
    int first = 0;
    std::vector<float> weights;
};

/// Triangle filter around the centre of each output pixel, its weights summing to 1.
std::vector<Taps> tapsOf(double begin, double length, int pixels, int size) {
    std::vector<Taps> all(static_cast<size_t>(size));
    const double step = length / size, radius = std::max(step, 1.0);
    for (int i = 0; i < size; ++i) {
        const double centre = begin + (i + 0.5) * step;
        const int first = static_cast<int>(std::floor(centre - radius)),
                  last = static_cast<int>(std::ceil(centre + radius));
        Taps& taps = all[static_cast<size_t>(i)];
        taps.first = std::clamp(first, 0, pixels - 1);
        taps.weights.assign(static_cast<size_t>(std::clamp(last, 0, pixels - 1) - taps.first + 1), 0.0f);
        double sum = 0;
        for (int p = first; p <= last; ++p) sum += std::max(0.0, 1 - std::abs(p + 0.5 - centre) / radius);
        for (int p = first; p <= last; ++p)
            taps.weights[static_cast<size_t>(std::clamp(p, 0, pixels - 1) - taps.first)] +=
                static_cast<float>(std::max(0.0, 1 - std::abs(p + 0.5 - centre) / radius) / sum);
    }
    return all;
}

/// One row of the image, scaled: [column][colour].
void scaleRow(const uint8_t* row, const std::vector<Taps>& columns, float* to) {
    for (const Taps& taps : columns) {
        const uint8_t* from = row + static_cast<size_t>(taps.first) * 3;
        float red = 0, green = 0, blue = 0;
        for (const float weight : taps.weights) {
            red += weight * static_cast<float>(from[0]);
            green += weight * static_cast<float>(from[1]);
            blue += weight * static_cast<float>(from[2]);
            from += 3;
        }
        to[0] = red;
        to[1] = green;
        to[2] = blue;
        to += 3;
    }
}

}  // namespace

void resample(const RgbImage& image, const CropBox& box, int size, uint8_t* to) {
    const std::vector<Taps> columns = tapsOf(box.x, box.width, image.width, size),
                            rows = tapsOf(box.y, box.height, image.height, size);
    const int top = rows.front().first,
              bottom = rows.back().first + static_cast<int>(rows.back().weights.size());
    const size_t line = static_cast<size_t>(size) * 3;
    std::vector<float> scaled(line * static_cast<size_t>(bottom - top)), sum(line);
    for (int y = top; y < bottom; ++y)
        scaleRow(image.bytes.data() + static_cast<size_t>(y) * static_cast<size_t>(image.width) * 3, columns,
                 scaled.data() + line * static_cast<size_t>(y - top));
    const size_t plane = static_cast<size_t>(size) * static_cast<size_t>(size);
    for (int y = 0; y < size; ++y) {
        const Taps& taps = rows[static_cast<size_t>(y)];
        std::fill(sum.begin(), sum.end(), 0.0f);
        for (size_t k = 0; k < taps.weights.size(); ++k) {
            const float* from = scaled.data() + line * (static_cast<size_t>(taps.first - top) + k);
            for (size_t i = 0; i < line; ++i) sum[i] += taps.weights[k] * from[i];
        }
        uint8_t* row = to + static_cast<size_t>(y) * static_cast<size_t>(size);
        for (size_t i = 0; i < line; ++i)
            row[i % 3 * plane + i / 3] = static_cast<uint8_t>(std::clamp(sum[i] + 0.5f, 0.0f, 255.0f));
    }
}

}  // namespace dna::data
