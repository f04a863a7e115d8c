#include <algorithm>

#include "core/autodiff/activation.h"
#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::kernels;
using autodiff::kLanes;

/// Lines that are added while they are in the first cache.
constexpr int kPiece = 64;

/// to = a + b, activations applied, for lines of one block that begin at value `at`.
template <class T>
void addLines(const Tensor<T>& a, const Tensor<T>& b, int block, size_t at, T* to, int lines) {
    T scratch[kPiece * kLanes];
    const T* right = b.data + at;
    if (b.activation) {
        autodiff::activateLines<T>(kernels<T>(), b.activation, block, right, scratch, lines);
        right = scratch;
    }
    if (!a.activation) {
        kernels<T>().add(a.data + at, right, to, lines);
        return;
    }
    autodiff::activateLines<T>(kernels<T>(), a.activation, block, a.data + at, to, lines);
    kernels<T>().add(to, right, to, lines);
}

}  // namespace

/// y = a + b; the gradient of both is dy.
template <class T>
Var add(Tape<T>& tape, Var a, Var b) {
    const Tensor<T> left = tape.stored(a), right = tape.stored(b);
    DNA_CHECK(left.map == right.map, "add: shapes differ");
    const Tensor<T> y = tape.allocate(left.map);
    forSlots(tape.workers(), y.map.pictures, [&](int, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int block = 0; block < y.map.blocks(); ++block)
                for (int first = 0; first < y.map.pixels(); first += kPiece) {
                    const size_t at =
                        static_cast<size_t>(y.plane(n, block) - y.data) + static_cast<size_t>(first) * kLanes;
                    addLines<T>(left, right, block, at, y.data + at, std::min(kPiece, y.map.pixels() - first));
                }
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
                      }},
                     {"normalised a + a, both read as stored",
                      {{{2, 18, 3, 3}}, {{}, 18, 1.0, 0.3}, {{}, 18}},
                      [](Tape<double>& tape, const std::vector<Var>& v) {
                          const Var a = batchNorm<double>(tape, v[0], v[1], v[2], {.relu = true});
                          return add(tape, a, add(tape, batchNorm<double>(tape, v[0], v[1], v[2], {}), a));
                      }}};
             }});
}

}  // namespace dna::nn
