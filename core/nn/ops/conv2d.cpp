// Convolution as a matrix product. 1x1 convolutions read their input where it lies; others gather the taps of a picture
// into patches first. Grouped weights are packed as dense ones with zeros between the groups: the groups of the network
// spaces have two members, and the dense product is faster than two narrow ones.

#include <algorithm>

#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"
#include "core/nn/product.h"

namespace dna::nn {
namespace {

using autodiff::Arena;
using autodiff::ArenaScope;
using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::kLanes;
using autodiff::kSlots;

/// Sizes of one convolution seen as a product: `reduction` taps to `outputs` channels at `pixels` places.
struct Problem {
    MapShape in, out;
    ConvGeometry geometry;

    int taps() const { return geometry.kernel * geometry.kernel; }
    int reduction() const { return in.channels * taps(); }
    bool pointwise() const { return geometry.kernel == 1 && geometry.stride == 1 && geometry.pad == 0; }
    MapShape patches() const { return {1, reduction(), out.height, out.width}; }
    size_t weightSize() const {
        return static_cast<size_t>(geometry.out_channels) * (in.channels / geometry.groups) * taps();
    }
};

/// Calls visit(weight index, output channel, reduction index) for every weight.
template <class Visit>
void forWeights(const Problem& problem, const Visit& visit) {
    const int per_group = problem.in.channels / problem.geometry.groups * problem.taps();
    const int outputs_per_group = problem.geometry.out_channels / problem.geometry.groups;
    size_t index = 0;
    for (int k = 0; k < problem.geometry.out_channels; ++k) {
        const int first = k / outputs_per_group * per_group;
        for (int r = 0; r < per_group; ++r, ++index) visit(index, k, first + r);
    }
}

size_t panelIndex(int row, int column, int columns) {
    return (static_cast<size_t>(row / kLanes) * columns + column) * kLanes + row % kLanes;
}

template <class T>
T* packForward(const Problem& problem, const T* weight, Arena& arena) {
    T* panel = arena.takeZero<T>(panelSize(problem.geometry.out_channels, problem.reduction()));
    forWeights(problem, [&](size_t i, int k, int r) { panel[panelIndex(k, r, problem.reduction())] = weight[i]; });
    return panel;
}

template <class T>
T* packBackward(const Problem& problem, const T* weight, Arena& arena) {
    T* panel = arena.takeZero<T>(panelSize(problem.reduction(), problem.geometry.out_channels));
    forWeights(problem,
               [&](size_t i, int k, int r) { panel[panelIndex(r, k, problem.geometry.out_channels)] = weight[i]; });
    return panel;
}

/// Calls visit(patch pixel, reduction index, input channel, input pixel) for every tap inside the picture.
template <class Visit>
void forTaps(const Problem& problem, const Visit& visit) {
    const auto& [out_channels, kernel, stride, pad, groups] = problem.geometry;
    for (int c = 0; c < problem.in.channels; ++c)
        for (int tap = 0; tap < problem.taps(); ++tap)
            for (int y = 0; y < problem.out.height; ++y) {
                const int row = y * stride + tap / kernel - pad;
                if (row < 0 || row >= problem.in.height) continue;
                for (int x = 0; x < problem.out.width; ++x) {
                    const int col = x * stride + tap % kernel - pad;
                    if (col >= 0 && col < problem.in.width)
                        visit(y * problem.out.width + x, c * problem.taps() + tap, c, row * problem.in.width + col);
                }
            }
}

template <class T>
void gather(const Problem& problem, const Tensor<T>& x, int picture, const Tensor<T>& patches) {
    std::fill(patches.data, patches.data + patches.size, T(0));
    forTaps(problem, [&](int pixel, int r, int c, int source) { patches.at(0, r, pixel) = x.at(picture, c, source); });
}

template <class T>
void scatter(const Problem& problem, const Tensor<T>& patches, int picture, const Tensor<T>& dx) {
    forTaps(problem,
            [&](int pixel, int r, int c, int source) { dx.at(picture, c, source) += patches.at(0, r, pixel); });
}

template <class T>
PixelView<T> pictureView(const Tensor<T>& tensor, int picture) {
    return {tensor.plane(picture, 0), kLanes, tensor.map.planeSize()};
}
template <class T>
PixelView<const T> readView(const PixelView<T>& view) {
    return {view.data, view.pixel_stride, view.block_stride};
}

/// Runs body(views of input and output, pixels) over the pictures of a slot; maps of one pixel are taken as one list.
template <class T, class Body>
void forPictures(const Tensor<T>& a, const Tensor<T>& b, int begin, int end, const Body& body) {
    if (a.map.pixels() == 1 && b.map.pixels() == 1) {
        body(PixelView<T>{a.plane(begin, 0), a.map.pictureSize(), kLanes},
             PixelView<T>{b.plane(begin, 0), b.map.pictureSize(), kLanes}, end - begin);
        return;
    }
    for (int n = begin; n < end; ++n) body(pictureView(a, n), pictureView(b, n), a.map.pixels());
}

template <class T>
void forward(Tape<T>& tape, const Problem& problem, const Tensor<T>& x, const T* weight, const Tensor<T>& y) {
    const ArenaScope scope(tape.arena());
    const T* panel = packForward(problem, weight, tape.arena());
    const int outputs = problem.geometry.out_channels;
    T* patch_memory = problem.pointwise() ? nullptr : tape.arena().template take<T>(problem.patches().size() * kSlots);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        if (problem.pointwise()) {
            forPictures(x, y, begin, end, [&](const PixelView<T>& in, const PixelView<T>& out, int pixels) {
                multiplyPanel<T>(readView(in), problem.reduction(), panel, outputs, pixels, out, nullptr);
            });
            return;
        }
        const Tensor<T> patches{patch_memory + slot * problem.patches().size(), problem.patches().size(),
                                problem.patches()};
        for (int n = begin; n < end; ++n) {
            gather(problem, x, n, patches);
            multiplyPanel<T>(readView(pictureView(patches, 0)), problem.reduction(), panel, outputs, y.map.pixels(),
                             pictureView(y, n), nullptr);
        }
    });
}

/// dL/dx[p][r] = sum_k dy[p][k] * weight[k][r], scattered back to the taps' places.
template <class T>
void backwardInput(Tape<T>& tape, const Problem& problem, const Tensor<T>& dy, const T* weight,
                   const GradientTarget<T>& target) {
    const ArenaScope scope(tape.arena());
    const T* panel = packBackward(problem, weight, tape.arena());
    const int outputs = problem.geometry.out_channels;
    const Tensor<T> dx{target.data, problem.in.size(), problem.in};
    T* patch_memory = problem.pointwise() ? nullptr : tape.arena().template take<T>(problem.patches().size() * kSlots);
    forSlots(tape.workers(), dy.map.pictures, [&](int slot, int begin, int end) {
        if (problem.pointwise()) {
            forPictures(dy, dx, begin, end, [&](const PixelView<T>& from, const PixelView<T>& to, int pixels) {
                multiplyPanel<T>(readView(from), outputs, panel, problem.reduction(), pixels, to,
                                 target.base ? target.base + (to.data - target.data) : nullptr);
            });
            return;
        }
        const Tensor<T> patches{patch_memory + slot * problem.patches().size(), problem.patches().size(),
                                problem.patches()};
        for (int n = begin; n < end; ++n) {
            multiplyPanel<T>(readView(pictureView(dy, n)), outputs, panel, problem.reduction(), dy.map.pixels(),
                             pictureView(patches, 0), nullptr);
            T* first = dx.plane(n, 0);
            if (!target.base)
                std::fill(first, first + dx.map.pictureSize(), T(0));
            else if (target.base != target.data)
                std::copy_n(target.base + (first - target.data), dx.map.pictureSize(), first);
            scatter(problem, patches, n, dx);
        }
    });
}

/// dL/dweight[k][r] = sum over pictures and pixels of x[p][r] * dy[p][k], one partial sum a slot, added in order.
template <class T>
void backwardWeight(Tape<T>& tape, const Problem& problem, const Tensor<T>& x, const Tensor<T>& dy,
                    const GradientTarget<T>& target) {
    const ArenaScope scope(tape.arena());
    const int outputs = problem.geometry.out_channels, reduction = problem.reduction();
    const size_t size = panelSize(outputs, reduction);
    T* partial = tape.arena().template take<T>(size * kSlots);
    T* patch_memory = problem.pointwise() ? nullptr : tape.arena().template take<T>(problem.patches().size() * kSlots);
    tape.workers().run(kSlots, [&](int slot) {
        const auto [begin, end] = autodiff::slotRange(x.map.pictures, slot);
        T* panel = partial + slot * size;
        std::fill(panel, panel + size, T(0));
        if (problem.pointwise()) {
            forPictures(x, dy, begin, end, [&](const PixelView<T>& in, const PixelView<T>& out, int pixels) {
                accumulatePanel<T>(readView(in), reduction, readView(out), outputs, pixels, panel);
            });
            return;
        }
        const Tensor<T> patches{patch_memory + slot * problem.patches().size(), problem.patches().size(),
                                problem.patches()};
        for (int n = begin; n < end; ++n) {
            gather(problem, x, n, patches);
            accumulatePanel<T>(readView(pictureView(patches, 0)), reduction, readView(pictureView(dy, n)), outputs,
                               dy.map.pixels(), panel);
        }
    });
    for (int slot = 1; slot < kSlots; ++slot)
        for (size_t i = 0; i < size; ++i) partial[i] += partial[slot * size + i];
    forWeights(problem, [&](size_t i, int k, int r) {
        target.data[i] = (target.base ? target.base[i] : T(0)) + partial[panelIndex(k, r, reduction)];
    });
}

}  // namespace

template <class T>
Var conv2d(Tape<T>& tape, Var x, Var weight, const ConvGeometry& geometry) {
    const Tensor<T> in = tape.value(x), w = tape.value(weight);
    if (geometry.groups > 1 && geometry.groups == in.map.channels && geometry.groups == geometry.out_channels)
        return depthwiseConv2d(tape, x, weight, geometry);
    const int height = (in.map.height + 2 * geometry.pad - geometry.kernel) / geometry.stride + 1;
    const int width = (in.map.width + 2 * geometry.pad - geometry.kernel) / geometry.stride + 1;
    const Problem problem{in.map, {in.map.pictures, geometry.out_channels, height, width}, geometry};
    DNA_CHECK(w.size == problem.weightSize(), "conv2d: weight size");
    const Tensor<T> y = tape.allocate(problem.out);
    forward(tape, problem, in, w.data, y);
    return tape.record(y, {x, weight},
                       [&tape, x, weight, problem, in, w](const Tensor<T>& dy, Gradients<T>& gradients) {
                           if (gradients.wants(weight)) backwardWeight(tape, problem, in, dy, gradients.target(weight));
                           if (gradients.wants(x)) backwardInput(tape, problem, dy, w.data, gradients.target(x));
                       });
}

template Var conv2d<float>(Tape<float>&, Var, Var, const ConvGeometry&);
template Var conv2d<double>(Tape<double>&, Var, Var, const ConvGeometry&);

void register_conv2d(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"conv2d", "convolution with kernel, stride, padding and groups", [] {
                 const auto sample = [](const std::string& name, MapShape in, ConvGeometry g) {
                     const size_t weights =
                         static_cast<size_t>(g.out_channels) * (in.channels / g.groups) * g.kernel * g.kernel;
                     return GradientSample{
                         name, {{in}, {{}, weights}}, [g](Tape<double>& tape, const std::vector<Var>& v) {
                             return conv2d(tape, v[0], v[1], g);
                         }};
                 };
                 return std::vector<GradientSample>{
                     sample("pointwise 5 to 18", {2, 5, 3, 3}, {18, 1, 1, 0, 1}),
                     sample("pointwise 20 to 50, 9 pictures", {9, 20, 1, 1}, {50, 1, 1, 0, 1}),
                     sample("pointwise in 2 groups", {2, 8, 3, 3}, {12, 1, 1, 0, 2}),
                     sample("3x3 stride 2 pad 1", {2, 3, 6, 5}, {7, 3, 2, 1, 1}),
                     sample("1x1 stride 2", {1, 4, 5, 4}, {6, 1, 2, 0, 1}),
                     sample("5x5 in 2 groups", {1, 4, 5, 6}, {6, 5, 1, 2, 2})};
             }});
}

}  // namespace dna::nn
