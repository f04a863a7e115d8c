#pragma once

#include <cstring>

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
#include <immintrin.h>
#endif

#include "core/autodiff/tensor.h"

namespace dna::nn {

using autodiff::kLanes;

template <class T>
struct LanesOf;
template <>
struct LanesOf<float> {
    using Type = float __attribute__((vector_size(kLanes * sizeof(float))));
};
template <>
struct LanesOf<double> {
    using Type = double __attribute__((vector_size(kLanes * sizeof(double))));
};
/// The 16 lanes of one pixel's channel block.
template <class T>
using Lanes = typename LanesOf<T>::Type;

template <class T>
inline __attribute__((always_inline)) Lanes<T> load(const T* from) {
    Lanes<T> value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class T>
inline __attribute__((always_inline)) void store(T* to, const Lanes<T>& value) {
    std::memcpy(to, &value, sizeof value);
}

template <class T>
inline __attribute__((always_inline)) Lanes<T> splat(T x) {
    return x - Lanes<T>{};  // unlike an addition, this is the identity and costs nothing
}

/// a * b + c in each lane; one rounding in float where the machine has it (the compiler may not contract by itself).
inline __attribute__((always_inline)) void addProduct(Lanes<float>& c, const Lanes<float>& a, const Lanes<float>& b) {
#if defined(__AVX512F__)
    c = (Lanes<float>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__) && defined(__FMA__)
    using Half = float __attribute__((vector_size(32)));
    Half ha[2], hb[2], hc[2];
    std::memcpy(ha, &a, sizeof a);
    std::memcpy(hb, &b, sizeof b);
    std::memcpy(hc, &c, sizeof c);
    for (int i = 0; i < 2; ++i) hc[i] = (Half)_mm256_fmadd_ps((__m256)ha[i], (__m256)hb[i], (__m256)hc[i]);
    std::memcpy(&c, hc, sizeof c);
#else
    c += a * b;
#endif
}
inline __attribute__((always_inline)) void addProduct(Lanes<double>& c, const Lanes<double>& a,
                                                      const Lanes<double>& b) {
    c += a * b;
}

}  // namespace dna::nn
