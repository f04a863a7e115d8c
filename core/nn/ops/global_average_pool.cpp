#include "core/nn/lanes.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::forSlots;
using autodiff::Gradients;

/// y = mean over the pixels; every pixel gets dy / pixels.
template <class T>
Var globalAveragePool(Tape<T>& tape, Var x) {
    const Tensor<T> in = tape.value(x);
    const Tensor<T> y = tape.allocate({in.map.pictures, in.map.channels, 1, 1});
    const T share = T(1) / static_cast<T>(in.map.pixels());
    forSlots(tape.workers(), in.map.pictures, [&](int, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < in.map.blocks(); ++b) {
                Lanes<T> sum{};
                for (int p = 0; p < in.map.pixels(); ++p) sum += load(in.plane(n, b) + static_cast<size_t>(p) * kLanes);
                store<T>(y.plane(n, b), sum * share);
            }
    });
    return tape.record(y, {x}, [&tape, x, in, share](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto to = gradients.target(x);
        forSlots(tape.workers(), in.map.pictures, [&](int, int begin, int end) {
            for (int n = begin; n < end; ++n)
                for (int b = 0; b < in.map.blocks(); ++b) {
                    const Lanes<T> g = load(dy.plane(n, b)) * share;
                    const size_t first = static_cast<size_t>(in.plane(n, b) - in.data);
                    for (size_t i = first; i < first + in.map.planeSize(); i += kLanes)
                        store<T>(to.data + i, to.base ? load(to.base + i) + g : g);
                }
        });
    });
}

template Var globalAveragePool<float>(Tape<float>&, Var);
template Var globalAveragePool<double>(Tape<double>&, Var);

void register_global_average_pool(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"global_average_pool", "mean of every channel", [] {
                 return std::vector<GradientSample>{
                     {"pool", {{{3, 18, 3, 2}}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                          return globalAveragePool(tape, v[0]);
                      }}};
             }});
}

}  // namespace dna::nn
