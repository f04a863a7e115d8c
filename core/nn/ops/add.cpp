#include "core/base/error.h"
#include "core/nn/lanes.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::forSlots;
using autodiff::Gradients;

/// y = a + b; the gradient of both is dy.
template <class T>
Var add(Tape<T>& tape, Var a, Var b) {
    const Tensor<T> left = tape.value(a), right = tape.value(b);
    DNA_CHECK(left.map == right.map, "add: shapes differ");
    const Tensor<T> y = tape.allocate(left.map);
    forSlots(tape.workers(), left.map.pictures, [&](int, int begin, int end) {
        const size_t size = left.map.pictureSize();
        for (size_t i = size * static_cast<size_t>(begin); i < size * static_cast<size_t>(end); i += kLanes)
            store<T>(y.data + i, load(left.data + i) + load(right.data + i));
    });
    return tape.record(y, {a, b}, [a, b](const Tensor<T>& dy, Gradients<T>& gradients) {
        gradients.pass(a, dy);
        gradients.pass(b, dy);
    });
}

template Var add<float>(Tape<float>&, Var, Var);
template Var add<double>(Tape<double>&, Var, Var);

void register_add(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"add", "sum of two maps", [] {
                 return std::vector<GradientSample>{
                     {"a + b",
                      {{{2, 5, 3, 2}}, {{2, 5, 3, 2}}},
                      [](Tape<double>& tape, const std::vector<Var>& v) { return add(tape, v[0], v[1]); }},
                     {"a + a + relu(a)",
                      {{{2, 3, 2, 2}, 0, 0, 1, 0.01}},
                      [](Tape<double>& tape, const std::vector<Var>& v) {
                          return add(tape, add(tape, v[0], v[0]), relu(tape, v[0]));
                      }}};
             }});
}

}  // namespace dna::nn
