#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

/// A linear layer is a 1x1 convolution of 1x1 maps and a bias; both bring their gradients.
template <class T>
Var linear(Tape<T>& tape, Var x, Var weight, Var bias, int outputs) {
    return addBias(tape, conv2d(tape, x, weight, {.out_channels = outputs}), bias);
}

template Var linear<float>(Tape<float>&, Var, Var, Var, int);
template Var linear<double>(Tape<double>&, Var, Var, Var, int);

void register_linear(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"linear", "matrix product and bias on 1x1 maps", [] {
                 return std::vector<GradientSample>{{"20 to 10",
                                                     {{{3, 20, 1, 1}}, {{}, 200}, {{}, 10}},
                                                     [](Tape<double>& tape, const std::vector<Var>& v) {
                                                         return linear(tape, v[0], v[1], v[2], 10);
                                                     }}};
             }});
}

}  // namespace dna::nn
