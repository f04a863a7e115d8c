#include <algorithm>

#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::kLanes;

namespace {

struct Window {
    int kernel, stride, pad;
    MapShape in, out;

    /// Place (in the plane) of the largest value of the window of an output pixel, the first of equals.
    template <class T>
    size_t largest(const T* plane, int pixel, int lane) const {
        const int top = pixel / out.width * stride - pad, left = pixel % out.width * stride - pad;
        size_t best = SIZE_MAX;
        for (int y = std::max(top, 0); y < std::min(top + kernel, in.height); ++y)
            for (int x = std::max(left, 0); x < std::min(left + kernel, in.width); ++x) {
                const size_t at = static_cast<size_t>(y * in.width + x) * kLanes + lane;
                if (best == SIZE_MAX || plane[at] > plane[best]) best = at;
            }
        return best;
    }

    /// Calls visit(picture, block, place in the input plane, place in the output plane) for every output value.
    template <class T, class Visit>
    void forLargest(Tape<T>& tape, const Tensor<T>& x, const Visit& visit) const {
        forSlots(tape.workers(), in.pictures, [&](int, int begin, int end) {
            for (int n = begin; n < end; ++n)
                for (int b = 0; b < in.blocks(); ++b)
                    for (int p = 0; p < out.pixels(); ++p)
                        for (int lane = 0; lane < kLanes; ++lane)
                            visit(n, b, largest(x.plane(n, b), p, lane), static_cast<size_t>(p) * kLanes + lane);
        });
    }
};

}  // namespace

/// y = the window's largest value; that value gets dy.
template <class T>
Var maxPool(Tape<T>& tape, Var x, const ConvGeometry& g) {
    const Tensor<T> in = tape.value(x);
    const MapShape out{in.map.pictures, in.map.channels, (in.map.height + 2 * g.pad - g.kernel) / g.stride + 1,
                       (in.map.width + 2 * g.pad - g.kernel) / g.stride + 1};
    const Window window{g.kernel, g.stride, g.pad, in.map, out};
    const Tensor<T> y = tape.allocate(out);
    window.forLargest(tape, in, [&](int n, int b, size_t from, size_t to) { y.plane(n, b)[to] = in.plane(n, b)[from]; });
    return tape.record(y, {x}, [&tape, x, in, window](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto target = gradients.target(x);
        if (!target.base) std::fill_n(target.data, in.size, T(0));
        if (target.base && target.base != target.data) std::copy_n(target.base, in.size, target.data);
        const Tensor<T> dx{target.data, in.size, in.map};
        window.forLargest(tape, in,
                          [&](int n, int b, size_t to, size_t from) { dx.plane(n, b)[to] += dy.plane(n, b)[from]; });
    });
}

template Var maxPool<float>(Tape<float>&, Var, const ConvGeometry&);
template Var maxPool<double>(Tape<double>&, Var, const ConvGeometry&);

void register_max_pool(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"max_pool", "largest value of every window", [] {
                 const auto sample = [](const std::string& name, MapShape in, const ConvGeometry& g) {
                     return GradientSample{name, {{in}}, [g](Tape<double>& tape, const std::vector<Var>& v) {
                                               return maxPool(tape, v[0], g);
                                           }};
                 };
                 std::vector<GradientSample> samples{sample("2x2 stride 2", {2, 5, 6, 4}, {0, 2, 2, 0, 1}),
                                                     sample("3x3 stride 2 pad 1", {1, 18, 5, 7}, {0, 3, 2, 1, 1})};
                 samples.push_back({"3x3 whose input has another reader",
                                    {{{1, 3, 4, 4}}},
                                    [](Tape<double>& tape, const std::vector<Var>& v) {
                                        return add(tape, v[0], maxPool(tape, v[0], {0, 3, 1, 1, 1}));
                                    }});
                 return samples;
             }});
}

}  // namespace dna::nn
