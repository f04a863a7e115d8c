#pragma once

#include <Eigen/Core>
#include <cstddef>

namespace dna::autodiff {

/// Feature maps lie as [picture][channel block][pixel][lane] with 16 lanes; channels are padded to 16 with zeros, and
/// every op keeps the padding zero. One block of a picture is one contiguous plane.
constexpr int kLanes = 16;

/// Work on a batch is cut into this many chunks of pictures whatever the number of threads; what chunks sum up is
/// added in the order of the chunks, so results don't depend on the number of threads.
constexpr int kSlots = 8;

struct MapShape {
    int pictures = 0, channels = 0, height = 1, width = 1;

    bool operator==(const MapShape&) const = default;
    int blocks() const { return (channels + kLanes - 1) / kLanes; }
    int pixels() const { return height * width; }
    size_t planeSize() const { return static_cast<size_t>(pixels()) * kLanes; }
    size_t pictureSize() const { return planeSize() * static_cast<size_t>(blocks()); }
    size_t size() const { return pictureSize() * static_cast<size_t>(pictures); }
};

/// What a batch normalisation leaves to whoever reads the map it normalises: y = x * scale + shift, then max(y, 0) with
/// `relu`. Factors per channel, padded to whole blocks; `mean` is the channel's mean, which sums of gradients are taken
/// around.
template <class T>
struct Activation {
    const T* scale = nullptr;
    const T* shift = nullptr;
    const T* mean = nullptr;
    bool relu = false;
};

/// A gradient that is computed when it is read: g * g_factor + x * x_factor + offset, factors per channel.
template <class T>
struct Combination {
    const T* g_factor = nullptr;
    const T* x_factor = nullptr;
    const T* offset = nullptr;
    const T* x = nullptr;  ///< a map of the gradient's shape
};

struct Moments;

/// A view of values: a batch of feature maps, or a flat list of parameters (map.pictures = 0).
template <class T>
struct Tensor {
    T* data = nullptr;
    size_t size = 0;
    MapShape map{};
    const Activation<T>* activation = nullptr;    ///< of a value: not applied yet
    const Moments* moments = nullptr;             ///< of a value: [slot][block], where its op measured them
    const Combination<T>* combination = nullptr;  ///< of a gradient: not applied yet
    const double* sums =
        nullptr;  ///< of a gradient behind an activation: [slot][block] sums of g and of g * (x - mean)

    Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>> array() const { return {data, static_cast<Eigen::Index>(size)}; }
    T* plane(int picture, int block) const {
        return data + (static_cast<size_t>(picture) * map.blocks() + block) * map.planeSize();
    }
    /// Place of one value of a feature map.
    T& at(int picture, int channel, int pixel) const {
        return plane(picture, channel / kLanes)[static_cast<size_t>(pixel) * kLanes + channel % kLanes];
    }
};

/// Pictures [begin, end) of a slot.
struct SlotRange {
    int begin = 0, end = 0;
};
inline SlotRange slotRange(int pictures, int slot) {
    return {pictures * slot / kSlots, pictures * (slot + 1) / kSlots};
}

/// The slots of a batch that have pictures.
struct Slots {
    int pictures = 0, count = 0;
    explicit Slots(int pictures) : pictures(pictures) {
        for (int slot = 0; slot < kSlots; ++slot) {
            const SlotRange range = slotRange(pictures, slot);
            if (range.begin < range.end) numbers_[count++] = slot;
        }
    }
    /// Number of the i-th of them among all slots, and its pictures.
    int number(int i) const { return numbers_[i]; }
    SlotRange range(int i) const { return slotRange(pictures, numbers_[i]); }

private:
    int numbers_[kSlots] = {};
};

}  // namespace dna::autodiff
