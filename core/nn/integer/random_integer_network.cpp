// Gives a graph random integers whose activations neither vanish nor saturate: every node's output is scaled to a
// wanted root mean square, followed analytically through the graph.

#include <algorithm>
#include <cmath>

#include "core/base/rng.h"
#include "core/network/joined_maps.h"
#include "core/nn/integer/fixed_point.h"
#include "core/nn/integer/grids.h"
#include "core/nn/integer/integer_network.h"

namespace dna::nn {
namespace {

using network::Node;
using network::Op;
using network::Quantization;

constexpr double kNominalScale = 1.0 / 32;

class RandomMaker {
public:
    RandomMaker(const network::Network& graph, uint64_t seed, const IntegerWidths& widths)
        : result_{network::separateJoinedMaps(graph), {}, {}},
          rng_(seed, "random-integers"),
          bits_(widths.bits),
          multiplier_bits_(widths.multiplier_bits),
          least_(network::leastOf(bits_)),
          greatest_(network::greatestOf(bits_)),
          wanted_rms_(-0.3125 * least_),
          rms_(result_.graph.nodes.size()),
          grids_(sharedGrids(result_.graph)) {}

    IntegerNetwork run() {
        result_.nodes.resize(result_.graph.nodes.size());
        for (size_t i = 0; i < result_.graph.nodes.size(); ++i) fill(i);
        return std::move(result_);
    }

private:
    int between(int low, int high) { return low + static_cast<int>(rng_.below(static_cast<uint64_t>(high - low + 1))); }

    void fill(size_t i) {
        Node& node = result_.graph.nodes[i];
        rms_[i] = wanted_rms_;
        if (network::hasWeights(node)) node.weight_bits = network::weightBits(node, bits_);
        // 16-bit activations are symmetric, so that biases stay in 32 bits.
        const int zero = bits_ == 16 ? 0 : greatest_ / 6;
        node.quantization = Quantization{kNominalScale, between(-zero, zero), least_, greatest_, bits_};
        if (grids_[i] < static_cast<int>(i))
            node.quantization->zero_point = result_.graph.nodes[static_cast<size_t>(grids_[i])].quantization->zero_point;
        switch (node.op) {
            case Op::Input:
                fillInput(node);
                break;
            case Op::Conv2d:
                fillConv(i);
                break;
            case Op::Linear:
                fillLinear(i);
                break;
            case Op::Add:
                fillAdd(i);
                break;
            case Op::AveragePool:
                fillPool(i, node.kernel * node.kernel);
                break;
            case Op::GlobalAveragePool:
                fillPool(i, result_.graph.inputShapeOf(static_cast<int>(i)).height *
                                result_.graph.inputShapeOf(static_cast<int>(i)).width);
                break;
            case Op::MaxPool:
            case Op::ChannelShuffle:
            case Op::Concat:
                node.quantization = keptQuantization(result_.graph, node);
                rms_[i] = 0;
                for (const int input : node.inputs) rms_[i] = std::max(rms_[i], rms_[input]);
                break;
        }
    }

    const Node& inputOf(const Node& node) const { return result_.graph.nodes[node.inputs[0]]; }

    void fillInput(Node& node) {
        rms_[0] = -0.578 * least_;  // uniform bytes
        const double unit = -least_ / 128.0;
        for (auto& colour : result_.input_table) {
            const int gain = between(96, 128), offset = between(-8, 8);
            for (int byte = 0; byte < 256; ++byte) {
                const double value = ((byte - 128) * gain / 128 + offset) * unit + node.quantization->zero_point;
                colour[byte] = static_cast<Code>(std::clamp(static_cast<int>(value), least_, greatest_));
            }
        }
    }

    /// Weights and the bias with the input's zero point folded in; returns the expected rms of the accumulator.
    double fillWeights(size_t i) {
        const Node& node = result_.graph.nodes[i];
        IntegerNode& integers = result_.nodes[i];
        const int reduction =
            result_.graph.inputShapeOf(static_cast<int>(i)).channels / node.groups * node.kernel * node.kernel;
        const int greatest = network::greatestOf(node.weight_bits);
        const double weight_rms = greatest / 1.7320508;  // of uniform weights
        const double spread = rms_[node.inputs[0]] * weight_rms * std::sqrt(static_cast<double>(reduction));
        integers.weight_q.resize(static_cast<size_t>(node.out_channels) * reduction);
        integers.bias_q.resize(node.out_channels);
        for (int k = 0; k < node.out_channels; ++k) {
            int32_t sum = 0;
            for (int r = 0; r < reduction; ++r) {
                const int weight = between(-greatest, greatest);
                integers.weight_q[static_cast<size_t>(k) * reduction + r] = static_cast<Code>(weight);
                sum += weight;
            }
            const int bias_range = static_cast<int>(std::min(spread, 1e9));
            integers.bias_q[k] = between(-bias_range, bias_range) - inputOf(node).quantization->zero_point * sum;
        }
        return spread;
    }

    void fillConv(size_t i) {
        Node& node = result_.graph.nodes[i];
        if (node.relu) node.quantization = rectified(i);
        if (node.relu6) node.quantization->high = node.quantization->zero_point + static_cast<int>(2.5 * wanted_rms_);
        const double spread = fillWeights(i);
        for (int k = 0; k < node.out_channels; ++k)
            pushFactor(result_.nodes[i], wanted_rms_ / spread * (0.6 + 0.8 * rng_.uniform()));
    }

    void fillLinear(size_t i) {
        const double spread = fillWeights(i);
        if (i + 1 == result_.graph.nodes.size()) {
            result_.graph.nodes[i].quantization = Quantization{kNominalScale, 0, least_, greatest_, bits_};
            return;
        }
        for (int k = 0; k < result_.graph.nodes[i].out_channels; ++k) pushFactor(result_.nodes[i], wanted_rms_ / spread);
    }

    /// Behind a ReLU: nothing below the zero point, which is the least value unless a concat shares the grid.
    Quantization rectified(size_t i) const {
        const int drawn = result_.graph.nodes[i].quantization->zero_point;
        bool shared = false;
        for (size_t k = 0; k < grids_.size(); ++k)
            shared = shared || (grids_[k] == grids_[i] && result_.graph.nodes[k].op == Op::Concat);
        const int zero = shared ? drawn : bits_ == 16 ? 0 : least_;
        return {kNominalScale, zero, zero, greatest_, bits_};
    }

    void pushFactor(IntegerNode& integers, double factor) const {
        const FixedPoint fixed = toFixedPoint(factor, multiplier_bits_);
        integers.multiplier.push_back(fixed.multiplier);
        integers.shift.push_back(fixed.shift);
    }

    void fillAdd(size_t i) {
        if (result_.graph.nodes[i].relu) result_.graph.nodes[i].quantization = rectified(i);
        const FixedPointPair pair = toFixedPoints(0.5 + 0.4 * rng_.uniform(), 0.5 + 0.4 * rng_.uniform(), multiplier_bits_);
        result_.nodes[i].multiplier = {pair.multiplier_a, pair.multiplier_b};
        result_.nodes[i].shift = {pair.shift};
    }

    void fillPool(size_t i, int count) {
        result_.nodes[i].bias_q = {-inputOf(result_.graph.nodes[i]).quantization->zero_point * count};
        pushFactor(result_.nodes[i], 1.5 / count);
    }

    IntegerNetwork result_;
    base::Rng rng_;
    int bits_, multiplier_bits_, least_, greatest_;
    double wanted_rms_;        ///< of (output - zero point)
    std::vector<double> rms_;  ///< expected root mean square of (output - zero point) per node
    std::vector<int> grids_;   ///< first node of the grid of each
};

}  // namespace

IntegerNetwork randomIntegerNetwork(const network::Network& graph, uint64_t seed, const IntegerWidths& widths) {
    return RandomMaker(graph, seed, widths).run();
}

}  // namespace dna::nn
