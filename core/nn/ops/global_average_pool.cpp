#include <algorithm>

#include "core/autodiff/activation.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::kernels;
using autodiff::kLanes;

/// Lines that are read at a time.
constexpr int kPiece = 64;

/// Calls visit(first line, lines) for the pieces of a plane.
template <class Visit>
void forPieces(int pixels, const Visit& visit) {
    for (int first = 0; first < pixels; first += kPiece)
        visit(static_cast<size_t>(first) * kLanes, std::min(kPiece, pixels - first));
}

/// mean[16] = share * the sum of a plane's lines.
template <class T>
void averagePlane(const Tensor<T>& x, int n, int block, T share, T* mean) {
    const T zero[kLanes] = {};
    T scratch[kPiece * kLanes], squares[kLanes] = {};
    std::fill_n(mean, kLanes, T(0));
    forPieces(x.map.pixels(), [&](size_t at, int lines) {
        autodiff::activateLines<T>(kernels<T>(), x.activation, block, x.plane(n, block) + at, scratch, lines);
        kernels<T>().moments(scratch, lines, zero, mean, squares);
    });
    for (int i = 0; i < kLanes; ++i) mean[i] *= share;
}

/// Every pixel of a plane gets g[16] * share.
template <class T>
void spreadPlane(const Tensor<T>& x, int n, int block, const T* g, T share, const autodiff::GradientTarget<T>& to,
                 double* sums) {
    T scratch[kPiece * kLanes];
    for (int i = 0; i < kPiece * kLanes; ++i) scratch[i] = g[i % kLanes] * share;
    const size_t plane = static_cast<size_t>(x.plane(n, block) - x.data);
    forPieces(x.map.pixels(), [&](size_t first, int lines) {
        const size_t at = plane + first;
        const T* base = to.base ? to.base + at : nullptr;
        if (to.sums)
            autodiff::maskLines<T>(kernels<T>(), autodiff::blockOf(*x.activation, block), x.data + at, scratch, base,
                                   to.data + at, lines, sums);
        else if (base)
            kernels<T>().add(base, scratch, to.data + at, lines);
        else
            std::copy_n(scratch, static_cast<size_t>(lines) * kLanes, to.data + at);
    });
}

}  // namespace

/// y = mean over the pixels; every pixel gets dy / pixels.
template <class T>
Var globalAveragePool(Tape<T>& tape, Var x) {
    const Tensor<T> in = tape.stored(x);
    const Tensor<T> y = tape.allocate({in.map.pictures, in.map.channels, 1, 1});
    const T share = T(1) / static_cast<T>(in.map.pixels());
    forSlots(tape.workers(), in.map.pictures, [&](int, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < in.map.blocks(); ++b) averagePlane(in, n, b, share, y.plane(n, b));
    });
    return tape.record(y, {x}, [&tape, x, in, share](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto to = gradients.storedTarget(x);
        forSlots(tape.workers(), in.map.pictures, [&](int slot, int begin, int end) {
            for (int n = begin; n < end; ++n)
                for (int b = 0; b < in.map.blocks(); ++b) {
                    const size_t sums = (static_cast<size_t>(slot) * in.map.blocks() + b) * autodiff::kSumValues;
                    spreadPlane(in, n, b, dy.plane(n, b), share, to, to.sums ? to.sums + sums : nullptr);
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
                     {"pool",
                      {{{3, 18, 3, 2}}},
                      [](Tape<double>& tape, const std::vector<Var>& v) { return globalAveragePool(tape, v[0]); }},
                     {"pool of a normalised map",
                      {{{3, 18, 3, 2}}, {{}, 18, 1.0, 0.3}, {{}, 18}},
                      [](Tape<double>& tape, const std::vector<Var>& v) {
                          return globalAveragePool(tape, batchNorm<double>(tape, v[0], v[1], v[2], {.relu = true}));
                      }}};
             }});
}

}  // namespace dna::nn
