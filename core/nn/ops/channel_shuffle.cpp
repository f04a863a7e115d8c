#include <vector>

#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::kLanes;

/// Place of a channel in its picture (pixel 0).
size_t channelPlace(const MapShape& map, int channel) {
    return static_cast<size_t>(channel / kLanes) * map.planeSize() + static_cast<size_t>(channel % kLanes);
}

/// Places that channel k reads: channels seen as [groups][n] become [n][groups].
struct Permutation {
    std::vector<size_t> from, to;
};
Permutation permutation(const MapShape& map, int groups) {
    const int per_group = map.channels / groups;
    Permutation result;
    for (int k = 0; k < map.channels; ++k) {
        result.from.push_back(channelPlace(map, k % groups * per_group + k / groups));
        result.to.push_back(channelPlace(map, k));
    }
    return result;
}

/// to[target place] = (base ? base[target place] : 0) + from[source place] for every pixel of the pictures.
template <class T>
void permute(Tape<T>& tape, const MapShape& map, const T* from, const std::vector<size_t>& source, T* to,
             const std::vector<size_t>& target, const T* base) {
    forSlots(tape.workers(), map.pictures, [&](int, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int p = 0; p < map.pixels(); ++p) {
                const size_t at = static_cast<size_t>(n) * map.pictureSize() + static_cast<size_t>(p) * kLanes;
                for (size_t k = 0; k < source.size(); ++k)
                    to[at + target[k]] = (base ? base[at + target[k]] : T(0)) + from[at + source[k]];
            }
    });
}

/// Lanes beyond the channels hold zeros in every map.
template <class T>
void clearPadding(const Tensor<T>& y) {
    if (y.map.channels % kLanes == 0) return;
    for (int n = 0; n < y.map.pictures; ++n) std::fill_n(y.plane(n, y.map.blocks() - 1), y.map.planeSize(), T(0));
}

}  // namespace

/// y[k] = x[source of k]; the gradient goes the other way.
template <class T>
Var channelShuffle(Tape<T>& tape, Var x, int groups) {
    const Tensor<T> in = tape.value(x);
    DNA_CHECK(in.map.channels % groups == 0, "channel shuffle: groups");
    const Tensor<T> y = tape.allocate(in.map);
    const Permutation order = permutation(in.map, groups);
    clearPadding(y);
    permute<T>(tape, in.map, in.data, order.from, y.data, order.to, nullptr);
    return tape.record(y, {x}, [&tape, x, in, order](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto target = gradients.target(x);
        if (!target.base) clearPadding(Tensor<T>{target.data, in.size, in.map});
        permute<T>(tape, in.map, dy.data, order.to, target.data, order.from, target.base);
    });
}

template Var channelShuffle<float>(Tape<float>&, Var, int);
template Var channelShuffle<double>(Tape<double>&, Var, int);

void register_channel_shuffle(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"channel_shuffle", "channels of the groups interleaved", [] {
                 return std::vector<GradientSample>{
                     {"2 groups of 10",
                      {{{2, 20, 2, 2}}},
                      [](Tape<double>& tape, const std::vector<Var>& v) { return channelShuffle(tape, v[0], 2); }},
                     {"3 groups of 2", {{{1, 6, 2, 2}}}, [](Tape<double>& tape, const std::vector<Var>& v) {
                          return add(tape, v[0], channelShuffle(tape, v[0], 3));
                      }}};
             }});
}

}  // namespace dna::nn
