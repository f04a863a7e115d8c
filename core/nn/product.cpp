// The matrix products behind convolutions and linear layers. A tile is 8 pixels (or input channels) by up to 3 blocks
// of 16 output channels: 24 accumulators, held in registers. All sums run in a fixed order.

#include "core/nn/product.h"

#include <algorithm>

#include "core/nn/lanes.h"

namespace dna::nn {
namespace {

constexpr int kTile = 8;
constexpr int kMaxBlocks = 3;

template <class T, int kBlocks, int kPixels>
void multiplyTile(const PixelView<const T>& in, int inputs, const T* panel, const PixelView<T>& out, const T* base) {
    Lanes<T> sum[kBlocks][kPixels] = {};
    const size_t panel_stride = static_cast<size_t>(inputs) * kLanes;
    const T* block = in.data;
    const T* weight = panel;
    for (int c0 = 0; c0 < inputs; c0 += kLanes, block += in.block_stride) {
        const int lanes = std::min(kLanes, inputs - c0);
        for (int c = 0; c < lanes; ++c, weight += kLanes) {
            Lanes<T> w[kBlocks];
            for (int b = 0; b < kBlocks; ++b) w[b] = load(weight + b * panel_stride);
            for (int p = 0; p < kPixels; ++p) {
                const Lanes<T> x = splat(block[p * in.pixel_stride + c]);
                for (int b = 0; b < kBlocks; ++b) addProduct(sum[b][p], w[b], x);
            }
        }
    }
    for (int b = 0; b < kBlocks; ++b)
        for (int p = 0; p < kPixels; ++p) {
            const size_t at = b * out.block_stride + p * out.pixel_stride;
            store<T>(out.data + at, base ? load(base + at) + sum[b][p] : sum[b][p]);
        }
}

template <class T, int kBlocks>
void multiplyBlocks(PixelView<const T> in, int inputs, const T* panel, int pixels, PixelView<T> out, const T* base) {
    int p = 0;
    const auto advance = [&](int step) {
        in.data += step * in.pixel_stride;
        out.data += step * out.pixel_stride;
        if (base) base += step * out.pixel_stride;
        p += step;
    };
    while (p + kTile <= pixels) {
        multiplyTile<T, kBlocks, kTile>(in, inputs, panel, out, base);
        advance(kTile);
    }
    while (p < pixels) {
        multiplyTile<T, kBlocks, 1>(in, inputs, panel, out, base);
        advance(1);
    }
}

template <class T, int kBlocks, int kChannels>
void accumulateTile(const T* in, size_t in_stride, const PixelView<const T>& dout, int pixels, T* panel,
                    size_t panel_stride) {
    Lanes<T> sum[kBlocks][kChannels];
    for (int b = 0; b < kBlocks; ++b)
        for (int c = 0; c < kChannels; ++c) sum[b][c] = load(panel + b * panel_stride + c * kLanes);
    const T* dy = dout.data;
    for (int p = 0; p < pixels; ++p, in += in_stride, dy += dout.pixel_stride) {
        Lanes<T> d[kBlocks];
        for (int b = 0; b < kBlocks; ++b) d[b] = load(dy + b * dout.block_stride);
        for (int c = 0; c < kChannels; ++c) {
            const Lanes<T> x = splat(in[c]);
            for (int b = 0; b < kBlocks; ++b) addProduct(sum[b][c], d[b], x);
        }
    }
    for (int b = 0; b < kBlocks; ++b)
        for (int c = 0; c < kChannels; ++c) store<T>(panel + b * panel_stride + c * kLanes, sum[b][c]);
}

template <class T, int kBlocks>
void accumulateBlocks(const PixelView<const T>& in, int inputs, const PixelView<const T>& dout, int pixels, T* panel) {
    const size_t panel_stride = static_cast<size_t>(inputs) * kLanes;
    int c = 0;
    const auto source = [&] { return in.data + c / kLanes * in.block_stride + c % kLanes; };
    for (; c + kTile <= inputs; c += kTile)
        accumulateTile<T, kBlocks, kTile>(source(), in.pixel_stride, dout, pixels, panel + c * kLanes, panel_stride);
    for (; c < inputs; ++c)
        accumulateTile<T, kBlocks, 1>(source(), in.pixel_stride, dout, pixels, panel + c * kLanes, panel_stride);
}

int blocksOf(int channels) { return (channels + kLanes - 1) / kLanes; }

}  // namespace

size_t panelSize(int outputs, int inputs) { return static_cast<size_t>(blocksOf(outputs)) * inputs * kLanes; }

template <class T>
void multiplyPanel(const PixelView<const T>& in, int inputs, const T* panel, int outputs, int pixels,
                   const PixelView<T>& out, const T* base) {
    const int blocks = blocksOf(outputs);
    for (int b = 0; b < blocks;) {
        const int take = std::min(kMaxBlocks, blocks - b);
        const T* part = panel + static_cast<size_t>(b) * inputs * kLanes;
        const PixelView<T> to{out.data + b * out.block_stride, out.pixel_stride, out.block_stride};
        const T* from = base ? base + b * out.block_stride : nullptr;
        if (take == 3)
            multiplyBlocks<T, 3>(in, inputs, part, pixels, to, from);
        else if (take == 2)
            multiplyBlocks<T, 2>(in, inputs, part, pixels, to, from);
        else
            multiplyBlocks<T, 1>(in, inputs, part, pixels, to, from);
        b += take;
    }
}

template <class T>
void accumulatePanel(const PixelView<const T>& in, int inputs, const PixelView<const T>& dout, int outputs, int pixels,
                     T* panel) {
    const int blocks = blocksOf(outputs);
    for (int b = 0; b < blocks;) {
        const int take = std::min(kMaxBlocks, blocks - b);
        T* part = panel + static_cast<size_t>(b) * inputs * kLanes;
        const PixelView<const T> from{dout.data + b * dout.block_stride, dout.pixel_stride, dout.block_stride};
        if (take == 3)
            accumulateBlocks<T, 3>(in, inputs, from, pixels, part);
        else if (take == 2)
            accumulateBlocks<T, 2>(in, inputs, from, pixels, part);
        else
            accumulateBlocks<T, 1>(in, inputs, from, pixels, part);
        b += take;
    }
}

template void multiplyPanel<float>(const PixelView<const float>&, int, const float*, int, int, const PixelView<float>&,
                                   const float*);
template void multiplyPanel<double>(const PixelView<const double>&, int, const double*, int, int,
                                    const PixelView<double>&, const double*);
template void accumulatePanel<float>(const PixelView<const float>&, int, const PixelView<const float>&, int, int,
                                     float*);
template void accumulatePanel<double>(const PixelView<const double>&, int, const PixelView<const double>&, int, int,
                                      double*);

}  // namespace dna::nn
