#pragma once

#include <cstddef>

namespace dna::nn {

/// A set of vectors of channels: pixel p, channel c lie at data[p * pixel_stride + (c / 16) * block_stride + c % 16].
template <class T>
struct PixelView {
    T* data = nullptr;
    size_t pixel_stride = 16;
    size_t block_stride = 0;
};

/// Weights as a panel: [output block][input channel][16 output channels], zero where a block is not full. One entry is
/// wanted per input channel; a panel has blocks(outputs) * inputs * 16 values.
size_t panelSize(int outputs, int inputs);

/// out[p][k] = (base ? base[p][k] : 0) + sum_c in[p][c] * panel[k][c], for pixels p and all lanes of the output blocks.
/// `base` has the strides of `out`.
template <class T>
void multiplyPanel(const PixelView<const T>& in, int inputs, const T* panel, int outputs, int pixels,
                   const PixelView<T>& out, const T* base);

/// panel[k][c] += sum_p in[p][c] * dout[p][k].
template <class T>
void accumulatePanel(const PixelView<const T>& in, int inputs, const PixelView<const T>& dout, int outputs, int pixels,
                     T* panel);

}  // namespace dna::nn
