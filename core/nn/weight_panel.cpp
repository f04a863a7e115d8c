#include "core/nn/weight_panel.h"

#include <algorithm>

#include "core/autodiff/kernels/dispatch.h"
#include "core/autodiff/tensor.h"

namespace dna::nn {
namespace {

using autodiff::kLanes;

int blocksOf(int channels) { return (channels + kLanes - 1) / kLanes; }

/// Weights that are moved at a time: their rows of a panel stay in the first cache for 16 outputs.
constexpr int kPiece = 64;

/// Calls visit(weight index, output channel, column, count) for the weights of outputs [begin, end); `count` weights
/// side by side have columns side by side.
template <class Visit>
void forWeights(const ConvProblem& problem, int begin, int end, const Visit& visit) {
    const ConvGeometry& g = problem.geometry;
    const int channels = problem.in.channels / g.groups, outputs = g.out_channels / g.groups, taps = problem.taps(),
              length = channels * taps;
    const int piece = problem.reduction() == Reduction::TapsOutside && taps > 1 ? 1 : kPiece;
    for (int at = 0; at < length; at += piece)
        for (int k = begin; k < end; ++k)
            visit(static_cast<size_t>(k) * length + at, k,
                  problem.column(k / outputs * channels + at / taps, at % taps), std::min(piece, length - at));
}

size_t place(int row, int column, int columns) {
    return (static_cast<size_t>(row / kLanes) * columns + column) * kLanes + row % kLanes;
}

/// Runs body(first output, last output) for blocks of output channels.
template <class Body>
void forOutputBlocks(const ConvProblem& problem, autodiff::Workers& workers, const Body& body) {
    const int outputs = problem.geometry.out_channels;
    workers.run(blocksOf(outputs), [&](int block) { body(block * kLanes, std::min(outputs, (block + 1) * kLanes)); });
}

}  // namespace

Reduction ConvProblem::reduction() const {
    if (geometry.kernel == 1 && geometry.stride == 1 && geometry.pad == 0) return Reduction::Channels;
    return in.channels < kLanes / 2 ? Reduction::TapsInside : Reduction::TapsOutside;
}

int ConvProblem::columns() const {
    return reduction() == Reduction::TapsOutside ? taps() * in.blocks() * kLanes : taps() * in.channels;
}

int ConvProblem::column(int channel, int tap) const {
    switch (reduction()) {
        case Reduction::Channels:
            return channel;
        case Reduction::TapsInside:
            return channel * taps() + tap;
        case Reduction::TapsOutside:
            break;
    }
    return tap * in.blocks() * kLanes + channel;
}

size_t ConvProblem::panelSize() const {
    return static_cast<size_t>(blocksOf(geometry.out_channels)) * columns() * kLanes;
}
size_t ConvProblem::transposedPanelSize() const {
    return static_cast<size_t>(blocksOf(columns())) * geometry.out_channels * kLanes;
}

template <class T>
T* packPanel(const ConvProblem& problem, const T* weight, autodiff::Arena& arena, autodiff::Workers& workers) {
    T* panel = arena.takeZero<T>(problem.panelSize());
    const int columns = problem.columns();
    forOutputBlocks(problem, workers, [&](int begin, int end) {
        forWeights(problem, begin, end, [&](size_t at, int k, int column, int count) {
            T* to = panel + place(k, column, columns);
            for (int i = 0; i < count; ++i) to[i * kLanes] = weight[at + i];
        });
    });
    return panel;
}

template <class T>
T* packTransposedPanel(const ConvProblem& problem, const T* weight, autodiff::Arena& arena,
                       autodiff::Workers& workers) {
    T* panel = arena.takeZero<T>(problem.transposedPanelSize());
    const int outputs = problem.geometry.out_channels;
    forOutputBlocks(problem, workers, [&](int begin, int end) {
        forWeights(problem, begin, end, [&](size_t at, int k, int column, int count) {
            for (int done = 0; done < count;) {
                const int next = std::min(count, done + kLanes - (column + done) % kLanes);
                std::copy(weight + at + done, weight + at + next, panel + place(column + done, k, outputs));
                done = next;
            }
        });
    });
    return panel;
}

template <class T>
void unpackPanels(const ConvProblem& problem, T* panels, int count, const T* base, T* to, autodiff::Workers& workers) {
    const int columns = problem.columns();
    const size_t size = problem.panelSize();
    forOutputBlocks(problem, workers, [&](int begin, int end) {
        T* sum = panels + place(begin, 0, columns);
        for (int part = 1; part < count; ++part) autodiff::kernels<T>().add(sum, sum + part * size, sum, columns);
        forWeights(problem, begin, end, [&](size_t at, int k, int column, int length) {
            const T* from = panels + place(k, column, columns);
            for (int i = 0; i < length; ++i) to[at + i] = (base ? base[at + i] : T(0)) + from[i * kLanes];
        });
    });
}

template float* packPanel<float>(const ConvProblem&, const float*, autodiff::Arena&, autodiff::Workers&);
template double* packPanel<double>(const ConvProblem&, const double*, autodiff::Arena&, autodiff::Workers&);
template float* packTransposedPanel<float>(const ConvProblem&, const float*, autodiff::Arena&, autodiff::Workers&);
template double* packTransposedPanel<double>(const ConvProblem&, const double*, autodiff::Arena&, autodiff::Workers&);
template void unpackPanels<float>(const ConvProblem&, float*, int, const float*, float*, autodiff::Workers&);
template void unpackPanels<double>(const ConvProblem&, double*, int, const double*, double*, autodiff::Workers&);

}  // namespace dna::nn
