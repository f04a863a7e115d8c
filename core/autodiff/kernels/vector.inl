// What the kernels are written in: one policy per instruction set and number type. Included once per level; includes
// nothing, so that no function of the standard library is compiled for an instruction set of its own.

namespace {

#define DNA_INLINE inline __attribute__((always_inline))
#define DNA_INLINE_LAMBDA __attribute__((always_inline))

struct Yes {
    static constexpr bool value = true;
};
struct No {
    static constexpr bool value = false;
};
template <int kCount>
struct Count {
    static constexpr int value = kCount;
};

constexpr int kLine = 16;

template <class V>
using RegOf = typename V::Reg;
template <class V>
using ScalarOf = typename V::Scalar;

template <class V>
DNA_INLINE RegOf<V> load(const ScalarOf<V>* from) {
    RegOf<V> value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}
template <class V>
DNA_INLINE void store(ScalarOf<V>* to, const RegOf<V>& value) {
    __builtin_memcpy(to, &value, sizeof value);
}
template <class V>
DNA_INLINE RegOf<V> splat(ScalarOf<V> x) {
    return x - RegOf<V>{};
}
/// `value` where y > 0, else 0.
template <class V>
DNA_INLINE RegOf<V> wherePositive(const RegOf<V>& y, const RegOf<V>& value) {
    return y > ScalarOf<V>(0) ? value : RegOf<V>{};
}

/// Registers of a line.
template <class V>
constexpr int kParts = kLine / V::kWidth;

}  // namespace
