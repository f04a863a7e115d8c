#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::Gradients;

namespace {

/// Calls visit(place among the taps, place among the spread taps) for every weight of `filters` filters.
template <class Visit>
void forTaps(size_t filters, int kernel, int dilation, const Visit& visit) {
    const size_t span = static_cast<size_t>(dilation) * (kernel - 1) + 1;
    size_t at = 0;
    for (size_t f = 0; f < filters; ++f)
        for (int r = 0; r < kernel; ++r)
            for (int s = 0; s < kernel; ++s, ++at) visit(at, (f * span + r * dilation) * span + s * dilation);
}

}  // namespace

/// y[r * dilation][s * dilation] = x[r][s], zero between; dx takes what y's places get.
template <class T>
Var spreadKernel(Tape<T>& tape, Var x, int kernel, int dilation) {
    const Tensor<T> in = tape.value(x);
    const size_t taps = static_cast<size_t>(kernel) * kernel, filters = in.size / taps;
    DNA_CHECK(filters * taps == in.size, "spread kernel: size");
    const size_t span = static_cast<size_t>(dilation) * (kernel - 1) + 1;
    const Tensor<T> y = tape.allocateFlat(filters * span * span);
    y.array().setZero();
    forTaps(filters, kernel, dilation, [&](size_t from, size_t to) { y.data[to] = in.data[from]; });
    return tape.record(y, {x}, [x, filters, kernel, dilation](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto target = gradients.target(x);
        forTaps(filters, kernel, dilation, [&](size_t at, size_t spread) {
            target.data[at] = (target.base ? target.base[at] : T(0)) + dy.data[spread];
        });
    });
}

template Var spreadKernel<float>(Tape<float>&, Var, int, int);
template Var spreadKernel<double>(Tape<double>&, Var, int, int);

void register_spread_kernel(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"spread_kernel", "filters with zeros between their taps", [] {
                 return std::vector<GradientSample>{
                     {"two 3x3 filters, dilation 2", {{{}, 18}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                          return spreadKernel(tape, v[0], 3, 2);
                      }}};
             }});
}

}  // namespace dna::nn
