#include "core/autodiff/kernels/levels.h"
#include "core/autodiff/kernels/window_places.h"

#include <immintrin.h>

namespace dna::autodiff {
namespace {

struct Float256 {
    using Scalar = float;
    using Reg = float __attribute__((vector_size(32)));
    static constexpr int kWidth = 8, kRegisters = 16;
    static inline __attribute__((always_inline)) Reg fma(Reg a, Reg b, Reg c) {
        return (Reg)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
    }
    static inline __attribute__((always_inline)) void stream(float* to, Reg value) {
        _mm256_stream_ps(to, (__m256)value);
    }
    static float one(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
};

}  // namespace

#include "core/autodiff/kernels/all.inl"

const Kernels<float>& avx2Kernels() {
    static const Kernels<float> table = tableOf<Float256>("avx2", 256, true);
    return table;
}

}  // namespace dna::autodiff
