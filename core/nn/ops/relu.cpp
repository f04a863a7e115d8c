#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::Gradients;

/// y = max(x, 0); the gradient is dy where x > 0 and 0 elsewhere (0 at x = 0).
template <class T>
Var relu(Tape<T>& tape, Var x) {
    const Tensor<T> in = tape.value(x);
    const Tensor<T> y = tape.allocate(in.map);
    y.array() = (in.array() > T(0)).select(in.array(), T(0));
    return tape.record(y, {x}, [x, in](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto to = gradients.target(x);
        for (size_t i = 0; i < in.size; ++i)
            to.data[i] = (to.base ? to.base[i] : T(0)) + (in.data[i] > T(0) ? dy.data[i] : T(0));
    });
}

template Var relu<float>(Tape<float>&, Var);
template Var relu<double>(Tape<double>&, Var);

void register_relu(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"relu", "max(x, 0)", [] {
                 return std::vector<GradientSample>{
                     {"relu", {{{2, 5, 3, 2}, 0, 0, 1, 0.01}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                          return relu(tape, v[0]);
                      }}};
             }});
}

}  // namespace dna::nn
