#pragma once

#include "core/autodiff/kernels/kernels.h"

/// The levels, one file each, compiled for its instruction set. Call one only on a machine that has it.
namespace dna::autodiff {

const Kernels<float>& baselineKernels();  ///< 128 bits, products rounded before they are added
const Kernels<float>& avx2Kernels();      ///< 256 bits, fused
const Kernels<float>& avx512Kernels();    ///< 512 bits, fused
const Kernels<double>& doubleKernels();

}  // namespace dna::autodiff
