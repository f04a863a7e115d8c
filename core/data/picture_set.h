#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/rng.h"

namespace dna::data {

using Label = uint16_t;

/// What is done to the bytes of a picture when they are normalised for training.
struct Augmentation {
    int dx = 0, dy = 0;  ///< shift of the crop in pixels; what it takes from outside the picture is the mean
    bool flip = false;   ///< left to right
};

/// Labelled RGB pictures of one size, read one at a time: a set may hold them in memory or decode them from files when
/// they are asked for. Reading changes nothing, so several threads may read at once.
class PictureSet {
public:
    virtual ~PictureSet() = default;

    int channels = 3, height = 32, width = 32;
    int classes = 10;
    std::vector<std::string> class_names{};  ///< by label; empty where the set has no names

    virtual int count() const = 0;
    virtual Label label(int index) const = 0;
    /// The picture as it is tested on, calibrated on and measured: bytes [colour][row][column].
    virtual void read(int index, uint8_t* to) const = 0;
    /// The picture as it is trained on, altered by random draws. By default: as it is, with a random crop out of the
    /// picture padded by 4 pixels, and a horizontal flip, left to be done by what is returned.
    virtual Augmentation readAugmented(int index, base::Rng& draw, uint8_t* to) const;
    /// What the user should know about how the set was read ("3 truncated files skipped: ...").
    virtual std::vector<std::string> remarks() const { return {}; }

    size_t pictureBytes() const { return static_cast<size_t>(channels) * height * width; }
};

/// Pictures [begin, end) of another set, which must live longer.
class Subset final : public PictureSet {
public:
    Subset(const PictureSet& whole, int begin, int end);

    int count() const override { return end_ - begin_; }
    Label label(int index) const override { return whole_.label(begin_ + index); }
    void read(int index, uint8_t* to) const override { whole_.read(begin_ + index, to); }
    Augmentation readAugmented(int index, base::Rng& draw, uint8_t* to) const override {
        return whole_.readAugmented(begin_ + index, draw, to);
    }

private:
    const PictureSet& whole_;
    int begin_, end_;
};

/// Number of classes that have at least one picture.
int classesPresent(const PictureSet& pictures);

}  // namespace dna::data
