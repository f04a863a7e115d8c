#pragma once

#include <algorithm>

#include "core/autodiff/arena.h"
#include "core/autodiff/kernels/dispatch.h"
#include "core/autodiff/tensor.h"

namespace dna::autodiff {

/// Mean and sum of squared deviations of `count` values in each lane of a channel block.
struct Moments {
    double count = 0;
    double mean[kLanes] = {};
    double squares[kLanes] = {};

    /// Chan, Golub & LeVeque (1979), in double.
    void merge(const Moments& other) {
        if (other.count == 0) return;
        const double total = count + other.count, share = other.count / total, cross = count * share;
        for (int i = 0; i < kLanes; ++i) {
            const double delta = other.mean[i] - mean[i];
            mean[i] += delta * share;
            squares[i] += other.squares[i] + delta * delta * cross;
        }
        count = total;
    }
};

/// Room for the statistics of a map, [slot][block], all empty.
inline Moments* takeMoments(Arena& arena, const MapShape& map) {
    const size_t count = static_cast<size_t>(kSlots) * map.blocks();
    Moments* moments = arena.take<Moments>(count);
    std::fill_n(moments, count, Moments{});
    return moments;
}

/// Moments of lines while they are in cache: sums around their first line, in T; at most a few hundred lines at a time.
template <class T>
class MomentSums {
public:
    MomentSums(const Kernels<T>& kernels, const T* first) : kernels_(kernels) {
        for (int i = 0; i < kLanes; ++i) shift_[i] = first[i];
    }
    void add(const T* lines, int count) {
        kernels_.moments(lines, count, shift_, sum_, squares_);
        count_ += count;
    }
    Moments result() const {
        Moments moments;
        moments.count = static_cast<double>(count_);
        for (int i = 0; i < kLanes; ++i) {
            const double mean = static_cast<double>(sum_[i]) / moments.count;
            moments.mean[i] = static_cast<double>(shift_[i]) + mean;
            moments.squares[i] = std::max(0.0, static_cast<double>(squares_[i]) - mean * static_cast<double>(sum_[i]));
        }
        return moments;
    }

private:
    const Kernels<T>& kernels_;
    T shift_[kLanes], sum_[kLanes] = {}, squares_[kLanes] = {};
    long count_ = 0;
};

/// Lines that sums in T run over before they are added up in double.
constexpr int kSumLines = 512;

/// Adds the moments of one plane.
template <class T>
void measurePlane(const Kernels<T>& kernels, const T* plane, int lines, Moments& moments) {
    for (int first = 0; first < lines; first += kSumLines) {
        const T* from = plane + static_cast<size_t>(first) * kLanes;
        MomentSums<T> sums(kernels, from);
        sums.add(from, std::min(kSumLines, lines - first));
        moments.merge(sums.result());
    }
}

/// Factors of one channel block.
template <class T>
Activation<T> blockOf(const Activation<T>& all, int block) {
    const size_t at = static_cast<size_t>(block) * kLanes;
    return {all.scale + at, all.shift + at, all.mean + at, all.relu};
}

/// Values of gradient sums of a block: g, then g * (x - mean).
constexpr size_t kSumValues = 2 * kLanes;

/// to = (base ? base : 0) + g where the activation passes; adds to the block's sums. `to` may be nullptr (sums only).
template <class T>
void maskLines(const Kernels<T>& kernels, const Activation<T>& block, const T* x, const T* g, const T* base, T* to,
               int lines, double* sums) {
    for (int first = 0; first < lines; first += kSumLines) {
        const size_t at = static_cast<size_t>(first) * kLanes;
        T part[kSumValues] = {};
        kernels.mask(x + at, g + at, base ? base + at : nullptr, to ? to + at : nullptr,
                     std::min(kSumLines, lines - first), block.scale, block.shift, block.mean, block.relu, part,
                     part + kLanes);
        for (size_t i = 0; i < kSumValues; ++i) sums[i] += static_cast<double>(part[i]);
    }
}

/// Copies lines into rows.
template <class T>
void copyRows(const T* from, T* to, const Rows& rows) {
    const size_t row = static_cast<size_t>(rows.lines) * kLanes;
    for (int r = 0; r < rows.count; ++r) std::copy_n(from + r * row, row, to + r * rows.step);
}

/// Applies an activation to lines of one block.
template <class T>
void activateLines(const Kernels<T>& kernels, const Activation<T>* all, int block, const T* from, T* to,
                   const Rows& rows) {
    if (!all) {
        copyRows(from, to, rows);
        return;
    }
    const Activation<T> factors = blockOf(*all, block);
    kernels.activate(from, to, rows, factors.scale, factors.shift, factors.relu);
}

/// Reads lines of one block of a gradient, which begin at value `at` of it.
template <class T>
void readGradient(const Kernels<T>& kernels, const Tensor<T>& dy, int block, size_t at, T* to, const Rows& rows) {
    if (!dy.combination) {
        copyRows<T>(dy.data + at, to, rows);
        return;
    }
    const Combination<T>& c = *dy.combination;
    const size_t lane = static_cast<size_t>(block) * kLanes;
    kernels.combine(dy.data + at, c.x + at, to, rows, c.g_factor + lane, c.x_factor + lane, c.offset + lane);
}

}  // namespace dna::autodiff
