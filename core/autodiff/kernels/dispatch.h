#pragma once

#include <vector>

#include "core/autodiff/kernels/kernels.h"

namespace dna::autodiff {

/// The best level of this machine, or the one that DNA_SIMD asks for (128, 256 or 512: bits of a register) or that
/// chooseKernels() took. double has one level.
template <class T>
const Kernels<T>& kernels();
/// All levels that this machine runs, narrowest first.
const std::vector<const Kernels<float>*>& kernelLevels();
/// Makes kernels<float>() the level of so many bits; false when the machine does not have it.
bool chooseKernels(int bits);

/// Lines of the tile that slideBack and slideWeight want dy in, and place of its first line in it.
struct GradientTile {
    int width = 0, height = 0, border = 0;
    size_t lines() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
};
GradientTile gradientTile(const Window& window);

/// Weights [tap][16] in the order in which slideBack reads them: by the remainders of row and column, the last tap
/// first.
template <class T>
void spreadWeights(const Window& window, const T* weight, T* spread);

/// Multiplications in a round of spin().
constexpr long spinProducts(int bits) { return 12L * bits / 32; }

}  // namespace dna::autodiff
