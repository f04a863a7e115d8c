#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {

using autodiff::Gradients;

/// y[j][i] = x[i][j]; dx[i][j] = dy[j][i].
template <class T>
Var transposeFlat(Tape<T>& tape, Var x, int rows, int columns) {
    const Tensor<T> in = tape.value(x), y = tape.allocateFlat(in.size);
    DNA_CHECK(in.size == static_cast<size_t>(rows) * columns, "transpose: size");
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j)
            y.data[static_cast<size_t>(j) * rows + i] = in.data[static_cast<size_t>(i) * columns + j];
    return tape.record(y, {x}, [x, rows, columns](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto to = gradients.target(x);
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j) {
                const size_t at = static_cast<size_t>(i) * columns + j;
                to.data[at] = (to.base ? to.base[at] : T(0)) + dy.data[static_cast<size_t>(j) * rows + i];
            }
    });
}

template Var transposeFlat<float>(Tape<float>&, Var, int, int);
template Var transposeFlat<double>(Tape<double>&, Var, int, int);

void register_transpose_flat(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"transpose_flat", "a list seen as a matrix, transposed", [] {
                 return std::vector<GradientSample>{
                     {"3 x 4", {{{}, 12}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                          return transposeFlat(tape, v[0], 3, 4);
                      }}};
             }});
}

}  // namespace dna::nn
