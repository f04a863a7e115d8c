#include "core/autodiff/kernels/levels.h"
#include "core/autodiff/kernels/window_places.h"

#include <immintrin.h>

namespace dna::autodiff {
namespace {

struct Float128 {
    using Scalar = float;
    using Reg = float __attribute__((vector_size(16)));
    static constexpr int kWidth = 4, kRegisters = 16;
    static inline __attribute__((always_inline)) Reg fma(Reg a, Reg b, Reg c) { return a * b + c; }
    static inline __attribute__((always_inline)) void stream(Scalar* to, Reg value) {
        _mm_stream_ps(to, (__m128)value);
    }
    static Scalar one(Scalar a, Scalar b, Scalar c) { return a * b + c; }
};

struct Double128 {
    using Scalar = double;
    using Reg = double __attribute__((vector_size(16)));
    static constexpr int kWidth = 2, kRegisters = 16;
    static inline __attribute__((always_inline)) Reg fma(Reg a, Reg b, Reg c) { return a * b + c; }
    static inline __attribute__((always_inline)) void stream(Scalar* to, Reg value) {
        _mm_stream_pd(to, (__m128d)value);
    }
    static Scalar one(Scalar a, Scalar b, Scalar c) { return a * b + c; }
};

}  // namespace

#include "core/autodiff/kernels/all.inl"

const Kernels<float>& baselineKernels() {
    static const Kernels<float> table = tableOf<Float128>("sse2", 128, false);
    return table;
}

const Kernels<double>& doubleKernels() {
    static const Kernels<double> table = tableOf<Double128>("double", 128, false);
    return table;
}

}  // namespace dna::autodiff
