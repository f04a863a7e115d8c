#include "core/autodiff/kernels/levels.h"
#include "core/autodiff/kernels/window_places.h"

#include <immintrin.h>

namespace dna::autodiff {
namespace {

struct Float512 {
    using Scalar = float;
    using Reg = float __attribute__((vector_size(64)));
    static constexpr int kWidth = 16, kRegisters = 32;
    static inline __attribute__((always_inline)) Reg fma(Reg a, Reg b, Reg c) {
        return (Reg)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
    }
    static inline __attribute__((always_inline)) void stream(float* to, Reg value) {
        _mm512_stream_ps(to, (__m512)value);
    }
    static float one(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
};

}  // namespace

#include "core/autodiff/kernels/all.inl"

const Kernels<float>& avx512Kernels() {
    static const Kernels<float> table = tableOf<Float512>("avx512", 512, true);
    return table;
}

}  // namespace dna::autodiff
