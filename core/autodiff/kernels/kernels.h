#pragma once

#include <stddef.h>

/// The loops that training time goes into, compiled once per instruction set and chosen when the program starts.
/// A line is the 16 channels of one pixel; per-channel factors of a channel block are 16 values.
namespace dna::autodiff {

/// Geometry of a sliding window over one plane of lines.
struct Window {
    int kernel = 1, stride = 1, pad = 0;
    int height = 1, width = 1;          ///< of the map that the window slides over
    int out_height = 1, out_width = 1;  ///< places of the window
    bool tile = true;                   ///< the map lies in a tile; false only where window::needsNoTile()
};

/// Pixels of a matrix product: lines at `in`, results at `out`, what is added to them at `base` (or nullptr).
template <class T>
struct ProductRun {
    const T* in = nullptr;
    T* out = nullptr;
    const T* base = nullptr;
    int pixels = 0;
};

/// Sizes of a matrix product: distances of channel blocks in values.
struct ProductShape {
    int inputs = 0;                      ///< channels summed over
    int blocks = 0;                      ///< channel blocks of the result
    size_t in_block = 0, out_block = 0;  ///< from one channel block to the next
};

/// Lines that the next call will read from one map or, at the same places, from two: a kernel that gets them asks
/// memory for them while it computes. Results don't depend on it.
template <class T>
struct Fetch {
    const T* data = nullptr;
    const T* beside = nullptr;  ///< the second map, or nullptr
    int lines = 0;              ///< of a run of neighbours
    int runs = 0;
    size_t stride = 0;  ///< from one run to the next
};

/// Lines that follow each other where they come from and are written in rows: side by side, or into the middle of a
/// tile.
struct Rows {
    Rows(int lines) : lines(lines) {}  // NOLINT(google-explicit-constructor): a number of lines is one row
    Rows(int count, int lines, size_t step) : count(count), lines(lines), step(step) {}
    int count = 1, lines = 0;
    size_t step = 0;  ///< from one row to the next in the result
};

template <class T>
struct Kernels {
    const char* name;
    int bits;    ///< width of a register
    bool fused;  ///< products and sums round once; levels that do give the same bits

    /// out[p][k] = base[p][k] + sum_c in[p][c] * panel[k / 16][c][k % 16], c in ascending order.
    void (*multiply)(const ProductRun<T>* runs, int count, const ProductShape& shape, const T* panel,
                     const Fetch<T>& ahead);
    /// panel[k / 16][c][k % 16] = (add ? itself : 0) + sum_p in[p][c] * dout[p][k], p in ascending order; of the
    /// shape, `out_block` is that of dout.
    void (*accumulate)(const T* in, const T* dout, int pixels, const ProductShape& shape, T* panel, bool add,
                       const Fetch<T>& ahead);

    /// out = window sums of a tile: the map with a border of window.pad zeros on all sides, or the map itself where not
    /// window.tile; weight is [tap][16].
    void (*slide)(const Window& window, const T* tile, const T* weight, T* out, const Fetch<T>& ahead);
    /// Gradient of slide: dy lies in the middle of a tile with a border of slideBorder(window) zeros; `spread` are the
    /// weights as spreadWeights() orders them.
    void (*slideBack)(const Window& window, const T* dy_tile, const T* spread, T* dx, const Fetch<T>& ahead);
    /// dweight[tap] += sum over places of dy * what the tap sees of the tile; dy in a tile as for slideBack.
    void (*slideWeight)(const Window& window, const T* tile, const T* dy_tile, T* dweight, const Fetch<T>& ahead);

    /// to = max(from * scale + shift, 0), without the max where not relu.
    void (*activate)(const T* from, T* to, const Rows& rows, const T* scale, const T* shift, bool relu);
    /// to = from, past the caches: for a map that is larger than they are. `to` begins at a multiple of 64 bytes.
    /// Other threads see it after the next locked instruction, as the end of a task of Workers is one.
    void (*stream)(const T* from, T* to, int lines);
    /// to = a + b.
    void (*add)(const T* a, const T* b, T* to, int lines);
    /// to = (base ? base : 0) + from * factor.
    void (*addScaled)(const T* from, T factor, const T* base, T* to, int lines);
    /// sum += x - shift, squares += (x - shift)^2, per lane.
    void (*moments)(const T* x, int lines, const T* shift, T* sum, T* squares);
    /// With g = from where x * scale + shift > 0 (everywhere when not relu): to = (base ? base : 0) + g unless to is
    /// nullptr; sum_g += g, sum_gx += g * (x - mean) per lane.
    void (*mask)(const T* x, const T* from, const T* base, T* to, int lines, const T* scale, const T* shift,
                 const T* mean, bool relu, T* sum_g, T* sum_gx);
    /// to = g * g_factor + x * x_factor + offset.
    void (*combine)(const T* g, const T* x, T* to, const Rows& rows, const T* g_factor, const T* x_factor,
                    const T* offset);
    /// Sum over lines and lanes of a * b.
    double (*dot)(const T* a, const T* b, int lines);
    /// g = gradient * scale + decay * w; v = momentum * v + g; w -= rate * (nesterov ? g + momentum * v : v).
    void (*descend)(T* w, T* v, const T* gradient, size_t size, T scale, T rate, T decay, T momentum, bool nesterov);
    /// Products and sums in registers only, `rounds` times 2 * flopsOfSpin() operations: the machine's limit.
    T (*spin)(long rounds);
};

}  // namespace dna::autodiff
