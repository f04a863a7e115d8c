// Depthwise convolutions: sums over a sliding window, 16 channels at a time. A row of results is made some columns at a
// time with the weights of one window row in registers. The gradient of the input is the same row routine on dy: with
// stride s the rows and columns of the input fall into s classes by remainder, and each class sees every s-th tap.

namespace {

/// sum over `rows` and kTaps taps for kColumns neighbouring results; `at` is the first line of each row.
template <class V, int kTaps, int kStride, int kColumns>
DNA_INLINE void rowColumns(const ScalarOf<V>* const* rows, int row_count, size_t at, const ScalarOf<V>* weight,
                           ScalarOf<V>* out, size_t out_step) {
    RegOf<V> sum[kColumns] = {};
    for (int r = 0; r < row_count; ++r, weight += kTaps * kLine) {
        const ScalarOf<V>* x = rows[r] + at;
        RegOf<V> w[kTaps];
        for (int t = 0; t < kTaps; ++t) w[t] = load<V>(weight + t * kLine);
#pragma GCC unroll 32
        for (int i = 0; i < (kColumns - 1) * kStride + kTaps; ++i) {
            const RegOf<V> value = load<V>(x + size_t(i) * kLine);
#pragma GCC unroll 8
            for (int c = 0; c < kColumns; ++c)
                if (i - c * kStride >= 0 && i - c * kStride < kTaps) sum[c] = V::fma(value, w[i - c * kStride], sum[c]);
        }
    }
    for (int c = 0; c < kColumns; ++c) store<V>(out + c * out_step, sum[c]);
}

/// A row of `count` results, `out_step` values apart.
template <class V, int kTaps, int kStride>
void rowOf(const ScalarOf<V>* const* rows, int row_count, const ScalarOf<V>* weight, ScalarOf<V>* out, size_t out_step,
           int count) {
    for (int part = 0; part < kLine; part += V::kWidth) {
        int x = 0;
        const auto place = [&] { return size_t(x) * kStride * kLine + part; };
        for (; x + 8 <= count; x += 8)
            rowColumns<V, kTaps, kStride, 8>(rows, row_count, place(), weight + part, out + x * out_step + part,
                                             out_step);
        for (; x + 4 <= count; x += 4)
            rowColumns<V, kTaps, kStride, 4>(rows, row_count, place(), weight + part, out + x * out_step + part,
                                             out_step);
        for (; x < count; ++x)
            rowColumns<V, kTaps, kStride, 1>(rows, row_count, place(), weight + part, out + x * out_step + part,
                                             out_step);
    }
}

/// The same for any number of taps and any stride.
template <class V>
void anyRow(const ScalarOf<V>* const* rows, int row_count, int taps, int stride, const ScalarOf<V>* weight,
            ScalarOf<V>* out, size_t out_step, int count) {
    for (int part = 0; part < kLine; part += V::kWidth)
        for (int x = 0; x < count; ++x) {
            RegOf<V> sum{};
            for (int r = 0; r < row_count; ++r)
                for (int t = 0; t < taps; ++t)
                    sum = V::fma(load<V>(rows[r] + size_t(x * stride + t) * kLine + part),
                                 load<V>(weight + size_t(r * taps + t) * kLine + part), sum);
            store<V>(out + x * out_step + part, sum);
        }
}

template <class V>
void windowRow(const ScalarOf<V>* const* rows, int row_count, int taps, int stride, const ScalarOf<V>* weight,
               ScalarOf<V>* out, size_t out_step, int count) {
    if (stride == 1 && taps == 1) return rowOf<V, 1, 1>(rows, row_count, weight, out, out_step, count);
    if (stride == 1 && taps == 2) return rowOf<V, 2, 1>(rows, row_count, weight, out, out_step, count);
    if (stride == 1 && taps == 3) return rowOf<V, 3, 1>(rows, row_count, weight, out, out_step, count);
    if (stride == 1 && taps == 5) return rowOf<V, 5, 1>(rows, row_count, weight, out, out_step, count);
    if (stride == 2 && taps == 3) return rowOf<V, 3, 2>(rows, row_count, weight, out, out_step, count);
    if (stride == 2 && taps == 5) return rowOf<V, 5, 2>(rows, row_count, weight, out, out_step, count);
    anyRow<V>(rows, row_count, taps, stride, weight, out, out_step, count);
}

template <class V>
void slide(const Window& w, const ScalarOf<V>* tile, const ScalarOf<V>* weight, ScalarOf<V>* out,
           const Fetch<ScalarOf<V>>& fetch) {
    const size_t tile_row = size_t(w.width + 2 * w.pad) * kLine;
    const ScalarOf<V>* rows[kMaxWindow];
    Ahead<V> ahead(fetch, w.out_height);
    for (int y = 0; y < w.out_height; ++y) {
        ahead.step();
        for (int r = 0; r < w.kernel; ++r) rows[r] = tile + size_t(y * w.stride + r) * tile_row;
        windowRow<V>(rows, w.kernel, w.kernel, w.stride, weight, out + size_t(y) * w.out_width * kLine, kLine,
                     w.out_width);
    }
}

template <class V>
void slideBack(const Window& w, const ScalarOf<V>* dy_tile, const ScalarOf<V>* spread, ScalarOf<V>* dx,
               const Fetch<ScalarOf<V>>& fetch) {
    const int border = window::border(w);
    const size_t tile_row = size_t(w.out_width + border + window::borderEnd(w.width, w.out_width, w)) * kLine;
    const ScalarOf<V>* rows[kMaxWindow];
    Ahead<V> ahead(fetch, w.height);
    for (int y = 0; y < w.height; ++y) {
        ahead.step();
        const int row_class = (y + w.pad) % w.stride, row_taps = window::taps(w, row_class);
        const ScalarOf<V>* weight = spread + size_t(window::tapsBefore(w, row_class)) * w.kernel * kLine;
        for (int first = 0; first < w.stride && first < w.width; ++first) {
            const int column_class = (first + w.pad) % w.stride, taps = window::taps(w, column_class);
            const int row_count = taps > 0 ? row_taps : 0;
            for (int r = 0; r < row_count; ++r)
                rows[r] = dy_tile + size_t((y + w.pad) / w.stride - (row_taps - 1) + r + border) * tile_row +
                          size_t((first + w.pad) / w.stride - (taps - 1) + border) * kLine;
            windowRow<V>(rows, row_count, taps > 0 ? taps : 1, 1,
                         weight + size_t(row_taps) * window::tapsBefore(w, column_class) * kLine,
                         dx + (size_t(y) * w.width + first) * kLine, size_t(w.stride) * kLine,
                         (w.width - 1 - first) / w.stride + 1);
        }
    }
}

/// kRows window rows of the weight gradient in registers; kColumns places at a time.
template <class V, int kTaps, int kStride, int kRows, int kColumns>
DNA_INLINE void weightColumns(const ScalarOf<V>* tile, size_t tile_row, const ScalarOf<V>* dy,
                              RegOf<V> (&sum)[kRows][kTaps]) {
    RegOf<V> d[kColumns];
    for (int c = 0; c < kColumns; ++c) d[c] = load<V>(dy + c * kLine);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 32
        for (int i = 0; i < (kColumns - 1) * kStride + kTaps; ++i) {
            const RegOf<V> value = load<V>(tile + r * tile_row + size_t(i) * kLine);
#pragma GCC unroll 8
            for (int c = 0; c < kColumns; ++c)
                if (i - c * kStride >= 0 && i - c * kStride < kTaps)
                    sum[r][i - c * kStride] = V::fma(value, d[c], sum[r][i - c * kStride]);
        }
    }
}

template <class V, int kTaps, int kStride, int kRows>
void weightRows(const Window& w, const ScalarOf<V>* tile, const ScalarOf<V>* dy, size_t dy_row, ScalarOf<V>* dweight,
                Ahead<V>& ahead) {
    const size_t tile_row = size_t(w.width + 2 * w.pad) * kLine;
    for (int part = 0; part < kLine; part += V::kWidth) {
        RegOf<V> sum[kRows][kTaps];
        for (int r = 0; r < kRows; ++r)
            for (int t = 0; t < kTaps; ++t) sum[r][t] = load<V>(dweight + (r * kTaps + t) * kLine + part);
        for (int y = 0; y < w.out_height; ++y) {
            ahead.step();
            const ScalarOf<V>* x = tile + size_t(y) * kStride * tile_row + part;
            const ScalarOf<V>* d = dy + size_t(y) * dy_row + part;
            int column = 0;
            for (; column + 4 <= w.out_width; column += 4)
                weightColumns<V, kTaps, kStride, kRows, 4>(x + size_t(column) * kStride * kLine, tile_row,
                                                           d + size_t(column) * kLine, sum);
            for (; column < w.out_width; ++column)
                weightColumns<V, kTaps, kStride, kRows, 1>(x + size_t(column) * kStride * kLine, tile_row,
                                                           d + size_t(column) * kLine, sum);
        }
        for (int r = 0; r < kRows; ++r)
            for (int t = 0; t < kTaps; ++t) store<V>(dweight + (r * kTaps + t) * kLine + part, sum[r][t]);
    }
}

/// All rows of a kTaps x kTaps window, as many at a time as the registers hold.
template <class V, int kTaps, int kStride>
void weightWindow(const Window& w, const ScalarOf<V>* tile, const ScalarOf<V>* dy, size_t dy_row, ScalarOf<V>* dweight,
                  const Fetch<ScalarOf<V>>& fetch) {
    constexpr int kRows = V::kRegisters == 32 || kTaps == 3 ? kTaps : 1;
    const size_t tile_row = size_t(w.width + 2 * w.pad) * kLine;
    Ahead<V> ahead(fetch, kTaps / kRows * kParts<V> * w.out_height);
    for (int r = 0; r < kTaps; r += kRows)
        weightRows<V, kTaps, kStride, kRows>(w, tile + r * tile_row, dy, dy_row, dweight + r * kTaps * kLine, ahead);
}

template <class V>
void anyWeight(const Window& w, const ScalarOf<V>* tile, const ScalarOf<V>* dy, size_t dy_row, ScalarOf<V>* dweight) {
    const size_t tile_row = size_t(w.width + 2 * w.pad) * kLine;
    for (int part = 0; part < kLine; part += V::kWidth)
        for (int r = 0; r < w.kernel; ++r)
            for (int t = 0; t < w.kernel; ++t) {
                RegOf<V> sum = load<V>(dweight + (r * w.kernel + t) * kLine + part);
                for (int y = 0; y < w.out_height; ++y)
                    for (int x = 0; x < w.out_width; ++x)
                        sum = V::fma(load<V>(tile + size_t(y * w.stride + r) * tile_row +
                                             size_t(x * w.stride + t) * kLine + part),
                                     load<V>(dy + size_t(y) * dy_row + size_t(x) * kLine + part), sum);
                store<V>(dweight + (r * w.kernel + t) * kLine + part, sum);
            }
}

template <class V>
void slideWeight(const Window& w, const ScalarOf<V>* tile, const ScalarOf<V>* dy_tile, ScalarOf<V>* dweight,
                 const Fetch<ScalarOf<V>>& ahead) {
    const int border = window::border(w);
    const size_t dy_row = size_t(w.out_width + border + window::borderEnd(w.width, w.out_width, w)) * kLine;
    const ScalarOf<V>* dy = dy_tile + size_t(border) * dy_row + size_t(border) * kLine;
    if (w.kernel == 3 && w.stride == 1) return weightWindow<V, 3, 1>(w, tile, dy, dy_row, dweight, ahead);
    if (w.kernel == 5 && w.stride == 1) return weightWindow<V, 5, 1>(w, tile, dy, dy_row, dweight, ahead);
    if (w.kernel == 3 && w.stride == 2) return weightWindow<V, 3, 2>(w, tile, dy, dy_row, dweight, ahead);
    if (w.kernel == 5 && w.stride == 2) return weightWindow<V, 5, 2>(w, tile, dy, dy_row, dweight, ahead);
    anyWeight<V>(w, tile, dy, dy_row, dweight);
}

}  // namespace
