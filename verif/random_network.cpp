#include "verif/random_network.h"

#include <algorithm>
#include <bit>

#include "verif/network_sketch.h"

namespace dna::verif {

using network::Node;
using network::Op;
using network::Shape;

namespace {

/// A global pool is a window of its whole map, which has a limit.
constexpr int kWidestPool = 15;

class Grower {
public:
    Grower(base::Rng& rng, const design::Chunk& chunk, const NetworkRange& range)
        : rng_(rng), chunk_(chunk), range_(range) {
        Node input;
        input.shape = {3, size(range.max_size), size(range.max_size)};
        if (chance(8)) input.shape = {3, upTo(3), range.max_width - int(rng_.below(uint64_t(range.max_width / 3)))};
        sketch_.node("n0", Op::Input, {}, input);
        shape_ = input.shape;
    }

    network::Network run() {
        dense();
        for (uint64_t left = rng_.below(uint64_t(range_.max_layers) + 1); left > 0; --left) grow();
        while (std::max(shape_.height, shape_.width) > kWidestPool) halve();
        if (shape_.height * shape_.width != 1) append(Op::GlobalAveragePool);
        Node classes;
        classes.out_channels = channels();
        classes.weight_bits = weightBits();
        append(Op::Linear, classes);
        return sketch_.build("fuzz");
    }

private:
    using Operator = void (Grower::*)();

    void grow() {
        static constexpr Operator kOperators[] = {
            &Grower::dense,     &Grower::depthwise, &Grower::multiplied, &Grower::grouped,  &Grower::shuffled,
            &Grower::pointwise, &Grower::maximum,   &Grower::average,    &Grower::residual, &Grower::joined,
            &Grower::dense,     &Grower::manyBlocks, &Grower::manyBlocks,
        };
        (this->*kOperators[rng_.below(std::size(kOperators))])();
    }

    void append(Op op, Node rest = {}) {
        sketch_.append(op, std::move(rest));
        shape_ = sketch_.shape();
    }

    bool chance(int in) { return rng_.below(uint64_t(in)) == 0; }
    int upTo(int most) { return 1 + int(rng_.below(uint64_t(std::max(most, 1)))); }

    /// Small sizes as often as large ones.
    int size(int most) { return std::min(most, upTo(2 << rng_.below(uint64_t(std::bit_width(unsigned(most)))))); }
    int channels() {
        static constexpr int kMultiples[] = {1, 1, 4, 8, 16};
        const int multiple = kMultiples[rng_.below(std::size(kMultiples))];
        return multiple * size(std::max(1, range_.max_channels / multiple));
    }

    /// Mostly as wide as the operands (not stated) or half of it.
    int weightBits() {
        if (chance(2)) return 0;
        return chance(4) ? 2 + int(rng_.below(uint64_t(std::min(chunk_.operand_bits, 8) - 1))) : chunk_.operand_bits / 2;
    }

    void activation(Node& n) {
        n.batch_norm = true;
        n.relu = !chance(3);
        n.relu6 = n.relu && chance(4);
    }

    /// A window that the map can hold; pad below the kernel's span, mostly what keeps the size.
    Node window(int most_kernel) {
        Node n;
        n.kernel = chance(3) ? upTo(most_kernel) : 3;
        n.stride = chance(3) ? 2 : 1;
        n.dilation = n.kernel > 1 && chance(5) ? 2 : 1;
        const int span = network::span(n);
        n.pad = chance(3) ? int(rng_.below(uint64_t(std::min(span, 7)))) : std::min(span / 2, 7);
        return n;
    }

    void convolution(Node n, int out, int groups) {
        n.out_channels = out, n.groups = groups, n.weight_bits = weightBits();
        activation(n);
        append(Op::Conv2d, n);
    }

    /// A divisor of the map's channels above 1, or 1 when there is none.
    int divisor() {
        std::vector<int> all;
        for (int d = 2; d <= shape_.channels; ++d)
            if (shape_.channels % d == 0) all.push_back(d);
        return all.empty() ? 1 : all[rng_.below(all.size())];
    }

    void dense() { convolution(window(7), channels(), 1); }
    void pointwise() {
        Node n;
        n.stride = chance(3) ? 2 : 1;
        convolution(n, channels(), 1);
    }
    /// On a small map: more blocks of channels than a part of a tile may have (15), or nearly; few before them, so that the
    /// weights of many fit a tile.
    void manyBlocks() {
        if (shape_.height * shape_.width > 64) return dense();
        convolution(Node{}, chunk_.block(), 1);
        convolution(Node{}, chunk_.block() * (12 + int(rng_.below(29))), 1);
    }
    void depthwise() { convolution(window(7), shape_.channels, shape_.channels); }
    void multiplied() {
        convolution(window(5), shape_.channels * std::clamp(range_.max_channels / shape_.channels, 1, upTo(3)),
                    shape_.channels);
    }
    void grouped() {
        const int groups = divisor();
        convolution(window(5), groups * upTo(range_.max_channels / groups), groups);
    }

    void shuffled() {
        if (shape_.channels % 2 != 0) return grouped();
        Node shuffle;
        shuffle.groups = 2;
        append(Op::ChannelShuffle, shuffle);
        if (chance(2)) return depthwise();
        convolution(window(3), 2 * upTo(range_.max_channels / 2), 2);
    }

    Node poolWindow() {
        Node n;
        n.kernel = upTo(4), n.stride = upTo(2), n.pad = int(rng_.below(uint64_t(n.kernel + 1) / 2));
        return n;
    }
    void halve() {
        Node n;
        n.kernel = 3, n.stride = 2, n.pad = 1;
        append(Op::AveragePool, n);
    }
    void maximum() { append(chunk_.max_pool ? Op::MaxPool : Op::AveragePool, poolWindow()); }
    void average() { append(Op::AveragePool, poolWindow()); }

    /// A convolution that keeps the shape, and the sum of its ends.
    void residual() {
        const std::string from = sketch_.last();
        if (from == "n0") return dense();  // the picture is no operand
        Node n;
        n.kernel = chance(2) ? 3 : 1, n.pad = n.kernel / 2;
        const bool depthwise = chance(3);
        convolution(n, shape_.channels, depthwise ? shape_.channels : 1);
        sketch_.appendAdd(from, chance(2));
    }

    /// Two or three maps one behind the other: of branches that read the last map, and that map itself. Only the last of
    /// them may end in the middle of a word.
    void joined() {
        const std::string from = sketch_.last();
        const int channels_before = shape_.channels, block = chunk_.block(), count = 2 + int(rng_.below(2));
        std::vector<std::string> parts;
        for (int k = 0; k < count; ++k) {
            const bool last = k + 1 == count;
            if ((last || channels_before % block == 0) && chance(3))
                parts.push_back(from);
            else
                parts.push_back(branch(from, last ? channels() : block * upTo(range_.max_channels / block)));
        }
        sketch_.appendOf(Op::Concat, parts);
        shape_ = sketch_.shape();
    }

    /// A convolution of an earlier map that keeps its height and width.
    std::string branch(const std::string& from, int channels) {
        Node n;
        n.kernel = chance(2) ? 3 : 1, n.pad = n.kernel / 2, n.out_channels = channels;
        activation(n);
        sketch_.appendOf(Op::Conv2d, {from}, n);
        return sketch_.last();
    }

    base::Rng& rng_;
    const design::Chunk& chunk_;
    const NetworkRange& range_;
    NetworkSketch sketch_;
    Shape shape_;
};

}  // namespace

network::Network randomNetwork(base::Rng& rng, const design::Chunk& chunk, const NetworkRange& range) {
    return Grower(rng, chunk, range).run();
}

}  // namespace dna::verif
