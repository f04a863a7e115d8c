#include <algorithm>

#include "core/autodiff/kernels/dispatch.h"
#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::kernels;
using autodiff::kLanes;
using autodiff::kSlots;

int linesOf(const MapShape& map) { return static_cast<int>(map.pictureSize() / kLanes); }

/// <a, b> with one partial sum a slot, added in order.
template <class T>
T dot(Tape<T>& tape, const Tensor<T>& a, const T* b) {
    double partial[kSlots] = {};
    forSlots(tape.workers(), a.map.pictures, [&](int slot, int begin, int end) {
        for (int n = begin; n < end; ++n) {
            const size_t at = static_cast<size_t>(n) * a.map.pictureSize();
            partial[slot] += kernels<T>().dot(a.data + at, b + at, linesOf(a.map));
        }
    });
    double total = 0;
    for (double part : partial) total += part;
    return static_cast<T>(total);
}

template <class T>
void addScaled(Tape<T>& tape, const Tensor<T>& x, T factor, T* to, const T* base) {
    forSlots(tape.workers(), x.map.pictures, [&](int, int begin, int end) {
        for (int n = begin; n < end; ++n) {
            const size_t at = static_cast<size_t>(n) * x.map.pictureSize();
            kernels<T>().addScaled(x.data + at, factor, base ? base + at : nullptr, to + at, linesOf(x.map));
        }
    });
}

/// y = the only path whose gate is 1, or the weighted sum.
template <class T>
Tensor<T> forwardSum(Tape<T>& tape, const std::vector<Tensor<T>>& paths, const Tensor<T>& gates) {
    const auto on = std::count_if(gates.data, gates.data + gates.size, [](T gate) { return gate != T(0); });
    const auto one = std::find(gates.data, gates.data + gates.size, T(1));
    if (on == 1 && one != gates.data + gates.size) return paths[one - gates.data];
    const Tensor<T> y = tape.allocate(paths[0].map);
    const T* base = nullptr;
    for (size_t k = 0; k < paths.size(); ++k) {
        if (gates.data[k] == T(0) && !(k + 1 == paths.size() && base == nullptr)) continue;
        addScaled(tape, paths[k], gates.data[k], y.data, base);
        base = y.data;
    }
    return y;
}

}  // namespace

/// y = sum_k gates[k] paths[k]; d gates[k] = <dy, paths[k]>; d paths[k] = gates[k] dy, nothing at all where the gate is
/// 0.
template <class T>
Var gatedSum(Tape<T>& tape, const std::vector<Var>& paths, Var gates) {
    const Tensor<T> g = tape.value(gates);
    DNA_CHECK(!paths.empty() && g.size == paths.size(), "gated sum: one gate a path");
    std::vector<Tensor<T>> values;
    for (Var path : paths) values.push_back(tape.value(path));
    for (const Tensor<T>& value : values) DNA_CHECK(value.map == values[0].map, "gated sum: shapes differ");
    std::vector<Var> inputs = paths;
    inputs.push_back(gates);
    return tape.record(forwardSum(tape, values, g), inputs,
                       [&tape, paths, gates, g, values](const Tensor<T>& dy, Gradients<T>& gradients) {
                           if (gradients.wants(gates)) {
                               const auto to = gradients.target(gates);
                               for (size_t k = 0; k < paths.size(); ++k)
                                   to.data[k] = (to.base ? to.base[k] : T(0)) + dot(tape, dy, values[k].data);
                           }
                           for (size_t k = 0; k < paths.size(); ++k) {
                               if (g.data[k] == T(0) || !gradients.wants(paths[k])) continue;
                               if (g.data[k] == T(1)) {
                                   gradients.pass(paths[k], dy);
                                   continue;
                               }
                               const auto to = gradients.target(paths[k]);
                               addScaled(tape, dy, g.data[k], to.data, to.base);
                           }
                       });
}

template Var gatedSum<float>(Tape<float>&, const std::vector<Var>&, Var);
template Var gatedSum<double>(Tape<double>&, const std::vector<Var>&, Var);

void register_gated_sum(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"gated_sum", "paths weighted by gates; a path behind a zero gate costs its forward run only", [] {
                 const MapShape map{2, 5, 2, 3};
                 GradientSample general{
                     "three paths", {{map}, {map}, {map}, {{}, 3}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                         return gatedSum(tape, {v[0], v[1], v[2]}, v[3]);
                     }};
                 GradientSample shared{"one map as two paths",
                                       {{map}, {map}, {{}, 3}},
                                       [](Tape<double>& tape, const std::vector<Var>& v) {
                                           return gatedSum(tape, {v[0], v[1], v[0]}, v[2]);
                                       }};
                 return std::vector<GradientSample>{general, shared};
             }});
}

}  // namespace dna::nn
