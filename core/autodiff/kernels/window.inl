// Depthwise convolutions: sums over a sliding window, 16 channels at a time. A row of results is made some columns at a
// time with the weights of one window row in registers. The gradient of the input is the same row routine on dy: with
// stride s the rows and columns of the input fall into s classes by remainder, and each class sees every s-th tap.

namespace {

/// sum over kRows rows, `row_step` values apart, and kTaps taps for kColumns neighbouring results.
template <class V, int kRows, int kTaps, int kStride, int kColumns>
DNA_INLINE void rowColumns(const ScalarOf<V>* x, size_t row_step, const ScalarOf<V>* weight, ScalarOf<V>* out,
                           size_t out_step) {
    RegOf<V> sum[kColumns];
    for (int c = 0; c < kColumns; ++c) sum[c] = RegOf<V>{};
    // Nine weights stay in registers over all columns; of 25 the compiler would keep most on the stack.
    if (kRows * kTaps > 9) asm("" : "+r"(weight));
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r, x += row_step, weight += kTaps * kLine) {
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

/// What is slid over a row: `rows` x `taps` weights, `stride` places on for the next result.
struct RowShape {
    int rows = 0, taps = 0, stride = 0;
};

/// A row of `count` results, `out_step` values apart.
template <class V, int kRows, int kTaps, int kStride>
void rowOf(const RowShape&, const ScalarOf<V>* x, size_t row_step, const ScalarOf<V>* weight,
           ScalarOf<V>* __restrict out, size_t out_step, int count) {
    for (int part = 0; part < kLine; part += V::kWidth) {
        int at = 0;
        const auto run = [&](auto columns) DNA_INLINE_LAMBDA {
            for (; at + columns.value <= count; at += columns.value)
                rowColumns<V, kRows, kTaps, kStride, columns.value>(x + size_t(at) * kStride * kLine + part, row_step,
                                                                    weight + part, out + at * out_step + part,
                                                                    out_step);
        };
        run(Count<8>{});
        run(Count<4>{});
        run(Count<1>{});
    }
}

/// The same for any shape.
template <class V>
void anyRow(const RowShape& shape, const ScalarOf<V>* x, size_t row_step, const ScalarOf<V>* weight, ScalarOf<V>* out,
            size_t out_step, int count) {
    for (int part = 0; part < kLine; part += V::kWidth)
        for (int at = 0; at < count; ++at) {
            RegOf<V> sum{};
            for (int r = 0; r < shape.rows; ++r)
                for (int t = 0; t < shape.taps; ++t)
                    sum = V::fma(load<V>(x + size_t(r) * row_step + size_t(at * shape.stride + t) * kLine + part),
                                 load<V>(weight + size_t(r * shape.taps + t) * kLine + part), sum);
            store<V>(out + at * out_step + part, sum);
        }
}

template <class V>
using RowRoutine = decltype(&anyRow<V>);

/// Own routines for 3x3 and 5x5 and for what a stride of 2 leaves of them in the gradient of the input.
template <class V>
RowRoutine<V> rowRoutine(const RowShape& shape) {
    switch (shape.stride * 100 + shape.rows * 10 + shape.taps) {
        case 111:
            return rowOf<V, 1, 1, 1>;
        case 112:
            return rowOf<V, 1, 2, 1>;
        case 121:
            return rowOf<V, 2, 1, 1>;
        case 122:
            return rowOf<V, 2, 2, 1>;
        case 123:
            return rowOf<V, 2, 3, 1>;
        case 132:
            return rowOf<V, 3, 2, 1>;
        case 133:
            return rowOf<V, 3, 3, 1>;
        case 155:
            return rowOf<V, 5, 5, 1>;
        case 233:
            return rowOf<V, 3, 3, 2>;
        case 255:
            return rowOf<V, 5, 5, 2>;
        default:
            return anyRow<V>;
    }
}

template <class V>
void slide(const Window& w, const ScalarOf<V>* tile, const ScalarOf<V>* weight, ScalarOf<V>* out,
           const Fetch<ScalarOf<V>>& fetch) {
    const size_t tile_row = size_t(w.width + 2 * w.pad) * kLine;
    const RowShape shape{w.kernel, w.kernel, w.stride};
    const RowRoutine<V> routine = rowRoutine<V>(shape);
    Ahead<V> ahead(fetch, w.out_height);
    for (int y = 0; y < w.out_height; ++y) {
        ahead.step();
        routine(shape, tile + size_t(y * w.stride) * tile_row, tile_row, weight, out + size_t(y) * w.out_width * kLine,
                kLine, w.out_width);
    }
}

/// The gradients of every stride-th row from `top` and column from `left`: they see the same taps.
template <class V>
void slideBackClass(const Window& w, const ScalarOf<V>* dy_tile, const ScalarOf<V>* spread, ScalarOf<V>* dx, int top,
                    int left, Ahead<V>& ahead) {
    const int border = window::border(w), row_class = (top + w.pad) % w.stride,
              column_class = (left + w.pad) % w.stride;
    const size_t tile_row = size_t(w.out_width + border + window::borderEnd(w.width, w.out_width, w)) * kLine;
    const int rows = window::taps(w, row_class), taps = window::taps(w, column_class);
    const RowShape shape{taps > 0 ? rows : 0, taps, 1};
    const RowRoutine<V> routine = rowRoutine<V>(shape);
    const ScalarOf<V>* weight =
        spread +
        size_t(window::tapsBefore(w, row_class) * w.kernel + rows * window::tapsBefore(w, column_class)) * kLine;
    // Without taps nothing is read and the place may lie outside.
    const ScalarOf<V>* from = dy_tile +
                              ptrdiff_t((top + w.pad) / w.stride - (rows - 1) + border) * ptrdiff_t(tile_row) +
                              ptrdiff_t((left + w.pad) / w.stride - (taps - 1) + border) * kLine;
    const int count = (w.width - 1 - left) / w.stride + 1;
    for (int y = top; y < w.height; y += w.stride, from += tile_row) {
        ahead.step();
        routine(shape, from, tile_row, weight, dx + (size_t(y) * w.width + left) * kLine, size_t(w.stride) * kLine,
                count);
    }
}

template <class V>
void slideBack(const Window& w, const ScalarOf<V>* dy_tile, const ScalarOf<V>* spread, ScalarOf<V>* dx,
               const Fetch<ScalarOf<V>>& fetch) {
    Ahead<V> ahead(fetch, w.height * (w.stride < w.width ? w.stride : w.width));
    for (int top = 0; top < w.stride && top < w.height; ++top)
        for (int left = 0; left < w.stride && left < w.width; ++left)
            slideBackClass<V>(w, dy_tile, spread, dx, top, left, ahead);
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
