// Convolution as a matrix product. 1x1 convolutions go through the cache in chunks of pixels, others gather the taps of
// a picture into patches first. Grouped weights are packed as dense ones with zeros between the groups: the groups of
// the network spaces have two members, and the dense product is faster than two narrow ones.

#include "core/autodiff/activation.h"
#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"
#include "core/nn/patches.h"
#include "core/nn/pointwise.h"

namespace dna::nn {

using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::kSlots;
using autodiff::Moments;

/// y[p][k] = sum over taps of x * w; dx = dy w^T, dw = x^T dy.
template <class T>
Var conv2d(Tape<T>& tape, Var x, Var weight, const ConvGeometry& geometry) {
    const Tensor<T> in = tape.stored(x), w = tape.value(weight);
    if (geometry.groups > 1 && geometry.groups == in.map.channels && geometry.groups == geometry.out_channels)
        return depthwiseConv2d(tape, x, weight, geometry);
    const int height = (in.map.height + 2 * geometry.pad - geometry.kernel) / geometry.stride + 1;
    const int width = (in.map.width + 2 * geometry.pad - geometry.kernel) / geometry.stride + 1;
    const ConvProblem problem{in.map, {in.map.pictures, geometry.out_channels, height, width}, geometry};
    DNA_CHECK(w.size == problem.weightSize(), "conv2d: weight size");
    Tensor<T> y = tape.allocate(problem.out);
    Moments* moments = geometry.measure ? autodiff::takeMoments(tape.arena(), y.map) : nullptr;
    y.moments = moments;
    const bool pointwise = problem.reduction() == Reduction::Channels;
    (pointwise ? pointwiseForward<T> : patchForward<T>)(tape, problem, in, w.data, y, moments);
    return tape.record(
        y, {x, weight},
        [&tape, x, weight, problem, in, w, pointwise](const Tensor<T>& dy, Gradients<T>& gradients) {
            GradientTarget<T> dweight, dx;
            if (gradients.wants(weight)) dweight = gradients.target(weight);
            if (gradients.wants(x)) dx = gradients.storedTarget(x);
            (pointwise ? pointwiseBackward<T> : patchBackward<T>)(tape, problem, in, w.data, dy, dx, dweight);
        },
        autodiff::Reads::Combined);
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
                     sample("5x5 in 2 groups", {1, 4, 5, 6}, {6, 5, 1, 2, 2}),
                     sample("3x3 of 18 channels, stride 2", {2, 18, 5, 6}, {7, 3, 2, 1, 1}),
                     sample("1x1 of 20 channels, stride 2", {1, 20, 5, 5}, {6, 1, 2, 0, 1})};
             }});
}

}  // namespace dna::nn
