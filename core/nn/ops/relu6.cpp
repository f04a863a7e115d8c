#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::Gradients;

/// y = min(max(x, 0), 6); the gradient is dy where 0 < x < 6 and 0 elsewhere.
template <class T>
Var relu6(Tape<T>& tape, Var x) {
    const Tensor<T> in = tape.value(x);
    const Tensor<T> y = tape.allocate(in.map);
    y.array() = in.array().max(T(0)).min(T(6));
    return tape.record(y, {x}, [x, in](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto to = gradients.target(x);
        for (size_t i = 0; i < in.size; ++i)
            to.data[i] = (to.base ? to.base[i] : T(0)) + (in.data[i] > T(0) && in.data[i] < T(6) ? dy.data[i] : T(0));
    });
}

template Var relu6<float>(Tape<float>&, Var);
template Var relu6<double>(Tape<double>&, Var);

void register_relu6(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"relu6", "min(max(x, 0), 6)", [] {
                 return std::vector<GradientSample>{
                     {"relu6", {{{2, 5, 3, 2}, 0, 0, 5, 0.01}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                          return relu6(tape, v[0]);
                      }}};
             }});
}

}  // namespace dna::nn
