// Depthwise convolution. One channel block of a picture is copied into a tile with a zero border, its activation
// applied on the way, so that the loops over pixels have no conditions; 16 channels go through together. A map without
// an activation is read as it lies where the window allows it: with stride 2 a copy takes longer than the sums.

#include <algorithm>
#include <cstdint>

#include "core/autodiff/activation.h"
#include "core/autodiff/kernels/window_places.h"
#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::ArenaScope;
using autodiff::Fetch;
using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::GradientTile;
using autodiff::kernels;
using autodiff::kLanes;
using autodiff::kSlots;
using autodiff::Moments;
using autodiff::Window;

/// Values of a gradient that is written past the caches, and lines of it that are made at a time.
constexpr size_t kStreamValues = size_t{4} << 20;
constexpr int kStreamLines = 256;
constexpr uintptr_t kLineBytes = 64;

/// Sizes of one depthwise convolution.
struct Problem {
    Window window;
    MapShape in, out;

    int taps() const { return window.kernel * window.kernel; }
    int tileWidth() const { return window.width + 2 * window.pad; }
    size_t tileSize() const {
        return static_cast<size_t>(tileWidth()) * static_cast<size_t>(window.height + 2 * window.pad) * kLanes;
    }
    size_t panelSize() const { return static_cast<size_t>(in.blocks()) * taps() * kLanes; }
};

/// Weights as [block][tap][lane], lanes beyond the channels zero.
template <class T>
T* pack(const Problem& p, const T* weight, autodiff::Arena& arena) {
    T* panel = arena.takeZero<T>(p.panelSize());
    for (int c = 0; c < p.in.channels; ++c)
        for (int tap = 0; tap < p.taps(); ++tap)
            panel[(static_cast<size_t>(c / kLanes) * p.taps() + tap) * kLanes + c % kLanes] =
                weight[c * p.taps() + tap];
    return panel;
}

/// The same, each block as slideBack reads it.
template <class T>
T* packSpread(const Problem& p, const T* weight, autodiff::Arena& arena) {
    T* spread = arena.take<T>(p.panelSize());
    const T* panel = pack(p, weight, arena);
    const size_t block = static_cast<size_t>(p.taps()) * kLanes;
    for (int b = 0; b < p.in.blocks(); ++b) autodiff::spreadWeights(p.window, panel + b * block, spread + b * block);
    return spread;
}

/// What the window slides over: the plane `block` that begins at value `at`, or a copy of it in the middle of a tile,
/// whose border is zero already.
template <class T>
const T* showPlane(const Problem& p, const Tensor<T>& x, int block, size_t at, T* tile) {
    if (!p.window.tile) return x.data + at;
    const auto step = static_cast<size_t>(p.tileWidth()) * kLanes;
    autodiff::activateLines<T>(kernels<T>(), x.activation, block, x.data + at, tile + p.window.pad * (step + kLanes),
                               {p.window.height, p.window.width, step});
    return tile;
}

/// The plane that begins at value `at` of a map and of the one beside it; nothing where there is none.
template <class T>
Fetch<T> fetchPlane(const T* data, const T* beside, const MapShape& map, size_t at) {
    if (at >= map.size()) return {};
    return {data + at, beside ? beside + at : nullptr, map.pixels(), 1, 0};
}

template <class T>
void forward(Tape<T>& tape, const Problem& p, const Tensor<T>& x, const T* weight, const Tensor<T>& y,
             Moments* moments) {
    const ArenaScope scope(tape.arena());
    const T* panel = pack(p, weight, tape.arena());
    T* tiles = tape.arena().template takeZero<T>(p.tileSize() * kSlots);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        T* tile = tiles + slot * p.tileSize();
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < p.in.blocks(); ++b) {
                const T* seen = showPlane(p, x, b, static_cast<size_t>(x.plane(n, b) - x.data), tile);
                T* out = y.plane(n, b);
                kernels<T>().slide(p.window, seen, panel + static_cast<size_t>(b) * p.taps() * kLanes, out,
                                   fetchPlane<T>(x.data, nullptr, x.map,
                                                 static_cast<size_t>(x.plane(n, b) - x.data) + x.map.planeSize()));
                if (moments)
                    autodiff::measurePlane<T>(kernels<T>(), out, y.map.pixels(),
                                              moments[static_cast<size_t>(slot) * p.in.blocks() + b]);
            }
    });
}

/// Backward pass of one slot: the gradient is read into its tile once for both results.
template <class T>
class SlotGradient {
public:
    SlotGradient(const Problem& p, const Tensor<T>& x, const Tensor<T>& dy, const T* spread,
                 const GradientTarget<T>& dx, T* tiles)
        : p_(p),
          grid_(autodiff::gradientTile(p.window)),
          x_(x),
          dy_(dy),
          spread_(spread),
          dx_(dx),
          tile_(tiles),
          dy_tile_(tile_ + p.tileSize()),
          plane_(dy_tile_ + grid_.lines() * kLanes) {}

    static size_t scratchSize(const Problem& p) {
        return p.tileSize() + autodiff::gradientTile(p.window).lines() * kLanes + p.in.planeSize();
    }

    void run(int n, int b, T* dpanel, double* sums) {
        const size_t at = static_cast<size_t>(x_.plane(n, b) - x_.data);
        fillGradientTile(n, b);
        if (dpanel) {
            const T* seen = showPlane(p_, x_, b, at, tile_);
            kernels<T>().slideWeight(p_.window, seen, dy_tile_, dpanel,
                                     fetchPlane<T>(x_.data, nullptr, x_.map, at + x_.map.pictureSize()));
        }
        if (!dx_.data) return;
        if (streams()) return streamPlane(n, b, dx_.data + at);
        slideBack(p_.window, b, dy_tile_, dx_.base || dx_.sums ? plane_ : dx_.data + at, nextGradient(n, b));
        const T* base = dx_.base ? dx_.base + at : nullptr;
        if (dx_.sums)
            autodiff::maskLines<T>(kernels<T>(), autodiff::blockOf(*x_.activation, b), x_.data + at, plane_, base,
                                   dx_.data + at, p_.in.pixels(), sums);
        else if (base)
            kernels<T>().add(base, plane_, dx_.data + at, p_.in.pixels());
    }

private:
    /// With stride 2 a result is few products and writing it is what takes time; a large map is in no cache any more
    /// when it is read. The caller's memory may begin anywhere.
    bool streams() const {
        return p_.window.stride == 2 && !dx_.base && !dx_.sums && p_.in.size() > kStreamValues &&
               reinterpret_cast<uintptr_t>(dx_.data) % kLineBytes == 0;
    }

    Fetch<T> nextGradient(int n, int b) const {
        return fetchPlane<T>(dy_.data, dy_.combination ? dy_.combination->x : nullptr, dy_.map,
                             static_cast<size_t>(dy_.plane(n, b) - dy_.data) + dy_.map.pictureSize());
    }
    void slideBack(const Window& window, int b, const T* dy_tile, T* to, const Fetch<T>& ahead) {
        kernels<T>().slideBack(window, dy_tile, spread_ + static_cast<size_t>(b) * p_.taps() * kLanes, to, ahead);
    }
    /// A few rows at a time, which are in the first-level cache when they are copied.
    void streamPlane(int n, int b, T* to) {
        Window part = p_.window;
        const int step = std::max(kStreamLines / part.width / part.stride, 1) * part.stride;
        for (int row = 0; row < p_.window.height; row += step) {
            part.height = std::min(step, p_.window.height - row);
            slideBack(part, b, dy_tile_ + static_cast<size_t>(row / part.stride) * grid_.width * kLanes, plane_,
                      row == 0 ? nextGradient(n, b) : Fetch<T>{});
            kernels<T>().stream(plane_, to + static_cast<size_t>(row) * part.width * kLanes, part.height * part.width);
        }
    }
    void fillGradientTile(int n, int b) {
        const size_t at = (static_cast<size_t>(n) * p_.out.blocks() + b) * p_.out.planeSize(),
                     step = static_cast<size_t>(grid_.width) * kLanes;
        autodiff::readGradient(kernels<T>(), dy_, b, at, dy_tile_ + grid_.border * (step + kLanes),
                               {p_.out.height, p_.out.width, step});
    }

    const Problem& p_;
    GradientTile grid_;
    const Tensor<T>&x_, &dy_;
    const T* spread_;
    GradientTarget<T> dx_;
    T *tile_, *dy_tile_, *plane_;
};

/// to = (base ? base : 0) + the sum of the slots' panels, in order.
template <class T>
void unpack(const Problem& p, const T* panels, int count, const GradientTarget<T>& target) {
    for (int c = 0; c < p.in.channels; ++c)
        for (int tap = 0; tap < p.taps(); ++tap) {
            T sum = 0;
            for (int i = 0; i < count; ++i)
                sum += panels[i * p.panelSize() + (static_cast<size_t>(c / kLanes) * p.taps() + tap) * kLanes +
                              c % kLanes];
            const size_t at = static_cast<size_t>(c) * p.taps() + tap;
            target.data[at] = (target.base ? target.base[at] : T(0)) + sum;
        }
}

template <class T>
void backward(Tape<T>& tape, const Problem& p, const Tensor<T>& x, const T* weight, const Tensor<T>& dy,
              const GradientTarget<T>& dx, const GradientTarget<T>& dweight) {
    const ArenaScope scope(tape.arena());
    const T* spread = dx.data ? packSpread(p, weight, tape.arena()) : nullptr;
    const size_t scratch_size = SlotGradient<T>::scratchSize(p), block = static_cast<size_t>(p.taps()) * kLanes;
    T* tiles = tape.arena().template takeZero<T>(scratch_size * kSlots);
    T* panels = dweight.data ? tape.arena().template takeZero<T>(p.panelSize() * kSlots) : nullptr;
    const autodiff::Slots slots(x.map.pictures);
    tape.workers().sweep(slots.count, [&](int i) {
        SlotGradient<T> gradient(p, x, dy, spread, dx, tiles + i * scratch_size);
        double* sums =
            dx.sums ? dx.sums + static_cast<size_t>(slots.number(i)) * p.in.blocks() * autodiff::kSumValues : nullptr;
        for (int b = 0; b < p.in.blocks(); ++b)
            for (int n = slots.range(i).begin; n < slots.range(i).end; ++n)
                gradient.run(n, b, panels ? panels + i * p.panelSize() + b * block : nullptr,
                             sums ? sums + static_cast<size_t>(b) * autodiff::kSumValues : nullptr);
    });
    if (panels) unpack(p, panels, slots.count, dweight);
}

}  // namespace

/// y = x slid over by w; dx = dy slid over by w flipped; dw[tap] = <dy, x seen by the tap>.
template <class T>
Var depthwiseConv2d(Tape<T>& tape, Var x, Var weight, const ConvGeometry& g) {
    const Tensor<T> in = tape.stored(x), w = tape.value(weight);
    DNA_CHECK(in.map.channels == g.out_channels && w.size == static_cast<size_t>(in.map.channels) * g.kernel * g.kernel,
              "depthwise: sizes");
    const MapShape out{in.map.pictures, in.map.channels, (in.map.height + 2 * g.pad - g.kernel) / g.stride + 1,
                       (in.map.width + 2 * g.pad - g.kernel) / g.stride + 1};
    Problem p{{g.kernel, g.stride, g.pad, in.map.height, in.map.width, out.height, out.width}, in.map, out};
    p.window.tile = in.activation != nullptr || !autodiff::window::needsNoTile(p.window);
    Tensor<T> y = tape.allocate(out);
    Moments* moments = g.measure ? autodiff::takeMoments(tape.arena(), out) : nullptr;
    y.moments = moments;
    forward(tape, p, in, w.data, y, moments);
    return tape.record(
        y, {x, weight},
        [&tape, x, weight, p, in, w](const Tensor<T>& dy, Gradients<T>& gradients) {
            GradientTarget<T> dweight, dx;
            if (gradients.wants(weight)) dweight = gradients.target(weight);
            if (gradients.wants(x)) dx = gradients.storedTarget(x);
            backward(tape, p, in, w.data, dy, dx, dweight);
        },
        autodiff::Reads::Combined);
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
                 auto samples = std::vector<GradientSample>{sample("3x3", {2, 18, 5, 6}, 3, 1, 1),
                                                            sample("3x3 stride 2", {1, 5, 6, 7}, 3, 2, 1),
                                                            sample("3x3 stride 2, even", {2, 3, 6, 4}, 3, 2, 1),
                                                            sample("5x5", {1, 4, 5, 5}, 5, 1, 2),
                                                            sample("5x5 stride 2", {1, 3, 7, 6}, 5, 2, 2),
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
