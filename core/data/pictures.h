#pragma once

#include "core/data/picture_set.h"

namespace dna::data {

/// Pictures held in memory, one byte a value, [picture][colour][row][column].
class Pictures final : public PictureSet {
public:
    std::vector<uint8_t> bytes;
    std::vector<Label> labels;

    int count() const override { return static_cast<int>(labels.size()); }
    Label label(int index) const override { return labels[static_cast<size_t>(index)]; }
    void read(int index, uint8_t* to) const override;
    const uint8_t* picture(int index) const { return bytes.data() + pictureBytes() * static_cast<size_t>(index); }

    /// Drops the pictures behind the first `count`.
    void shorten(int count);
};

/// The first `count` pictures of a set, read into memory by several threads.
Pictures load(const PictureSet& pictures, int count, int threads);

}  // namespace dna::data
