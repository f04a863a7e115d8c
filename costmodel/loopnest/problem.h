#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dna::costmodel::loopnest {

/// Problem dimensions of a convolution: C input and M output channels per group, P rows and Q columns of the output,
/// R rows and S columns of the kernel, N batch, G groups.
enum class Dim : uint8_t { C, M, P, Q, R, S, N, G };
constexpr int kDims = 8;
constexpr std::string_view kDimNames = "CMPQRSNG";

/// Data spaces, in the order of the field's tables.
enum class Tensor : uint8_t { Weights, Inputs, Outputs };
constexpr int kTensors = 3;
constexpr std::array<std::string_view, kTensors> kTensorNames = {"Weights", "Inputs", "Outputs"};

constexpr int index(Dim d) { return static_cast<int>(d); }
constexpr int index(Tensor t) { return static_cast<int>(t); }

template <class T>
using PerDim = std::array<T, kDims>;
template <class T>
using PerTensor = std::array<T, kTensors>;

/// Whether a loop over `d` moves the tile of `t`: Weights C M R S G; Inputs N C (P,R) (Q,S) G; Outputs N M P Q G.
constexpr bool indexes(Tensor t, Dim d) {
    constexpr std::array<std::array<bool, kDims>, kTensors> table = {{
        // C     M      P      Q      R      S      N      G
        {true, true, false, false, true, true, false, true},
        {true, false, true, true, true, true, true, true},
        {false, true, true, true, false, false, true, true},
    }};
    return table[index(t)][index(d)];
}

/// Coordinates of a data space. A loop moves a tile along one of them; only rows and columns of Inputs are moved by two
/// dimensions (P and R, Q and S), so only there tiles overlap.
enum class Axis : uint8_t { C, M, Rows, Columns, R, S, N, G };
constexpr int kAxes = 8;
constexpr int index(Axis a) { return static_cast<int>(a); }

constexpr Axis axisOf(Tensor t, Dim d) {
    switch (d) {
        case Dim::P:
            return Axis::Rows;
        case Dim::Q:
            return Axis::Columns;
        case Dim::R:
            return t == Tensor::Inputs ? Axis::Rows : Axis::R;
        case Dim::S:
            return t == Tensor::Inputs ? Axis::Columns : Axis::S;
        case Dim::C:
            return Axis::C;
        case Dim::M:
            return Axis::M;
        case Dim::N:
            return Axis::N;
        case Dim::G:
            return Axis::G;
    }
    return Axis::G;
}

/// One layer. Input rows are P * stride_p + R * dilation_r, columns Q * stride_q + S * dilation_s; padding is part of
/// the input, as in the field's reference.
struct Problem {
    std::string name;
    PerDim<int64_t> bounds = {1, 1, 1, 1, 1, 1, 1, 1};
    int64_t stride_p = 1, stride_q = 1;
    int64_t dilation_r = 1, dilation_s = 1;

    int64_t bound(Dim d) const { return bounds[index(d)]; }
    /// Words that one step of `d` moves the tile of `t` along its axis.
    int64_t step(Tensor t, Dim d) const {
        if (t != Tensor::Inputs) return 1;
        switch (d) {
            case Dim::P:
                return stride_p;
            case Dim::Q:
                return stride_q;
            case Dim::R:
                return dilation_r;
            case Dim::S:
                return dilation_s;
            default:
                return 1;
        }
    }
    bool operator==(const Problem&) const = default;
};

/// Multiply-accumulates. Throws InputError naming `problem.name` when they, or the words of a tensor, exceed 2^53:
/// counts are doubles and must stay exact.
double macs(const Problem& problem);
/// What of a layer with sound bounds, strides and dilations is too large to count, one sentence each.
std::vector<std::string> excesses(const Problem& problem);
/// Throws InputError (every problem found) unless bounds, strides and dilations are positive and counts stay exact.
void validate(const Problem& problem, const std::string& file, const std::string& pointer);

/// Words of the box of `t` for the extents (units of each dimension) of a tile, gaps of strides included.
template <class T>
T tileWords(const Problem& problem, Tensor t, const PerDim<T>& extent) {
    const auto at = [&](Dim d) { return extent[index(d)]; };
    switch (t) {
        case Tensor::Weights:
            return at(Dim::C) * at(Dim::M) * at(Dim::R) * at(Dim::S) * at(Dim::G);
        case Tensor::Outputs:
            return at(Dim::N) * at(Dim::M) * at(Dim::P) * at(Dim::Q) * at(Dim::G);
        case Tensor::Inputs:
            break;
    }
    return at(Dim::N) * at(Dim::C) * at(Dim::G) * inputRows(problem, extent) * inputColumns(problem, extent);
}
template <class T>
T inputRows(const Problem& p, const PerDim<T>& extent) {
    return (extent[index(Dim::P)] - 1.0) * double(p.stride_p) + (extent[index(Dim::R)] - 1.0) * double(p.dilation_r) +
           1.0;
}
template <class T>
T inputColumns(const Problem& p, const PerDim<T>& extent) {
    return (extent[index(Dim::Q)] - 1.0) * double(p.stride_q) + (extent[index(Dim::S)] - 1.0) * double(p.dilation_s) +
           1.0;
}

}  // namespace dna::costmodel::loopnest
