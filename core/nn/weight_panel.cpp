#include "core/nn/weight_panel.h"

#include <algorithm>

#include "core/autodiff/tensor.h"

namespace dna::nn {
namespace {

using autodiff::kLanes;

int blocksOf(int channels) { return (channels + kLanes - 1) / kLanes; }

/// Calls visit(weight index, output channel, column) for the weights of outputs [begin, end).
template <class Visit>
void forWeights(const ConvProblem& problem, int begin, int end, const Visit& visit) {
    const ConvGeometry& g = problem.geometry;
    const int channels = problem.in.channels / g.groups, outputs = g.out_channels / g.groups;
    size_t index = static_cast<size_t>(begin) * channels * problem.taps();
    for (int k = begin; k < end; ++k)
        for (int c = 0; c < channels; ++c)
            for (int tap = 0; tap < problem.taps(); ++tap, ++index)
                visit(index, k, problem.column(k / outputs * channels + c, tap));
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
        forWeights(problem, begin, end, [&](size_t i, int k, int c) { panel[place(k, c, columns)] = weight[i]; });
    });
    return panel;
}

template <class T>
T* packTransposedPanel(const ConvProblem& problem, const T* weight, autodiff::Arena& arena,
                       autodiff::Workers& workers) {
    T* panel = arena.takeZero<T>(problem.transposedPanelSize());
    const int outputs = problem.geometry.out_channels;
    forOutputBlocks(problem, workers, [&](int begin, int end) {
        forWeights(problem, begin, end, [&](size_t i, int k, int c) { panel[place(c, k, outputs)] = weight[i]; });
    });
    return panel;
}

template <class T>
void unpackPanels(const ConvProblem& problem, const T* panels, int count, const T* base, T* to,
                  autodiff::Workers& workers) {
    const int columns = problem.columns();
    const size_t size = problem.panelSize();
    forOutputBlocks(problem, workers, [&](int begin, int end) {
        forWeights(problem, begin, end, [&](size_t i, int k, int c) {
            const size_t at = place(k, c, columns);
            T sum = panels[at];
            for (int part = 1; part < count; ++part) sum += panels[part * size + at];
            to[i] = (base ? base[i] : T(0)) + sum;
        });
    });
}

template float* packPanel<float>(const ConvProblem&, const float*, autodiff::Arena&, autodiff::Workers&);
template double* packPanel<double>(const ConvProblem&, const double*, autodiff::Arena&, autodiff::Workers&);
template float* packTransposedPanel<float>(const ConvProblem&, const float*, autodiff::Arena&, autodiff::Workers&);
template double* packTransposedPanel<double>(const ConvProblem&, const double*, autodiff::Arena&, autodiff::Workers&);
template void unpackPanels<float>(const ConvProblem&, const float*, int, const float*, float*, autodiff::Workers&);
template void unpackPanels<double>(const ConvProblem&, const double*, int, const double*, double*, autodiff::Workers&);

}  // namespace dna::nn
