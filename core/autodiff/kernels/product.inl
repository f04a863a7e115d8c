// Matrix products behind 1x1 convolutions. A tile of the result is held in registers; every result is summed in the
// same order at every level.

namespace {

/// Vectors and pixels (channels, for the weight gradient) of a tile: what fits into the registers with the operands.
template <class V>
constexpr int kTileVectors = V::kRegisters == 32 ? 3 : 2;
template <class V>
constexpr int kTileRows = V::kRegisters == 32 ? 8 : 6;

/// Where vector j of a pixel lies: vectors of a line, then the next channel block.
template <class V>
DNA_INLINE size_t vectorPlace(int j, size_t block) {
    return size_t(j / kParts<V>) * block + size_t(j % kParts<V>) * V::kWidth;
}

template <class V, int kVectors, int kPixels>
DNA_INLINE void multiplyTile(const ScalarOf<V>* in, const ProductShape& s, const ScalarOf<V>* panel, int first,
                             ScalarOf<V>* out, const ScalarOf<V>* base) {
    RegOf<V> sum[kVectors][kPixels];
    const ScalarOf<V>* weight[kVectors];
    for (int v = 0; v < kVectors; ++v) {
        for (int p = 0; p < kPixels; ++p) sum[v][p] = RegOf<V>{};
        weight[v] = panel + vectorPlace<V>(first + v, size_t(s.inputs) * kLine);
    }
    size_t at = 0;
    for (int c0 = 0; c0 < s.inputs; c0 += kLine, in += s.in_block) {
        const int lanes = s.inputs - c0 < kLine ? s.inputs - c0 : kLine;
        for (int c = 0; c < lanes; ++c, at += kLine) {
            RegOf<V> w[kVectors];
            for (int v = 0; v < kVectors; ++v) w[v] = load<V>(weight[v] + at);
            for (int p = 0; p < kPixels; ++p) {
                const RegOf<V> x = splat<V>(in[p * kLine + c]);
                for (int v = 0; v < kVectors; ++v) sum[v][p] = V::fma(w[v], x, sum[v][p]);
            }
        }
    }
    for (int v = 0; v < kVectors; ++v)
        for (int p = 0; p < kPixels; ++p) {
            const size_t to = vectorPlace<V>(first + v, s.out_block) + size_t(p) * kLine;
            store<V>(out + to, base ? load<V>(base + to) + sum[v][p] : sum[v][p]);
        }
}

template <class V, int kVectors>
DNA_INLINE void multiplyRun(ProductRun<ScalarOf<V>> run, const ProductShape& s, const ScalarOf<V>* panel, int first) {
    constexpr int kRows = kTileRows<V>;
    const auto advance = [&](int step) {
        run.in += step * kLine;
        run.out += step * kLine;
        if (run.base) run.base += step * kLine;
        run.pixels -= step;
    };
    for (; run.pixels >= kRows; advance(kRows))
        multiplyTile<V, kVectors, kRows>(run.in, s, panel, first, run.out, run.base);
    for (; run.pixels >= 4; advance(4)) multiplyTile<V, kVectors, 4>(run.in, s, panel, first, run.out, run.base);
    for (; run.pixels > 0; advance(1)) multiplyTile<V, kVectors, 1>(run.in, s, panel, first, run.out, run.base);
}

template <class V, int kVectors>
void multiplyVectors(const ProductRun<ScalarOf<V>>* runs, int count, const ProductShape& s, const ScalarOf<V>* panel,
                     int first) {
    for (int i = 0; i < count; ++i) multiplyRun<V, kVectors>(runs[i], s, panel, first);
}

template <class V>
void multiply(const ProductRun<ScalarOf<V>>* runs, int count, const ProductShape& s, const ScalarOf<V>* panel) {
    const int vectors = s.blocks * kParts<V>;
    int first = 0;
    for (; first + kTileVectors<V> <= vectors; first += kTileVectors<V>)
        multiplyVectors<V, kTileVectors<V>>(runs, count, s, panel, first);
    if (vectors - first == 2)
        multiplyVectors<V, 2>(runs, count, s, panel, first);
    else if (vectors - first == 1)
        multiplyVectors<V, 1>(runs, count, s, panel, first);
}

template <class V, int kVectors, int kChannels>
DNA_INLINE void accumulateTile(const ScalarOf<V>* in, const ScalarOf<V>* dout, int pixels, const ProductShape& s,
                               ScalarOf<V>* panel, int first, bool add) {
    RegOf<V> sum[kVectors][kChannels];
    const size_t panel_block = size_t(s.inputs) * kLine;
    for (int v = 0; v < kVectors; ++v)
        for (int c = 0; c < kChannels; ++c)
            sum[v][c] = add ? load<V>(panel + vectorPlace<V>(first + v, panel_block) + c * kLine) : RegOf<V>{};
    const ScalarOf<V>* dy[kVectors];
    for (int v = 0; v < kVectors; ++v) dy[v] = dout + vectorPlace<V>(first + v, s.out_block);
    for (size_t at = 0; at < size_t(pixels) * kLine; at += kLine) {
        RegOf<V> d[kVectors];
        for (int v = 0; v < kVectors; ++v) d[v] = load<V>(dy[v] + at);
        for (int c = 0; c < kChannels; ++c) {
            const RegOf<V> x = splat<V>(in[at + c]);
            for (int v = 0; v < kVectors; ++v) sum[v][c] = V::fma(d[v], x, sum[v][c]);
        }
    }
    for (int v = 0; v < kVectors; ++v)
        for (int c = 0; c < kChannels; ++c)
            store<V>(panel + vectorPlace<V>(first + v, panel_block) + c * kLine, sum[v][c]);
}

template <class V, int kVectors>
void accumulateVectors(const ScalarOf<V>* in, const ScalarOf<V>* dout, int pixels, const ProductShape& s,
                       ScalarOf<V>* panel, int first, bool add) {
    for (int c = 0; c < s.inputs;) {
        const ScalarOf<V>* from = in + size_t(c / kLine) * s.in_block + c % kLine;
        const int left = s.inputs - c < kLine - c % kLine ? s.inputs - c : kLine - c % kLine;
        ScalarOf<V>* to = panel + size_t(c) * kLine;
        if (kTileRows<V> == 8 && left >= 8) {
            accumulateTile<V, kVectors, 8>(from, dout, pixels, s, to, first, add), c += 8;
        } else if (left >= 4) {
            accumulateTile<V, kVectors, 4>(from, dout, pixels, s, to, first, add), c += 4;
        } else {
            accumulateTile<V, kVectors, 1>(from, dout, pixels, s, to, first, add), c += 1;
        }
    }
}

template <class V>
void accumulate(const ScalarOf<V>* in, const ScalarOf<V>* dout, int pixels, const ProductShape& s, ScalarOf<V>* panel,
                bool add) {
    const int vectors = s.blocks * kParts<V>;
    int first = 0;
    for (; first + kTileVectors<V> <= vectors; first += kTileVectors<V>)
        accumulateVectors<V, kTileVectors<V>>(in, dout, pixels, s, panel, first, add);
    if (vectors - first == 2)
        accumulateVectors<V, 2>(in, dout, pixels, s, panel, first, add);
    else if (vectors - first == 1)
        accumulateVectors<V, 1>(in, dout, pixels, s, panel, first, add);
}

}  // namespace
