#include "core/nn/pointwise.h"

#include <vector>

#include "core/autodiff/activation.h"
#include "core/nn/chunks.h"

namespace dna::nn {
namespace {

using autodiff::ArenaScope;
using autodiff::Fetch;
using autodiff::forSlots;
using autodiff::GradientTarget;
using autodiff::kernels;
using autodiff::kLanes;
using autodiff::kSlots;
using autodiff::Moments;
using autodiff::ProductRun;
using autodiff::ProductShape;

/// Lines of all blocks of a chunk, one block after the other: where they lie, or a copy in scratch memory.
template <class T>
struct ChunkView {
    const T* data = nullptr;
    size_t block = 0;    ///< from one channel block to the next
    size_t picture = 0;  ///< from one picture of the chunk to the next
};

/// Copies a chunk to scratch, each line as `read(block, value place, to, lines)` gives it.
template <class T, class Read>
ChunkView<T> copyChunk(const Chunk& chunk, const MapShape& map, T* scratch, const Read& read) {
    const size_t lines = static_cast<size_t>(chunk.lines) * kLanes, block = lines * chunk.pictures;
    for (int b = 0; b < map.blocks(); ++b)
        for (int n = 0; n < chunk.pictures; ++n)
            read(b, chunk.at(map, n, b), scratch + b * block + n * lines, chunk.lines);
    return {scratch, block, lines};
}

template <class T>
ChunkView<T> viewInput(const Tensor<T>& x, const Chunk& chunk, bool contiguous, T* scratch) {
    if (!x.activation && (chunk.pictures == 1 || !contiguous))
        return {x.data + chunk.at(x.map, 0, 0), x.map.planeSize(), x.map.pictureSize()};
    return copyChunk(chunk, x.map, scratch, [&](int b, size_t at, T* to, int lines) {
        autodiff::activateLines<T>(kernels<T>(), x.activation, b, x.data + at, to, lines);
    });
}

template <class T>
ChunkView<T> viewGradient(const Tensor<T>& dy, const Chunk& chunk, bool contiguous, T* scratch) {
    if (!dy.combination && (chunk.pictures == 1 || !contiguous))
        return {dy.data + chunk.at(dy.map, 0, 0), dy.map.planeSize(), dy.map.pictureSize()};
    return copyChunk(chunk, dy.map, scratch, [&](int b, size_t at, T* to, int lines) {
        autodiff::readGradient(kernels<T>(), dy, b, at, to, lines);
    });
}

/// Statistics of the chunk's results, block by block.
template <class T>
void measureChunk(const Tensor<T>& y, const Chunk& chunk, Moments* moments) {
    for (int b = 0; b < y.map.blocks(); ++b) {
        autodiff::MomentSums<T> sums(kernels<T>(), y.data + chunk.at(y.map, 0, b));
        for (int n = 0; n < chunk.pictures; ++n) sums.add(y.data + chunk.at(y.map, n, b), chunk.lines);
        moments[b].merge(sums.result());
    }
}

/// Results of a chunk's pictures at `out`, which has the shape of `map`, added to `base`.
template <class T>
void multiplyChunk(const ChunkView<T>& in, int inputs, const T* panel, const Chunk& chunk, const MapShape& map, T* out,
                   const T* base, const Fetch<T>& ahead) {
    ProductRun<T> runs[512];
    for (int n = 0; n < chunk.pictures; ++n) {
        const size_t at = chunk.at(map, n, 0);
        runs[n] = {in.data + n * in.picture, out + at, base ? base + at : nullptr, chunk.lines};
    }
    kernels<T>().multiply(runs, chunk.pictures, {inputs, map.blocks(), in.block, map.planeSize()}, panel, ahead);
}

/// One slot of the backward pass.
template <class T>
class SlotGradient {
public:
    SlotGradient(const ConvProblem& problem, const Tensor<T>& x, const Tensor<T>& dy, const T* panel,
                 const GradientTarget<T>& dx, T* dpanel, int slot, T* scratch, int most)
        : problem_(problem),
          x_(x),
          dy_(dy),
          panel_(panel),
          dx_(dx),
          dpanel_(dpanel),
          sums_(dx.sums ? dx.sums + static_cast<size_t>(slot) * x.map.blocks() * autodiff::kSumValues : nullptr),
          x_scratch_(scratch),
          dy_scratch_(scratch + static_cast<size_t>(most) * x.map.blocks() * kLanes) {}

    void run(const Chunk& chunk, const Chunk& next) {
        const ChunkView<T> g = viewGradient(dy_, chunk, dpanel_ != nullptr, dy_scratch_);
        if (dpanel_) {
            const ChunkView<T> in = viewInput(x_, chunk, true, x_scratch_);
            const ProductShape shape{problem_.in.channels, dy_.map.blocks(), in.block, g.block};
            kernels<T>().accumulate(in.data, g.data, chunk.total(), shape, dpanel_, started_,
                                    fetchOf<T>(next, x_.map, x_.data, nullptr));
            started_ = true;
        }
        if (dx_.data)
            inputGradient(chunk, g,
                          fetchOf<T>(next, dy_.map, dy_.data, dy_.combination ? dy_.combination->x : nullptr));
    }

private:
    void inputGradient(const Chunk& chunk, const ChunkView<T>& g, const Fetch<T>& ahead) {
        const int outputs = problem_.geometry.out_channels;
        if (!dx_.sums) {
            multiplyChunk(g, outputs, panel_, chunk, x_.map, dx_.data, dx_.base, ahead);
            return;
        }
        if (!dx_.base) {
            multiplyChunk(g, outputs, panel_, chunk, x_.map, dx_.data, static_cast<const T*>(nullptr), ahead);
            maskChunk(chunk, [&](int, int, size_t at) { return dx_.data + at; });
            return;
        }
        // The input's copy is not needed any more: its scratch memory takes the product.
        const size_t lines = static_cast<size_t>(chunk.lines) * kLanes, block = lines * chunk.pictures;
        ProductRun<T> runs[512];
        for (int n = 0; n < chunk.pictures; ++n)
            runs[n] = {g.data + n * g.picture, x_scratch_ + n * lines, nullptr, chunk.lines};
        kernels<T>().multiply(runs, chunk.pictures, {outputs, x_.map.blocks(), g.block, block}, panel_, ahead);
        maskChunk(chunk, [&](int b, int n, size_t) { return x_scratch_ + b * block + n * lines; });
    }

    template <class From>
    void maskChunk(const Chunk& chunk, const From& from) {
        for (int b = 0; b < x_.map.blocks(); ++b)
            for (int n = 0; n < chunk.pictures; ++n) {
                const size_t at = chunk.at(x_.map, n, b);
                const T* g = from(b, n, at);
                autodiff::maskLines<T>(kernels<T>(), autodiff::blockOf(*x_.activation, b), x_.data + at, g,
                                       dx_.base ? dx_.base + at : nullptr, dx_.data + at, chunk.lines,
                                       sums_ + static_cast<size_t>(b) * autodiff::kSumValues);
            }
    }

    const ConvProblem& problem_;
    const Tensor<T>&x_, &dy_;
    const T* panel_;
    GradientTarget<T> dx_;
    T* dpanel_;
    double* sums_;
    T *x_scratch_, *dy_scratch_;
    bool started_ = false;
};

}  // namespace

template <class T>
void pointwiseForward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight,
                      const Tensor<T>& y, Moments* moments) {
    const ArenaScope scope(tape.arena());
    const T* panel = packPanel(problem, weight, tape.arena(), tape.workers());
    const int most = chunkLines(problem.in.channels + problem.geometry.out_channels);
    const size_t scratch_size = x.activation ? static_cast<size_t>(most) * x.map.blocks() * kLanes : 0;
    T* scratch = tape.arena().template take<T>(scratch_size * kSlots);
    forSlots(tape.workers(), x.map.pictures, [&](int slot, int begin, int end) {
        forChunks(begin, end, x.map.pixels(), most, [&](const Chunk& chunk, const Chunk& next) {
            const ChunkView<T> in = viewInput(x, chunk, false, scratch + slot * scratch_size);
            multiplyChunk(in, problem.in.channels, panel, chunk, y.map, y.data, static_cast<const T*>(nullptr),
                          fetchOf<T>(next, x.map, x.data, nullptr));
            if (moments) measureChunk(y, chunk, moments + static_cast<size_t>(slot) * y.map.blocks());
        });
    });
}

template <class T>
void pointwiseBackward(Tape<T>& tape, const ConvProblem& problem, const Tensor<T>& x, const T* weight,
                       const Tensor<T>& dy, const GradientTarget<T>& dx, const GradientTarget<T>& dweight) {
    const ArenaScope scope(tape.arena());
    const T* panel = dx.data ? packTransposedPanel(problem, weight, tape.arena(), tape.workers()) : nullptr;
    const int most = chunkLines(problem.in.channels + problem.geometry.out_channels);
    const size_t scratch_size = static_cast<size_t>(most) * (x.map.blocks() + dy.map.blocks()) * kLanes,
                 panel_size = dweight.data ? problem.panelSize() : 0;
    T* scratch = tape.arena().template take<T>(scratch_size * kSlots);
    T* panels = tape.arena().template take<T>(panel_size * kSlots);
    const autodiff::Slots slots(x.map.pictures);
    tape.workers().sweep(slots.count, [&](int i) {
        const auto [begin, end] = slots.range(i);
        SlotGradient<T> gradient(problem, x, dy, panel, dx, dweight.data ? panels + i * panel_size : nullptr,
                                 slots.number(i), scratch + i * scratch_size, most);
        forChunks(begin, end, x.map.pixels(), most,
                  [&](const Chunk& chunk, const Chunk& next) { gradient.run(chunk, next); });
    });
    if (dweight.data) unpackPanels(problem, panels, slots.count, dweight.base, dweight.data, tape.workers());
}

template void pointwiseForward<float>(Tape<float>&, const ConvProblem&, const Tensor<float>&, const float*,
                                      const Tensor<float>&, Moments*);
template void pointwiseForward<double>(Tape<double>&, const ConvProblem&, const Tensor<double>&, const double*,
                                       const Tensor<double>&, Moments*);
template void pointwiseBackward<float>(Tape<float>&, const ConvProblem&, const Tensor<float>&, const float*,
                                       const Tensor<float>&, const GradientTarget<float>&,
                                       const GradientTarget<float>&);
template void pointwiseBackward<double>(Tape<double>&, const ConvProblem&, const Tensor<double>&, const double*,
                                        const Tensor<double>&, const GradientTarget<double>&,
                                        const GradientTarget<double>&);

}  // namespace dna::nn
