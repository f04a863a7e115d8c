// Runs a quantised network on one picture. Convolutions and linear layers become an integer matrix product over
// gathered taps: patches [reduction][pixel] in the accumulator's type (int32, int64 where 16-bit operands need it), eight
// output channels at a time.

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/nn/integer/integer_network.h"

namespace dna::nn {
namespace {

using network::Node;
using network::Op;
using network::Quantization;
using network::Shape;

constexpr int kLanes = 16;
template <class Sum>
struct LanesOf {
    typedef Sum Type __attribute__((vector_size(kLanes * sizeof(Sum))));
};

int paddedPixels(const Shape& shape) { return (shape.height * shape.width + kLanes - 1) / kLanes * kLanes; }

/// One tap of one channel for every output pixel; taps outside the map read the zero point.
template <class Sum>
void gatherTap(const Code* plane, const Shape& in, const Node& node, int tap_row, int tap_col, int zero_point,
               Sum* patch) {
    const Shape& out = node.shape;
    for (int y = 0; y < out.height; ++y) {
        const int row = y * node.stride + tap_row * node.dilation - node.pad;
        Sum* to = patch + y * out.width;
        if (row < 0 || row >= in.height) {
            std::fill(to, to + out.width, zero_point);
            continue;
        }
        const Code* from = plane + row * in.width;
        for (int x = 0; x < out.width; ++x) {
            const int col = x * node.stride + tap_col * node.dilation - node.pad;
            to[x] = col < 0 || col >= in.width ? zero_point : from[col];
        }
    }
}

/// accumulators[k][pixel] = sum_r weight[k][r] * patch[r][pixel] for `kRows` rows and one or more lane groups.
template <int kRows, class Sum>
void productRows(const Code* weight, int reduction, const Sum* patches, int pixels, Sum* accumulators) {
    using Lanes = typename LanesOf<Sum>::Type;
    for (int p = 0; p < pixels; p += kLanes) {
        Lanes sum[kRows] = {};
        for (int r = 0; r < reduction; ++r) {
            Lanes x;
            std::memcpy(&x, patches + static_cast<size_t>(r) * pixels + p, sizeof x);
            for (int k = 0; k < kRows; ++k) sum[k] += x * static_cast<Sum>(weight[k * reduction + r]);
        }
        for (int k = 0; k < kRows; ++k)
            std::memcpy(accumulators + static_cast<size_t>(k) * pixels + p, &sum[k], sizeof sum[k]);
    }
}

template <class Sum>
void product(const Code* weight, int rows, int reduction, const Sum* patches, int pixels, Sum* accumulators) {
    int k = 0;
    for (; k + 8 <= rows; k += 8)
        productRows<8>(weight + k * reduction, reduction, patches, pixels,
                       accumulators + static_cast<size_t>(k) * pixels);
    for (; k < rows; ++k)
        productRows<1>(weight + k * reduction, reduction, patches, pixels,
                       accumulators + static_cast<size_t>(k) * pixels);
}

/// Buffers that live as long as the thread: a run allocates nothing but its result.
template <class Sum>
struct Scratch {
    std::vector<Sum> patches, accumulators;
};

template <class Sum>
Scratch<Sum>& scratch() {
    thread_local Scratch<Sum> buffers;
    return buffers;
}

/// Raw accumulators [out_channels][paddedPixels] of a convolution or linear layer, without bias.
template <class Sum>
const Sum* accumulate(const Node& node, const Shape& in, const IntegerNode& integers, const std::vector<Code>& map,
                      int zero_point) {
    const int pixels = paddedPixels(node.shape);
    const int channels = in.channels / node.groups, rows = node.out_channels / node.groups;
    const int reduction = channels * node.kernel * node.kernel;
    Scratch<Sum>& buffers = scratch<Sum>();
    buffers.patches.resize(static_cast<size_t>(reduction) * pixels);
    buffers.accumulators.resize(static_cast<size_t>(node.out_channels) * pixels);
    for (int g = 0; g < node.groups; ++g) {
        Sum* patch = buffers.patches.data();
        for (int c = 0; c < channels; ++c) {
            const Code* plane = map.data() + static_cast<size_t>(g * channels + c) * in.height * in.width;
            for (int r = 0; r < node.kernel; ++r)
                for (int s = 0; s < node.kernel; ++s, patch += pixels)
                    gatherTap(plane, in, node, r, s, zero_point, patch);
        }
        product(integers.weight_q.data() + static_cast<size_t>(g) * rows * reduction, rows, reduction,
                buffers.patches.data(), pixels, buffers.accumulators.data() + static_cast<size_t>(g) * rows * pixels);
    }
    return buffers.accumulators.data();
}

template <class Sum>
void runConv(const Node& node, const Shape& in, const IntegerNode& integers, const std::vector<Code>& map,
             int zero_point, std::vector<Code>& out) {
    const Sum* accumulators = accumulate<Sum>(node, in, integers, map, zero_point);
    const int pixels = paddedPixels(node.shape), used = node.shape.height * node.shape.width;
    const Quantization& q = *node.quantization;
    for (int k = 0; k < node.out_channels; ++k) {
        const int64_t bias = integers.bias_q[k];
        const int32_t multiplier = integers.multiplier[k], shift = integers.shift[k];
        for (int p = 0; p < used; ++p)
            out[static_cast<size_t>(k) * used + p] =
                static_cast<Code>(requantize(accumulators[static_cast<size_t>(k) * pixels + p] + bias, multiplier,
                                               shift, q.zero_point, q.low, q.high));
    }
}

template <class Sum>
void runLogits(const Node& node, const Shape& in, const IntegerNode& integers, const std::vector<Code>& map,
               int zero_point, std::vector<int64_t>& logits) {
    const Sum* accumulators = accumulate<Sum>(node, in, integers, map, zero_point);
    logits.resize(node.out_channels);
    for (int k = 0; k < node.out_channels; ++k)
        logits[k] = accumulators[static_cast<size_t>(k) * kLanes] + integers.bias_q[k];
}

/// Calls visit(output index, input index or -1 for padding) for every tap of every window.
template <class Visit>
void forWindows(const Node& node, const Shape& in, const Visit& visit) {
    size_t to = 0;
    for (int c = 0; c < in.channels; ++c)
        for (int y = 0; y < node.shape.height; ++y)
            for (int x = 0; x < node.shape.width; ++x, ++to)
                for (int r = 0; r < node.kernel; ++r)
                    for (int s = 0; s < node.kernel; ++s) {
                        const int row = y * node.stride + r - node.pad, col = x * node.stride + s - node.pad;
                        const bool inside = row >= 0 && row < in.height && col >= 0 && col < in.width;
                        visit(to, inside ? (c * in.height + row) * in.width + col : -1);
                    }
}

void runMaxPool(const Node& node, const Shape& in, const std::vector<Code>& map, std::vector<Code>& out) {
    std::fill(out.begin(), out.end(), std::numeric_limits<Code>::min());
    forWindows(node, in, [&](size_t to, int from) {
        if (from >= 0) out[to] = std::max(out[to], map[from]);
    });
}

void runAveragePool(const Node& node, const Shape& in, const IntegerNode& integers, const std::vector<Code>& map,
                    int zero_point, std::vector<Code>& out) {
    std::vector<int64_t> sums(out.size(), integers.bias_q[0]);
    forWindows(node, in, [&](size_t to, int from) { sums[to] += from >= 0 ? map[from] : zero_point; });
    const Quantization& q = *node.quantization;
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<Code>(
            requantize(sums[i], integers.multiplier[0], integers.shift[0], q.zero_point, q.low, q.high));
}

void runPool(const Node& node, const Shape& in, const IntegerNode& integers, const std::vector<Code>& map,
             std::vector<Code>& out) {
    const int pixels = in.height * in.width;
    const Quantization& q = *node.quantization;
    for (int c = 0; c < in.channels; ++c) {
        int64_t sum = integers.bias_q[0];
        for (int p = 0; p < pixels; ++p) sum += map[static_cast<size_t>(c) * pixels + p];
        out[c] = static_cast<Code>(
            requantize(sum, integers.multiplier[0], integers.shift[0], q.zero_point, q.low, q.high));
    }
}

void runAdd(const Node& node, const IntegerNode& integers, const std::vector<Code>& a, int za,
            const std::vector<Code>& b, int zb, std::vector<Code>& out) {
    const Quantization& q = *node.quantization;
    const int64_t ma = integers.multiplier[0], mb = integers.multiplier[1],
                  half = int64_t{1} << (integers.shift[0] - 1);
    for (size_t i = 0; i < out.size(); ++i) {
        const int64_t sum = (a[i] - za) * ma + (b[i] - zb) * mb + half;
        out[i] = static_cast<Code>(std::clamp<int64_t>(q.zero_point + (sum >> integers.shift[0]), q.low, q.high));
    }
}

/// The maps one behind the other: they have one grid.
void runConcat(const Node& node, const std::vector<std::vector<Code>>& maps, std::vector<Code>& out) {
    auto to = out.begin();
    for (const int input : node.inputs)
        to = std::copy(maps[static_cast<size_t>(input)].begin(), maps[static_cast<size_t>(input)].end(), to);
}

/// Channels seen as [groups][n] become [n][groups].
void runShuffle(const Node& node, const Shape& in, const std::vector<Code>& map, std::vector<Code>& out) {
    const int per_group = in.channels / node.groups;
    const size_t pixels = static_cast<size_t>(in.height) * in.width;
    for (int g = 0; g < node.groups; ++g)
        for (int i = 0; i < per_group; ++i)
            std::copy_n(map.data() + (g * per_group + i) * pixels, pixels,
                        out.data() + (i * node.groups + g) * pixels);
}

void runInput(const IntegerNetwork& network, const Shape& shape, const uint8_t* picture, std::vector<Code>& out) {
    const size_t pixels = static_cast<size_t>(shape.height) * shape.width;
    for (int c = 0; c < shape.channels; ++c)
        for (size_t p = 0; p < pixels; ++p) out[c * pixels + p] = network.input_table[c % 3][picture[c * pixels + p]];
}

}  // namespace

int32_t requantize(int64_t accumulator_plus_bias, int32_t multiplier, int32_t shift, int zero_point, int low,
                   int high) {
    __extension__ using Wide = __int128;
    // 64 bits hold the product unless both the accumulator and the multiplier are wide.
    const bool narrow = multiplier < (1 << 15) && shift < 62;
    const int64_t scaled =
        narrow ? (accumulator_plus_bias * multiplier + (int64_t{1} << (shift - 1))) >> shift
               : static_cast<int64_t>((Wide{accumulator_plus_bias} * multiplier + (Wide{1} << (shift - 1))) >> shift);
    return static_cast<int32_t>(std::clamp<int64_t>(zero_point + scaled, low, high));
}

IntegerActivations runInteger(const IntegerNetwork& network, const uint8_t* picture) {
    const std::vector<Node>& nodes = network.graph.nodes;
    IntegerActivations result;
    result.maps.resize(nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i) {
        const Node& node = nodes[i];
        std::vector<Code>& out = result.maps[i];
        const bool logits = node.op == Op::Linear && i + 1 == nodes.size();
        if (!logits) out.resize(static_cast<size_t>(node.shape.elements()));
        if (node.op == Op::Input) {
            runInput(network, node.shape, picture, out);
            continue;
        }
        const std::vector<Code>& map = result.maps[node.inputs[0]];
        const Shape& in = nodes[node.inputs[0]].shape;
        const int zero_point = nodes[node.inputs[0]].quantization->zero_point;
        const IntegerNode& integers = network.nodes[i];
        const bool wide = nodes[node.inputs[0]].quantization->bits > 8 || node.weight_bits > 8;
        if (logits && wide)
            runLogits<int64_t>(node, in, integers, map, zero_point, result.logits);
        else if (logits)
            runLogits<int32_t>(node, in, integers, map, zero_point, result.logits);
        else if (node.op == Op::MaxPool)
            runMaxPool(node, in, map, out);
        else if (node.op == Op::AveragePool)
            runAveragePool(node, in, integers, map, zero_point, out);
        else if (node.op == Op::GlobalAveragePool)
            runPool(node, in, integers, map, out);
        else if (node.op == Op::Concat)
            runConcat(node, result.maps, out);
        else if (node.op == Op::ChannelShuffle)
            runShuffle(node, in, map, out);
        else if (node.op == Op::Add)
            runAdd(node, integers, map, zero_point, result.maps[node.inputs[1]],
                   nodes[node.inputs[1]].quantization->zero_point, out);
        else if (wide)
            runConv<int64_t>(node, in, integers, map, zero_point, out);
        else
            runConv<int32_t>(node, in, integers, map, zero_point, out);
    }
    return result;
}

}  // namespace dna::nn
