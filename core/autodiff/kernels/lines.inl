// Loops over lines with factors per channel. Sums run in four parts in a fixed order.

namespace {

constexpr int kSums = 4;

/// Calls step(value place in the source, in the result) for every line.
template <class Step>
DNA_INLINE void forRows(const Rows& rows, const Step& step) {
    size_t from = 0;
    for (int r = 0; r < rows.count; ++r) {
        const size_t end = from + size_t(rows.lines) * kLine;
        for (size_t to = size_t(r) * rows.step; from < end; from += kLine, to += kLine) step(from, to);
    }
}

template <class V, bool kRelu>
DNA_INLINE void activateRows(const ScalarOf<V>* from, ScalarOf<V>* to, const Rows& rows, const ScalarOf<V>* scale,
                             const ScalarOf<V>* shift) {
    RegOf<V> s[kParts<V>], o[kParts<V>];
    for (int i = 0; i < kParts<V>; ++i) s[i] = load<V>(scale + i * V::kWidth), o[i] = load<V>(shift + i * V::kWidth);
    forRows(rows, [&](size_t at, size_t place) DNA_INLINE_LAMBDA {
        for (int i = 0; i < kParts<V>; ++i) {
            const RegOf<V> y = V::fma(load<V>(from + at + i * V::kWidth), s[i], o[i]);
            store<V>(to + place + i * V::kWidth, kRelu ? wherePositive<V>(y, y) : y);
        }
    });
}

template <class V>
void activate(const ScalarOf<V>* from, ScalarOf<V>* to, const Rows& rows, const ScalarOf<V>* scale,
              const ScalarOf<V>* shift, bool relu) {
    relu ? activateRows<V, true>(from, to, rows, scale, shift) : activateRows<V, false>(from, to, rows, scale, shift);
}

template <class V>
void streamLines(const ScalarOf<V>* from, ScalarOf<V>* to, int lines) {
    for (size_t at = 0; at < size_t(lines) * kLine; at += V::kWidth) V::stream(to + at, load<V>(from + at));
}

template <class V>
void addLines(const ScalarOf<V>* a, const ScalarOf<V>* b, ScalarOf<V>* to, int lines) {
    for (size_t at = 0; at < size_t(lines) * kLine; at += V::kWidth)
        store<V>(to + at, load<V>(a + at) + load<V>(b + at));
}

template <class V>
void addScaledLines(const ScalarOf<V>* from, ScalarOf<V> factor, const ScalarOf<V>* base, ScalarOf<V>* to, int lines) {
    const RegOf<V> f = splat<V>(factor);
    for (size_t at = 0; at < size_t(lines) * kLine; at += V::kWidth)
        store<V>(to + at, V::fma(load<V>(from + at), f, base ? load<V>(base + at) : RegOf<V>{}));
}

/// Calls step(value place, part of the sums) for every line of one vector column.
template <class V, class Step>
DNA_INLINE void forLines(int lines, const Step& step) {
    int line = 0;
    for (; line + kSums <= lines; line += kSums)
#pragma GCC unroll 4
        for (int i = 0; i < kSums; ++i) step(size_t(line + i) * kLine, i);
    for (; line < lines; ++line) step(size_t(line) * kLine, 0);
}

template <class V>
DNA_INLINE void addSums(ScalarOf<V>* to, const RegOf<V> (&sums)[kSums]) {
    store<V>(to, load<V>(to) + ((sums[0] + sums[1]) + (sums[2] + sums[3])));
}

template <class V>
void moments(const ScalarOf<V>* x, int lines, const ScalarOf<V>* shift, ScalarOf<V>* sum, ScalarOf<V>* squares) {
    for (int part = 0; part < kLine; part += V::kWidth) {
        const RegOf<V> origin = load<V>(shift + part);
        RegOf<V> s[kSums] = {}, q[kSums] = {};
        forLines<V>(lines, [&](size_t at, int i) DNA_INLINE_LAMBDA {
            const RegOf<V> d = load<V>(x + at + part) - origin;
            s[i] += d;
            q[i] = V::fma(d, d, q[i]);
        });
        addSums<V>(sum + part, s);
        addSums<V>(squares + part, q);
    }
}

template <class V, bool kRelu, bool kBase, bool kStore>
DNA_INLINE void maskLines(const ScalarOf<V>* x, const ScalarOf<V>* from, const ScalarOf<V>* base, ScalarOf<V>* to,
                          int lines, const ScalarOf<V>* scale, const ScalarOf<V>* shift, const ScalarOf<V>* mean,
                          ScalarOf<V>* sum_g, ScalarOf<V>* sum_gx) {
    for (int part = 0; part < kLine; part += V::kWidth) {
        const RegOf<V> s = load<V>(scale + part), o = load<V>(shift + part), m = load<V>(mean + part);
        RegOf<V> g_sum[kSums] = {}, gx_sum[kSums] = {};
        forLines<V>(lines, [&](size_t at, int i) DNA_INLINE_LAMBDA {
            at += size_t(part);
            const RegOf<V> value = load<V>(x + at);
            RegOf<V> g = load<V>(from + at);
            if (kRelu) g = wherePositive<V>(V::fma(value, s, o), g);
            g_sum[i] += g;
            gx_sum[i] = V::fma(g, value - m, gx_sum[i]);
            if (kStore) store<V>(to + at, kBase ? load<V>(base + at) + g : g);
        });
        addSums<V>(sum_g + part, g_sum);
        addSums<V>(sum_gx + part, gx_sum);
    }
}

template <class V>
void mask(const ScalarOf<V>* x, const ScalarOf<V>* from, const ScalarOf<V>* base, ScalarOf<V>* to, int lines,
          const ScalarOf<V>* scale, const ScalarOf<V>* shift, const ScalarOf<V>* mean, bool relu, ScalarOf<V>* sum_g,
          ScalarOf<V>* sum_gx) {
    const auto run = [&](auto relu_, auto base_, auto store_) {
        maskLines<V, relu_.value, base_.value, store_.value>(x, from, base, to, lines, scale, shift, mean, sum_g,
                                                             sum_gx);
    };
    if (!to)
        relu ? run(Yes{}, No{}, No{}) : run(No{}, No{}, No{});
    else if (base)
        relu ? run(Yes{}, Yes{}, Yes{}) : run(No{}, Yes{}, Yes{});
    else
        relu ? run(Yes{}, No{}, Yes{}) : run(No{}, No{}, Yes{});
}

template <class V>
void combine(const ScalarOf<V>* g, const ScalarOf<V>* x, ScalarOf<V>* to, const Rows& rows, const ScalarOf<V>* g_factor,
             const ScalarOf<V>* x_factor, const ScalarOf<V>* offset) {
    RegOf<V> a[kParts<V>], b[kParts<V>], c[kParts<V>];
    for (int i = 0; i < kParts<V>; ++i) {
        a[i] = load<V>(g_factor + i * V::kWidth);
        b[i] = load<V>(x_factor + i * V::kWidth);
        c[i] = load<V>(offset + i * V::kWidth);
    }
    forRows(rows, [&](size_t line, size_t place) DNA_INLINE_LAMBDA {
        for (int i = 0; i < kParts<V>; ++i) {
            const size_t at = line + size_t(i) * V::kWidth;
            store<V>(to + place + i * V::kWidth, V::fma(load<V>(x + at), b[i], V::fma(load<V>(g + at), a[i], c[i])));
        }
    });
}

template <class V>
double dot(const ScalarOf<V>* a, const ScalarOf<V>* b, int lines) {
    double total = 0;
    for (int first = 0; first < lines; first += 256) {
        const int count = lines - first < 256 ? lines - first : 256;
        ScalarOf<V> sum[kLine] = {};
        for (int part = 0; part < kLine; part += V::kWidth) {
            RegOf<V> sums[kSums] = {};
            forLines<V>(count, [&](size_t at, int i) DNA_INLINE_LAMBDA {
                at += size_t(first) * kLine + size_t(part);
                sums[i] = V::fma(load<V>(a + at), load<V>(b + at), sums[i]);
            });
            addSums<V>(sum + part, sums);
        }
        for (int lane = 0; lane < kLine; ++lane) total += double(sum[lane]);
    }
    return total;
}

template <class V>
void descend(ScalarOf<V>* w, ScalarOf<V>* v, const ScalarOf<V>* gradient, size_t size, ScalarOf<V> scale,
             ScalarOf<V> rate, ScalarOf<V> decay, ScalarOf<V> momentum, bool nesterov) {
    size_t i = 0;
    const RegOf<V> s = splat<V>(scale), r = splat<V>(-rate), d = splat<V>(decay), m = splat<V>(momentum);
    for (; i + kLine <= size; i += kLine)
        for (int part = 0; part < kLine; part += V::kWidth) {
            const size_t at = i + size_t(part);
            const RegOf<V> weight = load<V>(w + at);
            const RegOf<V> g = V::fma(d, weight, load<V>(gradient + at) * s);
            const RegOf<V> velocity = V::fma(m, load<V>(v + at), g);
            store<V>(v + at, velocity);
            store<V>(w + at, V::fma(r, nesterov ? V::fma(m, velocity, g) : velocity, weight));
        }
    for (; i < size; ++i) {
        const ScalarOf<V> g = V::one(decay, w[i], gradient[i] * scale), velocity = V::one(momentum, v[i], g);
        v[i] = velocity;
        w[i] = V::one(-rate, nesterov ? V::one(momentum, velocity, g) : velocity, w[i]);
    }
}

template <class V>
ScalarOf<V> spin(long rounds) {
    RegOf<V> sum[12];
    // Different starts: the compiler would see equal chains as one and the loop would wait for its latency.
    for (int k = 0; k < 12; ++k) sum[k] = splat<V>(ScalarOf<V>(k));
    RegOf<V> x = splat<V>(ScalarOf<V>(1.0000001)), y = splat<V>(ScalarOf<V>(1e-9));
    for (long i = 0; i < rounds; ++i) {
        asm volatile("" : "+x"(x), "+x"(y));
#pragma GCC unroll 12
        for (int k = 0; k < 12; ++k) sum[k] = V::fma(sum[k], x, y);
    }
    RegOf<V> all{};
    for (int k = 0; k < 12; ++k) all += sum[k];
    return all[0];
}

template <class V>
Kernels<ScalarOf<V>> tableOf(const char* name, int bits, bool fused) {
    return {name,         bits,           fused,       multiply<V>,    accumulate<V>, slide<V>,
            slideBack<V>, slideWeight<V>, activate<V>, streamLines<V>, addLines<V>,   addScaledLines<V>,
            moments<V>,   mask<V>,        combine<V>,  dot<V>,         descend<V>,    spin<V>};
}

}  // namespace
