#include "core/data/normalization.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/base/error.h"

namespace dna::data {
namespace {

struct Sums {
    std::array<uint64_t, 3> values{}, squares{};

    void add(const uint8_t* picture, size_t plane) {
        for (size_t c = 0; c < 3; ++c)
            for (size_t p = c * plane; p < (c + 1) * plane; ++p) {
                values[c] += picture[p];
                squares[c] += uint64_t{picture[p]} * picture[p];
            }
    }

    void add(const Sums& other) {
        for (size_t c = 0; c < 3; ++c) {
            values[c] += other.values[c];
            squares[c] += other.squares[c];
        }
    }
};

}  // namespace

Normalization measureNormalization(const PictureSet& pictures, autodiff::Workers& workers) {
    constexpr int kPart = 64;  // pictures of one task
    DNA_CHECK(pictures.channels == 3, "normalisation is measured on RGB pictures");
    const int measured = std::min(pictures.count(), kMeasuredPictures);
    const size_t plane = static_cast<size_t>(pictures.height) * static_cast<size_t>(pictures.width);
    Sums total;
    std::mutex mutex;
    workers.run((measured + kPart - 1) / kPart, [&](int part) {
        Sums sums;
        std::vector<uint8_t> picture(pictures.pictureBytes());
        for (int i = part * kPart; i < std::min(measured, (part + 1) * kPart); ++i) {
            pictures.read(i, picture.data());
            sums.add(picture.data(), plane);
        }
        const std::lock_guard lock(mutex);
        total.add(sums);
    });
    Normalization result;
    const double count = static_cast<double>(plane) * measured;
    for (size_t c = 0; c < 3; ++c) {
        const double mean = static_cast<double>(total.values[c]) / count;
        const double variance = static_cast<double>(total.squares[c]) / count - mean * mean;
        result.mean[c] = static_cast<float>(mean);
        result.deviation[c] = static_cast<float>(std::sqrt(std::max(variance, 1.0)));
    }
    return result;
}

}  // namespace dna::data
