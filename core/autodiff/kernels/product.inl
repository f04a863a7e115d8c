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
                             ScalarOf<V>* out, const ScalarOf<V>* base, Ahead<V>& ahead) {
    RegOf<V> sum[kVectors][kPixels];
    const ScalarOf<V>* weight[kVectors];
    for (int v = 0; v < kVectors; ++v) {
        for (int p = 0; p < kPixels; ++p) sum[v][p] = RegOf<V>{};
        weight[v] = panel + vectorPlace<V>(first + v, size_t(s.inputs) * kLine);
    }
    size_t at = 0;
    for (int c0 = 0; c0 < s.inputs; c0 += kLine, in += s.in_block) {
        ahead.step();
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
DNA_INLINE void multiplyRun(ProductRun<ScalarOf<V>> run, const ProductShape& s, const ScalarOf<V>* panel, int first,
                            Ahead<V>& ahead) {
    constexpr int kRows = kTileRows<V>;
    const auto advance = [&](int step) {
        run.in += step * kLine;
        run.out += step * kLine;
        if (run.base) run.base += step * kLine;
        run.pixels -= step;
    };
    for (; run.pixels >= kRows; advance(kRows))
        multiplyTile<V, kVectors, kRows>(run.in, s, panel, first, run.out, run.base, ahead);
    for (; run.pixels >= 4; advance(4)) multiplyTile<V, kVectors, 4>(run.in, s, panel, first, run.out, run.base, ahead);
    for (; run.pixels > 0; advance(1)) multiplyTile<V, kVectors, 1>(run.in, s, panel, first, run.out, run.base, ahead);
}

template <class V, int kVectors>
void multiplyVectors(const ProductRun<ScalarOf<V>>* runs, int count, const ProductShape& s, const ScalarOf<V>* panel,
                     int first, Ahead<V>& ahead) {
    for (int i = 0; i < count; ++i) multiplyRun<V, kVectors>(runs[i], s, panel, first, ahead);
}

/// Blocks of channels that all tiles of a product go through.
template <class V>
int multiplySteps(const ProductRun<ScalarOf<V>>* runs, int count, const ProductShape& s) {
    int tiles = 0;
    for (int i = 0; i < count; ++i) tiles += runs[i].pixels / kTileRows<V>;
    return tiles * ((s.blocks * kParts<V> + kTileVectors<V> - 1) / kTileVectors<V>)*((s.inputs + kLine - 1) / kLine);
}

template <class V>
void multiply(const ProductRun<ScalarOf<V>>* runs, int count, const ProductShape& s, const ScalarOf<V>* panel,
              const Fetch<ScalarOf<V>>& fetch) {
    const int vectors = s.blocks * kParts<V>;
    Ahead<V> ahead(fetch, multiplySteps<V>(runs, count, s));
    int first = 0;
    for (; first + kTileVectors<V> <= vectors; first += kTileVectors<V>)
        multiplyVectors<V, kTileVectors<V>>(runs, count, s, panel, first, ahead);
    if (vectors - first == 2)
        multiplyVectors<V, 2>(runs, count, s, panel, first, ahead);
    else if (vectors - first == 1)
        multiplyVectors<V, 1>(runs, count, s, panel, first, ahead);
}

/// Pixels of the weight gradient between two steps ahead.
constexpr int kStrip = 16;

template <class V, int kVectors, int kChannels>
DNA_INLINE void accumulateTile(const ScalarOf<V>* in, const ScalarOf<V>* dout, int pixels, const ProductShape& s,
                               ScalarOf<V>* panel, int first, bool add, Ahead<V>& ahead) {
    RegOf<V> sum[kVectors][kChannels];
    const size_t panel_block = size_t(s.inputs) * kLine;
    for (int v = 0; v < kVectors; ++v)
        for (int c = 0; c < kChannels; ++c)
            sum[v][c] = add ? load<V>(panel + vectorPlace<V>(first + v, panel_block) + c * kLine) : RegOf<V>{};
    const ScalarOf<V>* dy[kVectors];
    for (int v = 0; v < kVectors; ++v) dy[v] = dout + vectorPlace<V>(first + v, s.out_block);
    for (int p0 = 0; p0 < pixels; p0 += kStrip) {
        ahead.step();
        const size_t end = size_t(p0 + kStrip < pixels ? p0 + kStrip : pixels) * kLine;
        for (size_t at = size_t(p0) * kLine; at < end; at += kLine) {
            RegOf<V> d[kVectors];
            for (int v = 0; v < kVectors; ++v) d[v] = load<V>(dy[v] + at);
            for (int c = 0; c < kChannels; ++c) {
                const RegOf<V> x = splat<V>(in[at + c]);
                for (int v = 0; v < kVectors; ++v) sum[v][c] = V::fma(d[v], x, sum[v][c]);
            }
        }
    }
    for (int v = 0; v < kVectors; ++v)
        for (int c = 0; c < kChannels; ++c)
            store<V>(panel + vectorPlace<V>(first + v, panel_block) + c * kLine, sum[v][c]);
}

template <class V, int kVectors>
void accumulateVectors(const ScalarOf<V>* in, const ScalarOf<V>* dout, int pixels, const ProductShape& s,
                       ScalarOf<V>* panel, int first, bool add, Ahead<V>& ahead) {
    for (int c = 0; c < s.inputs;) {
        const ScalarOf<V>* from = in + size_t(c / kLine) * s.in_block + c % kLine;
        const int left = s.inputs - c < kLine - c % kLine ? s.inputs - c : kLine - c % kLine;
        ScalarOf<V>* to = panel + size_t(c) * kLine;
        if (kTileRows<V> == 8 && left >= 8) {
            accumulateTile<V, kVectors, 8>(from, dout, pixels, s, to, first, add, ahead), c += 8;
        } else if (left >= 4) {
            accumulateTile<V, kVectors, 4>(from, dout, pixels, s, to, first, add, ahead), c += 4;
        } else {
            accumulateTile<V, kVectors, 1>(from, dout, pixels, s, to, first, add, ahead), c += 1;
        }
    }
}

template <class V>
void accumulate(const ScalarOf<V>* in, const ScalarOf<V>* dout, int pixels, const ProductShape& s, ScalarOf<V>* panel,
                bool add, const Fetch<ScalarOf<V>>& fetch) {
    const int vectors = s.blocks * kParts<V>;
    const int tiles =
        ((vectors + kTileVectors<V> - 1) / kTileVectors<V>)*((s.inputs + kTileRows<V> - 1) / kTileRows<V>);
    Ahead<V> ahead(fetch, tiles * ((pixels + kStrip - 1) / kStrip));
    int first = 0;
    for (; first + kTileVectors<V> <= vectors; first += kTileVectors<V>)
        accumulateVectors<V, kTileVectors<V>>(in, dout, pixels, s, panel, first, add, ahead);
    if (vectors - first == 2)
        accumulateVectors<V, 2>(in, dout, pixels, s, panel, first, add, ahead);
    else if (vectors - first == 1)
        accumulateVectors<V, 1>(in, dout, pixels, s, panel, first, add, ahead);
}

}  // namespace
