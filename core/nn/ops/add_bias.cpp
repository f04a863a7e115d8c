#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::Gradients;
using autodiff::kLanes;

/// y = x + bias of the channel; dbias[k] = sum of dy over pictures and pixels, dx = dy.
template <class T>
Var addBias(Tape<T>& tape, Var x, Var bias) {
    const Tensor<T> in = tape.value(x), b = tape.value(bias);
    DNA_CHECK(b.size == static_cast<size_t>(in.map.channels), "bias: size");
    const Tensor<T> y = tape.allocate(in.map);
    y.array() = in.array();
    for (int n = 0; n < in.map.pictures; ++n)
        for (int c = 0; c < in.map.channels; ++c)
            for (int p = 0; p < in.map.pixels(); ++p) y.at(n, c, p) += b.data[c];
    return tape.record(y, {x, bias}, [x, bias, in](const Tensor<T>& dy, Gradients<T>& gradients) {
        if (gradients.wants(bias)) {
            const auto to = gradients.target(bias);
            for (int c = 0; c < in.map.channels; ++c) {
                T sum = 0;
                for (int n = 0; n < in.map.pictures; ++n)
                    for (int p = 0; p < in.map.pixels(); ++p) sum += dy.at(n, c, p);
                to.data[c] = (to.base ? to.base[c] : T(0)) + sum;
            }
        }
        gradients.pass(x, dy);
    });
}

template Var addBias<float>(Tape<float>&, Var, Var);
template Var addBias<double>(Tape<double>&, Var, Var);

void register_add_bias(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"add_bias", "one number per channel added to every pixel", [] {
                 return std::vector<GradientSample>{
                     {"bias", {{{2, 18, 2, 3}}, {{}, 18}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                          return addBias(tape, v[0], v[1]);
                      }}};
             }});
}

}  // namespace dna::nn
