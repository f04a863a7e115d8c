// Depthwise convolutions: sums over a sliding window, 16 channels at a time. A row of results is made some columns at a
// time with the weights of one window row in registers. The gradient of the input is the same row routine on dy: with
// stride s the rows and columns of the input fall into s classes by remainder, and each class sees every s-th tap.

namespace {

/// sum over kRows rows, `row_step` values apart, and kTaps taps for kColumns neighbouring results. The first kSkip
/// places are outside of the map and add nothing; `x` is the one behind them.
template <class V, int kRows, int kTaps, int kStride, int kColumns, int kSkip = 0>
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
        for (int i = kSkip; i < (kColumns - 1) * kStride + kTaps; ++i) {
            const RegOf<V> value = load<V>(x + size_t(i - kSkip) * kLine);
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

/// A row of results of a 3x3 window with stride 2 straight from a map, whose first place has nothing on its left.
template <class V, int kRows>
void rowOfMap(const ScalarOf<V>* x, size_t row_step, const ScalarOf<V>* weight, ScalarOf<V>* __restrict out,
              int count) {
    for (int part = 0; part < kLine; part += V::kWidth) {
        int at = 0;
        const auto run = [&](auto columns) DNA_INLINE_LAMBDA {
            for (; at + columns.value <= count; at += columns.value)
                at == 0
                    ? rowColumns<V, kRows, 3, 2, columns.value, 1>(x + part, row_step, weight + part, out + part, kLine)
                    : rowColumns<V, kRows, 3, 2, columns.value>(x + size_t(2 * at - 1) * kLine + part, row_step,
                                                                weight + part, out + size_t(at) * kLine + part, kLine);
        };
        run(Count<8>{});
        run(Count<4>{});
        run(Count<1>{});
    }
}

/// slide() over a map that is in no tile.
template <class V>
void slideMap(const Window& w, const ScalarOf<V>* map, const ScalarOf<V>* weight, ScalarOf<V>* out, Ahead<V>& ahead) {
    const size_t row = size_t(w.width) * kLine;
    for (int y = 0; y < w.out_height; ++y, out += size_t(w.out_width) * kLine) {
        ahead.step();
        if (y == 0)
            rowOfMap<V, 2>(map, row, weight + 3 * kLine, out, w.out_width);
        else
            rowOfMap<V, 3>(map + size_t(2 * y - 1) * row, row, weight, out, w.out_width);
    }
}

template <class V>
void slide(const Window& w, const ScalarOf<V>* tile, const ScalarOf<V>* weight, ScalarOf<V>* out,
           const Fetch<ScalarOf<V>>& fetch) {
    const size_t tile_row = size_t(w.width + 2 * w.pad) * kLine;
    const RowShape shape{w.kernel, w.kernel, w.stride};
    const RowRoutine<V> routine = rowRoutine<V>(shape);
    Ahead<V> ahead(fetch, w.out_height);
    if (!w.tile) return slideMap<V>(w, tile, weight, out, ahead);
    for (int y = 0; y < w.out_height; ++y) {
        ahead.step();
        routine(shape, tile + size_t(y * w.stride) * tile_row, tile_row, weight, out + size_t(y) * w.out_width * kLine,
                kLine, w.out_width);
    }
}

/// The gradients of every stride-th column from `left`, in rows of the same class: they see the same taps.
template <class V>
struct ColumnClass {
    RowShape shape;
    RowRoutine<V> routine = nullptr;
    const ScalarOf<V>* weight = nullptr;
    ptrdiff_t from = 0;  ///< what the first column sees, from the beginning of a row of dy's tile
    int count = 0;
};

template <class V>
ColumnClass<V> columnClass(const Window& w, const ScalarOf<V>* spread, int row_class, int left) {
    const int column_class = (left + w.pad) % w.stride, rows = window::taps(w, row_class),
              taps = window::taps(w, column_class);
    const RowShape shape{taps > 0 ? rows : 0, taps, 1};
    const size_t before =
        size_t(window::tapsBefore(w, row_class) * w.kernel + rows * window::tapsBefore(w, column_class));
    return {shape, rowRoutine<V>(shape), spread + before * kLine,
            ptrdiff_t((left + w.pad) / w.stride - (taps - 1) + window::border(w)) * kLine,
            (w.width - 1 - left) / w.stride + 1};
}

/// Neighbouring gradients of both column classes of a 3x3 window with stride 2: the first class sees one tap, the other
/// that place and the next.
template <class V, int kRows, int kColumns>
DNA_INLINE void pairColumns(const ScalarOf<V>* dy, size_t row_step, const ScalarOf<V>* single, const ScalarOf<V>* both,
                            ScalarOf<V>* dx) {
    RegOf<V> even[kColumns], odd[kColumns];
    for (int c = 0; c < kColumns; ++c) even[c] = odd[c] = RegOf<V>{};
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r, dy += row_step, single += kLine, both += 2 * kLine) {
        const RegOf<V> alone = load<V>(single), first = load<V>(both), second = load<V>(both + kLine);
#pragma GCC unroll 32
        for (int i = 0; i <= kColumns; ++i) {
            const RegOf<V> value = load<V>(dy + size_t(i) * kLine);
            if (i > 0) odd[i - 1] = V::fma(value, second, odd[i - 1]);
            if (i == kColumns) break;
            even[i] = V::fma(value, alone, even[i]);
            odd[i] = V::fma(value, first, odd[i]);
        }
    }
    for (int c = 0; c < kColumns; ++c) {
        store<V>(dx + size_t(2 * c) * kLine, even[c]);
        store<V>(dx + size_t(2 * c + 1) * kLine, odd[c]);
    }
}

/// `count` such pairs of a row.
template <class V, int kRows>
void pairsOf(const ScalarOf<V>* dy, size_t row_step, const ScalarOf<V>* single, const ScalarOf<V>* both,
             ScalarOf<V>* __restrict dx, int count) {
    for (int part = 0; part < kLine; part += V::kWidth) {
        int at = 0;
        const auto run = [&](auto columns) DNA_INLINE_LAMBDA {
            for (; at + columns.value <= count; at += columns.value)
                pairColumns<V, kRows, columns.value>(dy + size_t(at) * kLine + part, row_step, single + part,
                                                     both + part, dx + size_t(2 * at) * kLine + part);
        };
        run(Count<V::kRegisters / 4>{});
        run(Count<1>{});
    }
}

/// Column classes that are written together, so that a row of dx is complete before the next one begins.
constexpr int kClassesTogether = 4;

/// The gradients of every stride-th row from `top` and of the column classes from `left`.
template <class V>
void slideBackRows(const Window& w, const ScalarOf<V>* dy_tile, const ScalarOf<V>* spread, ScalarOf<V>* dx, int top,
                   int left, Ahead<V>& ahead) {
    const int row_class = (top + w.pad) % w.stride, rows = window::taps(w, row_class), border = window::border(w);
    const size_t tile_row = size_t(w.out_width + border + window::borderEnd(w.width, w.out_width, w)) * kLine;
    ColumnClass<V> classes[kClassesTogether];
    int count = 0;
    for (; count < kClassesTogether && left + count < w.stride && left + count < w.width; ++count)
        classes[count] = columnClass<V>(w, spread, row_class, left + count);
    const bool pairs = w.kernel == 3 && w.stride == 2 && count == 2 && classes[0].shape.taps == 1;
    // Without taps nothing is read and the place may lie outside.
    const ScalarOf<V>* from = dy_tile + ptrdiff_t((top + w.pad) / w.stride - (rows - 1) + border) * ptrdiff_t(tile_row);
    for (int y = top; y < w.height; y += w.stride, from += tile_row) {
        ahead.step();
        int done = 0;
        if (pairs) {
            done = classes[1].count;
            (rows == 1 ? pairsOf<V, 1> : pairsOf<V, 2>)(from + classes[0].from, tile_row, classes[0].weight,
                                                        classes[1].weight, dx + size_t(y) * w.width * kLine, done);
        }
        for (int c = 0; c < count && done < classes[c].count; ++c)
            classes[c].routine(classes[c].shape, from + classes[c].from + done * kLine, tile_row, classes[c].weight,
                               dx + (size_t(y) * w.width + size_t(done * w.stride) + left + c) * kLine,
                               size_t(w.stride) * kLine, classes[c].count - done);
    }
}

template <class V>
void slideBack(const Window& w, const ScalarOf<V>* dy_tile, const ScalarOf<V>* spread, ScalarOf<V>* dx,
               const Fetch<ScalarOf<V>>& fetch) {
    Ahead<V> ahead(fetch, w.height);
    for (int top = 0; top < w.stride && top < w.height; ++top)
        for (int left = 0; left < w.stride && left < w.width; left += kClassesTogether)
            slideBackRows<V>(w, dy_tile, spread, dx, top, left, ahead);
}

/// kRows window rows of the weight gradient, from kFirst on, in registers; kColumns places at a time. `tile` is what
/// the row kFirst sees; of it the first kSkip places are outside of the map, as in rowColumns.
template <class V, int kTaps, int kStride, int kRows, int kColumns, int kFirst = 0, int kSkip = 0>
DNA_INLINE void weightColumns(const ScalarOf<V>* tile, size_t tile_row, const ScalarOf<V>* dy,
                              RegOf<V> (&sum)[kRows][kTaps]) {
    RegOf<V> d[kColumns];
    for (int c = 0; c < kColumns; ++c) d[c] = load<V>(dy + c * kLine);
#pragma GCC unroll 8
    for (int r = kFirst; r < kRows; ++r) {
#pragma GCC unroll 32
        for (int i = kSkip; i < (kColumns - 1) * kStride + kTaps; ++i) {
            const RegOf<V> value = load<V>(tile + (r - kFirst) * tile_row + size_t(i - kSkip) * kLine);
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

/// A row of places of a 3x3 window with stride 2 that slides over a map without a tile; window rows from kFirst on.
template <class V, int kFirst>
DNA_INLINE void weightRowOfMap(const ScalarOf<V>* x, size_t row, const ScalarOf<V>* dy, int count,
                               RegOf<V> (&sum)[3][3]) {
    int at = 0;
    const auto run = [&](auto columns) DNA_INLINE_LAMBDA {
        for (; at + columns.value <= count; at += columns.value)
            at == 0 ? weightColumns<V, 3, 2, 3, columns.value, kFirst, 1>(x, row, dy, sum)
                    : weightColumns<V, 3, 2, 3, columns.value, kFirst>(x + size_t(2 * at - 1) * kLine, row,
                                                                       dy + size_t(at) * kLine, sum);
    };
    run(Count<4>{});
    run(Count<1>{});
}

/// slideWeight() over a map that is in no tile.
template <class V>
void weightOfMap(const Window& w, const ScalarOf<V>* map, const ScalarOf<V>* dy, size_t dy_row, ScalarOf<V>* dweight,
                 const Fetch<ScalarOf<V>>& fetch) {
    const size_t row = size_t(w.width) * kLine;
    Ahead<V> ahead(fetch, kParts<V> * w.out_height);
    for (int part = 0; part < kLine; part += V::kWidth) {
        RegOf<V> sum[3][3];
        for (int t = 0; t < 9; ++t) sum[t / 3][t % 3] = load<V>(dweight + t * kLine + part);
        for (int y = 0; y < w.out_height; ++y) {
            ahead.step();
            const ScalarOf<V>* d = dy + size_t(y) * dy_row + part;
            if (y == 0)
                weightRowOfMap<V, 1>(map + part, row, d, w.out_width, sum);
            else
                weightRowOfMap<V, 0>(map + size_t(2 * y - 1) * row + part, row, d, w.out_width, sum);
        }
        for (int t = 0; t < 9; ++t) store<V>(dweight + t * kLine + part, sum[t / 3][t % 3]);
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
    if (!w.tile) return weightOfMap<V>(w, tile, dy, dy_row, dweight, ahead);
    if (w.kernel == 3 && w.stride == 1) return weightWindow<V, 3, 1>(w, tile, dy, dy_row, dweight, ahead);
    if (w.kernel == 5 && w.stride == 1) return weightWindow<V, 5, 1>(w, tile, dy, dy_row, dweight, ahead);
    if (w.kernel == 3 && w.stride == 2) return weightWindow<V, 3, 2>(w, tile, dy, dy_row, dweight, ahead);
    if (w.kernel == 5 && w.stride == 2) return weightWindow<V, 5, 2>(w, tile, dy, dy_row, dweight, ahead);
    anyWeight<V>(w, tile, dy, dy_row, dweight);
}

}  // namespace
