// Depthwise convolution. One channel block of a picture is copied into a tile with a zero border, so that the loops
// over pixels have no conditions; 16 channels go through together.

#include <algorithm>

#include "core/base/error.h"
#include "core/nn/lanes.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::ArenaScope;
using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::kSlots;

struct Tile {
    int kernel, stride, pad;
    MapShape in, out;
    int width() const { return in.width + 2 * pad; }
    int height() const { return in.height + 2 * pad; }
    size_t size() const { return static_cast<size_t>(width()) * height() * kLanes; }
};

/// Copies a plane into the middle of a tile; the border is zero already.
template <class T>
void fillTile(const Tile& t, const T* plane, T* tile) {
    for (int y = 0; y < t.in.height; ++y)
        std::copy_n(plane + static_cast<size_t>(y) * t.in.width * kLanes, static_cast<size_t>(t.in.width) * kLanes,
                    tile + (static_cast<size_t>(y + t.pad) * t.width() + t.pad) * kLanes);
}

/// y[row][col] = sum over taps of tile[row * stride + r][col * stride + s] * w[r][s]; kColumns outputs at a time.
template <class T, int kKernel, int kColumns>
void convolveColumns(const T* tile, size_t tile_row, int kernel, int stride, const T* weight, T* out) {
    const int size = kKernel > 0 ? kKernel : kernel;
    Lanes<T> sum[kColumns] = {};
    for (int r = 0; r < size; ++r)
        for (int s = 0; s < size; ++s) {
            const Lanes<T> w = load(weight + (r * size + s) * kLanes);
            const T* source = tile + r * tile_row + static_cast<size_t>(s) * kLanes;
            for (int c = 0; c < kColumns; ++c)
                addProduct(sum[c], load(source + static_cast<size_t>(c) * stride * kLanes), w);
        }
    for (int c = 0; c < kColumns; ++c) store<T>(out + c * kLanes, sum[c]);
}

template <class T, int kKernel>
void convolvePlane(const Tile& t, const T* tile, const T* weight, T* out) {
    constexpr int kColumns = 4;
    const size_t tile_row = static_cast<size_t>(t.width()) * kLanes;
    for (int y = 0; y < t.out.height; ++y) {
        const T* row = tile + static_cast<size_t>(y) * t.stride * tile_row;
        int x = 0;
        for (; x + kColumns <= t.out.width; x += kColumns, out += kColumns * kLanes)
            convolveColumns<T, kKernel, kColumns>(row + static_cast<size_t>(x) * t.stride * kLanes, tile_row, t.kernel,
                                                  t.stride, weight, out);
        for (; x < t.out.width; ++x, out += kLanes)
            convolveColumns<T, kKernel, 1>(row + static_cast<size_t>(x) * t.stride * kLanes, tile_row, t.kernel,
                                           t.stride, weight, out);
    }
}

/// dtile[row * stride + r][col * stride + s] += dy[row][col] * w[r][s].
template <class T, int kKernel>
void scatterPlane(const Tile& t, const T* dy, const T* weight, T* dtile) {
    const int size = kKernel > 0 ? kKernel : t.kernel;
    for (int y = 0; y < t.out.height; ++y)
        for (int x = 0; x < t.out.width; ++x, dy += kLanes) {
            const Lanes<T> g = load(dy);
            for (int r = 0; r < size; ++r) {
                T* to =
                    dtile +
                    (static_cast<size_t>(y * t.stride + r) * t.width() + static_cast<size_t>(x) * t.stride) * kLanes;
                for (int s = 0; s < size; ++s) {
                    Lanes<T> sum = load(to + s * kLanes);
                    addProduct(sum, g, load(weight + (r * size + s) * kLanes));
                    store<T>(to + s * kLanes, sum);
                }
            }
        }
}

/// dw[r][s] += sum over places of dy * tile.
template <class T, int kKernel>
void accumulateWeight(const Tile& t, const T* tile, const T* dy, T* dw) {
    constexpr int kTaps = kKernel > 0 ? kKernel * kKernel : 1;
    const size_t tile_row = static_cast<size_t>(t.width()) * kLanes;
    const auto taps = [&](int first, auto& sums, int count) {
        const int size = kKernel > 0 ? kKernel : t.kernel;
        const T* g = dy;
        for (int y = 0; y < t.out.height; ++y)
            for (int x = 0; x < t.out.width; ++x, g += kLanes) {
                const Lanes<T> d = load(g);
                const T* source =
                    tile + static_cast<size_t>(y) * t.stride * tile_row + static_cast<size_t>(x) * t.stride * kLanes;
                for (int i = 0; i < count; ++i)
                    addProduct(sums[i], d,
                               load(source + (first + i) / size * tile_row +
                                    static_cast<size_t>((first + i) % size) * kLanes));
            }
    };
    const int total = kKernel > 0 ? kTaps : t.kernel * t.kernel;
    for (int first = 0; first < total; first += kTaps) {
        Lanes<T> sums[kTaps];
        for (int i = 0; i < kTaps; ++i) sums[i] = load(dw + (first + i) * kLanes);
        taps(first, sums, kTaps);
        for (int i = 0; i < kTaps; ++i) store<T>(dw + (first + i) * kLanes, sums[i]);
    }
}

/// Weights as [block][tap][lane], lanes beyond the channels zero; flipped for the data gradient of stride 1.
template <class T>
T* pack(const Tile& t, const T* weight, bool flipped, autodiff::Arena& arena) {
    const int taps = t.kernel * t.kernel;
    T* panel = arena.takeZero<T>(static_cast<size_t>(t.in.blocks()) * taps * kLanes);
    for (int c = 0; c < t.in.channels; ++c)
        for (int tap = 0; tap < taps; ++tap)
            panel[(static_cast<size_t>(c / kLanes) * taps + tap) * kLanes + c % kLanes] =
                weight[c * taps + (flipped ? taps - 1 - tap : tap)];
    return panel;
}

template <class T, int kKernel>
void forward(Tape<T>& tape, const Tile& t, const Tensor<T>& x, const T* weight, const Tensor<T>& y) {
    const ArenaScope scope(tape.arena());
    const T* panel = pack(t, weight, false, tape.arena());
    T* tiles = tape.arena().template takeZero<T>(t.size() * kSlots);
    const int taps = t.kernel * t.kernel;
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        T* tile = tiles + slot * t.size();
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < t.in.blocks(); ++b) {
                fillTile(t, x.plane(n, b), tile);
                convolvePlane<T, kKernel>(t, tile, panel + static_cast<size_t>(b) * taps * kLanes, y.plane(n, b));
            }
    });
}

/// Adds the middle of a gradient tile to what other readers left.
template <class T>
void emptyTile(const Tile& t, const T* dtile, const T* base, T* plane) {
    for (int y = 0; y < t.in.height; ++y) {
        const T* from = dtile + (static_cast<size_t>(y + t.pad) * t.width() + t.pad) * kLanes;
        const size_t at = static_cast<size_t>(y) * t.in.width * kLanes;
        for (size_t i = 0; i < static_cast<size_t>(t.in.width) * kLanes; ++i)
            plane[at + i] = (base ? base[at + i] : T(0)) + from[i];
    }
}

template <class T, int kKernel>
void backwardInput(Tape<T>& tape, const Tile& t, const Tensor<T>& dy, const T* weight,
                   const GradientTarget<T>& target) {
    const ArenaScope scope(tape.arena());
    const T* panel = pack(t, weight, false, tape.arena());
    T* tiles = tape.arena().template take<T>(t.size() * kSlots);
    const int taps = t.kernel * t.kernel;
    const Tensor<T> dx{target.data, t.in.size(), t.in};
    forSlots(tape.workers(), dy.map.pictures, [&](int slot, int begin, int end) {
        T* tile = tiles + slot * t.size();
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < t.in.blocks(); ++b) {
                std::fill(tile, tile + t.size(), T(0));
                scatterPlane<T, kKernel>(t, dy.plane(n, b), panel + static_cast<size_t>(b) * taps * kLanes, tile);
                T* plane = dx.plane(n, b);
                emptyTile<T>(t, tile, target.base ? target.base + (plane - dx.data) : nullptr, plane);
            }
    });
}

/// Stride 1 with the border of a "same" convolution: the data gradient is the convolution of dy with the flipped
/// kernel.
template <class T, int kKernel>
void backwardInputSame(Tape<T>& tape, const Tile& t, const Tensor<T>& dy, const T* weight,
                       const GradientTarget<T>& target) {
    const ArenaScope scope(tape.arena());
    const T* panel = pack(t, weight, true, tape.arena());
    T* tiles = tape.arena().template takeZero<T>(t.size() * kSlots);
    const int taps = t.kernel * t.kernel;
    const Tensor<T> dx{target.data, t.in.size(), t.in};
    forSlots(tape.workers(), dy.map.pictures, [&](int slot, int begin, int end) {
        T* tile = tiles + slot * t.size();
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < t.in.blocks(); ++b) {
                fillTile(t, dy.plane(n, b), tile);
                convolvePlane<T, kKernel>(t, tile, panel + static_cast<size_t>(b) * taps * kLanes, dx.plane(n, b));
            }
    });
}

template <class T, int kKernel>
void backwardWeight(Tape<T>& tape, const Tile& t, const Tensor<T>& x, const Tensor<T>& dy,
                    const GradientTarget<T>& target) {
    const ArenaScope scope(tape.arena());
    const int taps = t.kernel * t.kernel;
    const size_t size = static_cast<size_t>(t.in.blocks()) * taps * kLanes;
    T* partial = tape.arena().template takeZero<T>(size * kSlots);
    T* tiles = tape.arena().template takeZero<T>(t.size() * kSlots);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        T* tile = tiles + slot * t.size();
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < t.in.blocks(); ++b) {
                fillTile(t, x.plane(n, b), tile);
                accumulateWeight<T, kKernel>(t, tile, dy.plane(n, b),
                                             partial + slot * size + static_cast<size_t>(b) * taps * kLanes);
            }
    });
    for (int c = 0; c < t.in.channels; ++c)
        for (int tap = 0; tap < taps; ++tap) {
            T sum = 0;
            for (int slot = 0; slot < kSlots; ++slot)
                sum += partial[slot * size + (static_cast<size_t>(c / kLanes) * taps + tap) * kLanes + c % kLanes];
            const size_t i = static_cast<size_t>(c) * taps + tap;
            target.data[i] = (target.base ? target.base[i] : T(0)) + sum;
        }
}

template <class T, int kKernel>
Var depthwise(Tape<T>& tape, Var x, Var weight, const Tile& t) {
    const Tensor<T> in = tape.value(x), w = tape.value(weight);
    const Tensor<T> y = tape.allocate(t.out);
    forward<T, kKernel>(tape, t, in, w.data, y);
    return tape.record(y, {x, weight}, [&tape, x, weight, t, in, w](const Tensor<T>& dy, Gradients<T>& gradients) {
        if (gradients.wants(weight)) backwardWeight<T, kKernel>(tape, t, in, dy, gradients.target(weight));
        if (!gradients.wants(x)) return;
        const GradientTarget<T> target = gradients.target(x);
        const bool same = t.stride == 1 && 2 * t.pad == t.kernel - 1 && target.base == nullptr;
        if (same)
            backwardInputSame<T, kKernel>(tape, t, dy, w.data, target);
        else
            backwardInput<T, kKernel>(tape, t, dy, w.data, target);
    });
}

}  // namespace

template <class T>
Var depthwiseConv2d(Tape<T>& tape, Var x, Var weight, const ConvGeometry& g) {
    const MapShape in = tape.value(x).map;
    DNA_CHECK(in.channels == g.out_channels &&
                  tape.value(weight).size == static_cast<size_t>(in.channels) * g.kernel * g.kernel,
              "depthwise: sizes");
    const MapShape out{in.pictures, in.channels, (in.height + 2 * g.pad - g.kernel) / g.stride + 1,
                       (in.width + 2 * g.pad - g.kernel) / g.stride + 1};
    const Tile t{g.kernel, g.stride, g.pad, in, out};
    if (g.kernel == 3) return depthwise<T, 3>(tape, x, weight, t);
    if (g.kernel == 5) return depthwise<T, 5>(tape, x, weight, t);
    return depthwise<T, 0>(tape, x, weight, t);
}

template Var depthwiseConv2d<float>(Tape<float>&, Var, Var, const ConvGeometry&);
template Var depthwiseConv2d<double>(Tape<double>&, Var, Var, const ConvGeometry&);

void register_depthwise_conv2d(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"depthwise_conv2d", "one filter per channel", [] {
                 const auto sample = [](const std::string& name, MapShape in, int kernel, int stride, int pad) {
                     const ConvGeometry g{in.channels, kernel, stride, pad, in.channels};
                     return GradientSample{name,
                                           {{in}, {{}, static_cast<size_t>(in.channels) * kernel * kernel}},
                                           [g](Tape<double>& tape, const std::vector<Var>& v) {
                                               return depthwiseConv2d(tape, v[0], v[1], g);
                                           }};
                 };
                 auto samples = std::vector<GradientSample>{
                     sample("3x3", {2, 18, 5, 6}, 3, 1, 1), sample("3x3 stride 2", {1, 5, 6, 7}, 3, 2, 1),
                     sample("5x5", {1, 4, 5, 5}, 5, 1, 2), sample("5x5 stride 2", {1, 3, 7, 6}, 5, 2, 2),
                     sample("7x7 without padding", {1, 2, 8, 7}, 7, 1, 0)};
                 samples.push_back({"3x3 whose input has another reader",
                                    {{{1, 3, 4, 4}}, {{}, 27}},
                                    [](Tape<double>& tape, const std::vector<Var>& v) {
                                        return add(tape, v[0], depthwiseConv2d(tape, v[0], v[1], {3, 3, 1, 1, 3}));
                                    }});
                 return samples;
             }});
}

}  // namespace dna::nn
