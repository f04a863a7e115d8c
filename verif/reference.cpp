#include "verif/reference.h"

#include <algorithm>

#include "core/base/error.h"

namespace dna::verif {

using network::Node;
using network::Op;
using network::Shape;

namespace {

/// floor((v * m + 2^(s-1)) / 2^s) by integer division, half towards plus infinity.
__extension__ using Wide = __int128;
int64_t scaled(int64_t v, int64_t m, int s) {
    const Wide product = Wide{v} * m + (Wide{1} << (s - 1));
    const Wide unit = Wide{1} << s;
    Wide quotient = product / unit;
    if (product % unit < 0) --quotient;
    return int64_t(quotient);
}

nn::Code clamped(int64_t value, const network::Quantization& q) {
    return nn::Code(std::clamp<int64_t>(value + q.zero_point, q.low, q.high));
}

class Reference {
public:
    Reference(const nn::IntegerNetwork& network, const uint8_t* picture) : network_(network), picture_(picture) {}

    ReferenceOutputs run() {
        outputs_.maps.resize(network_.graph.nodes.size());
        for (size_t i = 0; i < network_.graph.nodes.size(); ++i) {
            switch (network_.graph.nodes[i].op) {
                case Op::Input:
                    input(i);
                    break;
                case Op::Conv2d:
                    convolution(i);
                    break;
                case Op::Linear:
                    linear(i);
                    break;
                case Op::Add:
                    add(i);
                    break;
                case Op::Concat:
                    concat(i);
                    break;
                case Op::ChannelShuffle:
                    shuffle(i);
                    break;
                case Op::MaxPool:
                    maxPool(i);
                    break;
                case Op::AveragePool:
                    averagePool(i);
                    break;
                case Op::GlobalAveragePool:
                    pool(i);
                    break;
            }
        }
        return std::move(outputs_);
    }

private:
    const Node& node(size_t i) const { return network_.graph.nodes[i]; }
    const std::vector<nn::Code>& operand(size_t i, size_t k) const { return outputs_.maps[size_t(node(i).inputs[k])]; }
    const Node& operandNode(size_t i, size_t k) const { return node(size_t(node(i).inputs[k])); }

    void input(size_t i) {
        const Shape& s = node(i).shape;
        for (int c = 0; c < s.channels; ++c)
            for (int p = 0; p < s.height * s.width; ++p)
                outputs_.maps[i].push_back(network_.input_table[size_t(c)][picture_[c * s.height * s.width + p]]);
    }

    void convolution(size_t i) {
        const Node& n = node(i);
        const Shape& in = operandNode(i, 0).shape;
        const Shape& out = n.shape;
        const nn::IntegerNode& q = network_.nodes[i];
        const int zero = operandNode(i, 0).quantization->zero_point;
        const int cin = in.channels / n.groups, cout = out.channels / n.groups;
        const std::vector<nn::Code>& x = operand(i, 0);
        for (int m = 0; m < out.channels; ++m)
            for (int p = 0; p < out.height; ++p)
                for (int c = 0; c < out.width; ++c) {
                    int64_t sum = q.bias_q[size_t(m)];
                    for (int k = 0; k < cin; ++k)
                        for (int r = 0; r < n.kernel; ++r)
                            for (int s = 0; s < n.kernel; ++s) {
                                const int y = p * n.stride + r * n.dilation - n.pad,
                                          z = c * n.stride + s * n.dilation - n.pad;
                                const bool inside = y >= 0 && y < in.height && z >= 0 && z < in.width;
                                const int channel = m / cout * cin + k;
                                const int value = inside ? x[(size_t(channel) * in.height + y) * in.width + z] : zero;
                                sum += value * q.weight_q[((size_t(m) * cin + k) * n.kernel + r) * n.kernel + s];
                            }
                    outputs_.maps[i].push_back(
                        clamped(scaled(sum, q.multiplier[size_t(m)], q.shift[size_t(m)]), *n.quantization));
                }
    }

    void linear(size_t i) {
        const Node& n = node(i);
        const nn::IntegerNode& q = network_.nodes[i];
        const std::vector<nn::Code>& x = operand(i, 0);
        const bool last = i + 1 == network_.graph.nodes.size();
        for (int m = 0; m < n.shape.channels; ++m) {
            int64_t sum = q.bias_q[size_t(m)];
            for (size_t k = 0; k < x.size(); ++k) sum += x[k] * q.weight_q[size_t(m) * x.size() + k];
            if (last)
                outputs_.logits.push_back(sum);
            else
                outputs_.maps[i].push_back(
                    clamped(scaled(sum, q.multiplier[size_t(m)], q.shift[size_t(m)]), *n.quantization));
        }
    }

    void add(size_t i) {
        const nn::IntegerNode& q = network_.nodes[i];
        const int za = operandNode(i, 0).quantization->zero_point, zb = operandNode(i, 1).quantization->zero_point;
        for (size_t k = 0; k < operand(i, 0).size(); ++k) {
            const int64_t sum =
                int64_t{operand(i, 0)[k] - za} * q.multiplier[0] + int64_t{operand(i, 1)[k] - zb} * q.multiplier[1];
            outputs_.maps[i].push_back(clamped(scaled(sum, 1, q.shift[0]), *node(i).quantization));
        }
    }

    void concat(size_t i) {
        for (size_t k = 0; k < node(i).inputs.size(); ++k)
            outputs_.maps[i].insert(outputs_.maps[i].end(), operand(i, k).begin(), operand(i, k).end());
    }

    void shuffle(size_t i) {
        const Shape& s = node(i).shape;
        const int groups = node(i).groups, plane = s.height * s.width;
        outputs_.maps[i].resize(size_t(s.elements()));
        for (int c = 0; c < s.channels; ++c) {
            const int to = c % (s.channels / groups) * groups + c / (s.channels / groups);
            for (int p = 0; p < plane; ++p)
                outputs_.maps[i][size_t(to) * plane + p] = operand(i, 0)[size_t(c) * plane + p];
        }
    }

    /// Values of the window of output (c, p, q), without those outside the map.
    std::vector<int> window(size_t i, int c, int p, int q) const {
        const Node& n = node(i);
        const Shape& in = operandNode(i, 0).shape;
        std::vector<int> values;
        for (int y = p * n.stride - n.pad; y < p * n.stride - n.pad + n.kernel; ++y)
            for (int x = q * n.stride - n.pad; x < q * n.stride - n.pad + n.kernel; ++x)
                if (y >= 0 && y < in.height && x >= 0 && x < in.width)
                    values.push_back(operand(i, 0)[(size_t(c) * in.height + y) * in.width + x]);
        return values;
    }

    void maxPool(size_t i) {
        const Shape& out = node(i).shape;
        for (int c = 0; c < out.channels; ++c)
            for (int p = 0; p < out.height; ++p)
                for (int q = 0; q < out.width; ++q) {
                    const std::vector<int> values = window(i, c, p, q);
                    outputs_.maps[i].push_back(nn::Code(*std::max_element(values.begin(), values.end())));
                }
    }

    /// Padding counts as real zeros: the zero point, which the bias takes off again.
    void averagePool(size_t i) {
        const Shape& out = node(i).shape;
        const nn::IntegerNode& q = network_.nodes[i];
        const int taps = node(i).kernel * node(i).kernel, zero = operandNode(i, 0).quantization->zero_point;
        for (int c = 0; c < out.channels; ++c)
            for (int p = 0; p < out.height; ++p)
                for (int x = 0; x < out.width; ++x) {
                    const std::vector<int> values = window(i, c, p, x);
                    int64_t sum = q.bias_q[0] + int64_t{zero} * (taps - int(values.size()));
                    for (int value : values) sum += value;
                    outputs_.maps[i].push_back(
                        clamped(scaled(sum, q.multiplier[0], q.shift[0]), *node(i).quantization));
                }
    }

    void pool(size_t i) {
        const Shape& in = operandNode(i, 0).shape;
        const nn::IntegerNode& q = network_.nodes[i];
        const int plane = in.height * in.width;
        for (int c = 0; c < in.channels; ++c) {
            int64_t sum = q.bias_q[0];
            for (int p = 0; p < plane; ++p) sum += operand(i, 0)[size_t(c) * plane + p];
            outputs_.maps[i].push_back(clamped(scaled(sum, q.multiplier[0], q.shift[0]), *node(i).quantization));
        }
    }

    const nn::IntegerNetwork& network_;
    const uint8_t* picture_;
    ReferenceOutputs outputs_;
};

}  // namespace

ReferenceOutputs runReference(const nn::IntegerNetwork& network, const uint8_t* picture) {
    return Reference(network, picture).run();
}

}  // namespace dna::verif
