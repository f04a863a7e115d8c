#pragma once

#include "core/autodiff/arena.h"
#include "core/autodiff/workers.h"
#include "core/nn/ops.h"

namespace dna::nn {

/// How the reduction of a convolution is laid out when it is a matrix product.
enum class Reduction {
    Channels,     ///< 1x1: the channels as they lie
    TapsInside,   ///< index = channel * taps + tap: for a few channels
    TapsOutside,  ///< index = tap * (channels padded to 16) + channel: whole lines are copied
};

/// Sizes of one convolution seen as a product: `columns()` taps to `outputs` channels at the places of the window.
struct ConvProblem {
    MapShape in, out;
    ConvGeometry geometry;

    int taps() const { return geometry.kernel * geometry.kernel; }
    Reduction reduction() const;
    int columns() const;
    int column(int channel, int tap) const;
    size_t weightSize() const {
        return static_cast<size_t>(geometry.out_channels) * (in.channels / geometry.groups) * taps();
    }
    /// Values of [output block][column][16 outputs] and of [column block][output][16 columns].
    size_t panelSize() const;
    size_t transposedPanelSize() const;
};

/// OIHW weights as panels, zeros between groups and in the padding: grouped convolutions run as dense ones.
template <class T>
T* packPanel(const ConvProblem& problem, const T* weight, autodiff::Arena& arena, autodiff::Workers& workers);
template <class T>
T* packTransposedPanel(const ConvProblem& problem, const T* weight, autodiff::Arena& arena, autodiff::Workers& workers);
/// to[weight] = (base ? base[weight] : 0) + the sum of `count` panels, in order; the first panel takes the sum.
template <class T>
void unpackPanels(const ConvProblem& problem, T* panels, int count, const T* base, T* to, autodiff::Workers& workers);

}  // namespace dna::nn
