#include "core/nn/patches.h"

#include <algorithm>

#include "core/autodiff/activation.h"

namespace dna::nn {
namespace {

using autodiff::ArenaScope;
using autodiff::forSlots;
using autodiff::GradientTarget;
using autodiff::kernels;
using autodiff::kLanes;
using autodiff::kSlots;
using autodiff::Moments;
using autodiff::ProductRun;

/// One picture's maps and the memory that its patches take.
template <class T>
class Picture {
public:
    Picture(const ConvProblem& problem) : p_(problem) {}

    size_t patchSize() const { return patchBlock() * static_cast<size_t>((p_.columns() + kLanes - 1) / kLanes); }
    size_t patchBlock() const { return p_.out.planeSize(); }

    /// Patches of a picture whose activation is applied.
    void gather(const T* picture, T* patches) const {
        if (p_.reduction() == Reduction::TapsInside) {
            std::fill_n(patches, patchSize(), T(0));
            forValues([&](size_t patch, size_t value) { patches[patch] = picture[value]; });
            return;
        }
        forRows([&](size_t patch, const Row& row) {
            T* to = patches + patch;
            std::fill_n(to, static_cast<size_t>(p_.out.width) * kLanes, T(0));
            for (int x = row.first; x < row.last; ++x)
                std::copy_n(picture + row.at + static_cast<size_t>(x * p_.geometry.stride) * kLanes, kLanes,
                            to + static_cast<size_t>(x) * kLanes);
        });
    }
    /// Adds patches to the places they were taken from.
    void scatter(const T* patches, T* picture) const {
        if (p_.reduction() == Reduction::TapsInside) {
            forValues([&](size_t patch, size_t value) { picture[value] += patches[patch]; });
            return;
        }
        forRows([&](size_t patch, const Row& row) {
            for (int x = row.first; x < row.last; ++x) {
                const T* from = patches + patch + static_cast<size_t>(x) * kLanes;
                T* to = picture + row.at + static_cast<size_t>(x * p_.geometry.stride) * kLanes;
                for (int lane = 0; lane < kLanes; ++lane) to[lane] += from[lane];
            }
        });
    }

private:
    /// Places [first, last) of a row of the window's places lie inside the map; the one at column 0 reads value `at`
    /// (which may lie outside when first > 0).
    struct Row {
        int first = 0, last = 0;
        std::ptrdiff_t at = 0;
    };
    Row rowOf(int y, int tap) const {
        const ConvGeometry& g = p_.geometry;
        const int row = y * g.stride + tap / g.kernel - g.pad, shift = tap % g.kernel - g.pad;
        if (row < 0 || row >= p_.in.height) return {};
        Row result;
        result.first = shift < 0 ? (-shift + g.stride - 1) / g.stride : 0;
        result.last = std::min(p_.out.width, (p_.in.width - 1 - shift + g.stride) / g.stride);
        result.at = (static_cast<std::ptrdiff_t>(row) * p_.in.width + shift) * kLanes;
        return result;
    }
    /// Calls visit(patch value, row) for every row of lines.
    template <class Visit>
    void forRows(const Visit& visit) const {
        for (int tap = 0; tap < p_.taps(); ++tap)
            for (int b = 0; b < p_.in.blocks(); ++b)
                for (int y = 0; y < p_.out.height; ++y) {
                    Row row = rowOf(y, tap);
                    row.at += static_cast<std::ptrdiff_t>(b * p_.in.planeSize());
                    visit((static_cast<size_t>(tap) * p_.in.blocks() + b) * patchBlock() +
                              static_cast<size_t>(y) * p_.out.width * kLanes,
                          row);
                }
    }
    /// Calls visit(patch value, picture value) for every value, channel by channel.
    template <class Visit>
    void forValues(const Visit& visit) const {
        for (int tap = 0; tap < p_.taps(); ++tap)
            for (int c = 0; c < p_.in.channels; ++c) {
                const int column = p_.column(c, tap);
                const size_t block = static_cast<size_t>(column / kLanes) * patchBlock() + column % kLanes;
                for (int y = 0; y < p_.out.height; ++y) {
                    const Row row = rowOf(y, tap);
                    for (int x = row.first; x < row.last; ++x)
                        visit(block + (static_cast<size_t>(y) * p_.out.width + x) * kLanes,
                              static_cast<size_t>(row.at) + static_cast<size_t>(x * p_.geometry.stride) * kLanes + c);
                }
            }
    }
    const ConvProblem& p_;
};

/// The picture with its activation applied: itself, or a copy in `scratch`.
template <class T>
const T* appliedPicture(const Tensor<T>& x, int n, T* scratch) {
    const T* from = x.plane(n, 0);
    if (!x.activation) return from;
    for (int b = 0; b < x.map.blocks(); ++b)
        autodiff::activateLines<T>(kernels<T>(), x.activation, b, from + b * x.map.planeSize(),
                                   scratch + b * x.map.planeSize(), x.map.pixels());
    return scratch;
}

template <class T>
const T* appliedGradient(const Tensor<T>& dy, int n, T* scratch) {
    const size_t first = static_cast<size_t>(n) * dy.map.pictureSize();
    if (!dy.combination) return dy.data + first;
    for (int b = 0; b < dy.map.blocks(); ++b)
        autodiff::readGradient(kernels<T>(), dy, b, first + b * dy.map.planeSize(), scratch + b * dy.map.planeSize(),
                               dy.map.pixels());
    return scratch;
}

/// Writes one picture's gradient to its target, masked where the input has an activation.
template <class T>
void storeGradient(const Tensor<T>& x, int n, const T* gradient, const GradientTarget<T>& dx, double* sums) {
    for (int b = 0; b < x.map.blocks(); ++b) {
        const size_t at = (static_cast<size_t>(n) * x.map.blocks() + b) * x.map.planeSize();
        const T* from = gradient + b * x.map.planeSize();
        const T* base = dx.base ? dx.base + at : nullptr;
        if (dx.sums)
            autodiff::maskLines<T>(kernels<T>(), autodiff::blockOf(*x.activation, b), x.data + at, from, base,
                                   dx.data + at, x.map.pixels(), sums + static_cast<size_t>(b) * autodiff::kSumValues);
        else if (base)
            kernels<T>().add(base, from, dx.data + at, x.map.pixels());
        else
            std::copy_n(from, x.map.planeSize(), dx.data + at);
    }
}

}  // namespace

template <class T>
void patchForward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight, const Tensor<T>& y,
                  Moments* moments) {
    const ArenaScope scope(tape.arena());
    const T* panel = packPanel(problem, weight, tape.arena(), tape.workers());
    const Picture<T> picture(problem);
    const size_t scratch_size = picture.patchSize() + x.map.pictureSize();
    T* scratch = tape.arena().template take<T>(scratch_size * kSlots);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        T* patches = scratch + slot * scratch_size;
        for (int n = begin; n < end; ++n) {
            picture.gather(appliedPicture(x, n, patches + picture.patchSize()), patches);
            const ProductRun<T> run{patches, y.plane(n, 0), nullptr, y.map.pixels()};
            kernels<T>().multiply(&run, 1, {problem.columns(), y.map.blocks(), picture.patchBlock(), y.map.planeSize()},
                                  panel, {});
            for (int b = 0; moments && b < y.map.blocks(); ++b)
                autodiff::measurePlane<T>(kernels<T>(), y.plane(n, b), y.map.pixels(),
                                          moments[static_cast<size_t>(slot) * y.map.blocks() + b]);
        }
    });
}

template <class T>
void patchBackward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight, const Tensor<T>& dy,
                   const GradientTarget<T>& dx, const GradientTarget<T>& dweight) {
    const ArenaScope scope(tape.arena());
    const T* panel = dx.data ? packTransposedPanel(problem, weight, tape.arena(), tape.workers()) : nullptr;
    const Picture<T> picture(problem);
    const size_t scratch_size = picture.patchSize() + x.map.pictureSize() + dy.map.pictureSize(),
                 panel_size = dweight.data ? problem.panelSize() : 0;
    T* scratch = tape.arena().template take<T>(scratch_size * kSlots);
    T* panels = tape.arena().template take<T>(panel_size * kSlots);
    const int columns = problem.columns(), column_blocks = (columns + kLanes - 1) / kLanes;
    const autodiff::Slots slots(x.map.pictures);
    tape.workers().sweep(slots.count, [&](int i) {
        T *patches = scratch + i * scratch_size, *plain = patches + picture.patchSize(),
          *gradient = plain + x.map.pictureSize();
        double* sums =
            dx.sums ? dx.sums + static_cast<size_t>(slots.number(i)) * x.map.blocks() * autodiff::kSumValues : nullptr;
        for (int n = slots.range(i).begin; n < slots.range(i).end; ++n) {
            const T* g = appliedGradient(dy, n, gradient);
            if (dweight.data) {
                picture.gather(appliedPicture(x, n, plain), patches);
                kernels<T>().accumulate(patches, g, dy.map.pixels(),
                                        {columns, dy.map.blocks(), picture.patchBlock(), dy.map.planeSize()},
                                        panels + i * panel_size, n > slots.range(i).begin, {});
            }
            if (!dx.data) continue;
            const ProductRun<T> run{g, patches, nullptr, dy.map.pixels()};
            kernels<T>().multiply(
                &run, 1, {problem.geometry.out_channels, column_blocks, dy.map.planeSize(), picture.patchBlock()},
                panel, {});
            std::fill_n(plain, x.map.pictureSize(), T(0));
            picture.scatter(patches, plain);
            storeGradient(x, n, plain, dx, sums);
        }
    });
    if (dweight.data) unpackPanels(problem, panels, slots.count, dweight.base, dweight.data, tape.workers());
}

template void patchForward<float>(Tape<float>&, const ConvProblem&, const Tensor<float>&, const float*,
                                  const Tensor<float>&, Moments*);
template void patchForward<double>(Tape<double>&, const ConvProblem&, const Tensor<double>&, const double*,
                                   const Tensor<double>&, Moments*);
template void patchBackward<float>(Tape<float>&, const ConvProblem&, const Tensor<float>&, const float*,
                                   const Tensor<float>&, const GradientTarget<float>&, const GradientTarget<float>&);
template void patchBackward<double>(Tape<double>&, const ConvProblem&, const Tensor<double>&, const double*,
                                    const Tensor<double>&, const GradientTarget<double>&,
                                    const GradientTarget<double>&);

}  // namespace dna::nn
