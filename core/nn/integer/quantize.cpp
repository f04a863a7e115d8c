// Float network -> integer network. Ranges are chosen on calibration pictures, node by node; then every number of
// hardware's rule (weights, biases, multipliers, shifts) follows from the scales.

#include "core/nn/integer/quantize.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/network/joined_maps.h"
#include "core/network/trainable.h"
#include "core/nn/integer/fixed_point.h"
#include "core/nn/integer/folding.h"
#include "core/nn/integer/grids.h"
#include "core/nn/integer/rescale.h"

namespace dna::nn {
namespace {

using network::Node;
using network::Op;
using network::Quantization;

constexpr int kBatch = 64;
constexpr double kLeastScale = 1e-8;

int roundHalfUp(double x) { return static_cast<int>(std::floor(x + 0.5)); }

/// Values of one node on the calibration pictures: extremes of all, and a sample for the choice of the range.
struct Observation {
    double low = 0, high = 0;
    std::vector<float> sample;
};

void observe(const autodiff::Tensor<float>& values, Observation& seen) {
    constexpr size_t kPerBatch = 4096;
    const auto& map = values.map;
    const size_t count = static_cast<size_t>(map.pictures) * map.channels * map.pixels();
    const size_t step = std::max<size_t>(count / kPerBatch, 1) | 1;  // odd, so that it visits all channels and pixels
    for (int n = 0; n < map.pictures; ++n)
        for (int c = 0; c < map.channels; ++c)
            for (int p = 0; p < map.pixels(); ++p) {
                const double value = static_cast<double>(values.at(n, c, p));
                seen.low = std::min(seen.low, value);
                seen.high = std::max(seen.high, value);
            }
    for (size_t i = 0; i < count; i += step) {
        const auto pixels = static_cast<size_t>(map.pixels()), channels = static_cast<size_t>(map.channels);
        seen.sample.push_back(values.at(static_cast<int>(i / pixels / channels),
                                        static_cast<int>(i / pixels % channels), static_cast<int>(i % pixels)));
    }
}

/// 16 bits are symmetric: biases keep inside 32 bits, and nothing is lost that a picture could show.
Quantization ofRange(double low, double high, int bits) {
    Quantization q;
    q.bits = bits;
    q.low = network::leastOf(bits), q.high = network::greatestOf(bits);
    if (bits == 16) {
        q.scale = std::max(std::max(-low, high) / q.high, kLeastScale);
        return q;
    }
    q.scale = std::max((high - low) / (q.high - q.low), kLeastScale);
    q.zero_point = std::clamp(roundHalfUp(q.low - low / q.scale), q.low, q.high);
    return q;
}

double squaredError(const Quantization& q, const std::vector<float>& sample) {
    double error = 0;
    for (float value : sample) {
        const double exact = static_cast<double>(value);
        const int code = std::clamp(roundHalfUp(exact / q.scale) + q.zero_point, q.low, q.high);
        const double difference = exact - q.scale * (code - q.zero_point);
        error += difference * difference;
    }
    return error;
}

/// Both together.
Observation merged(Observation a, const Observation& b) {
    a.low = std::min(a.low, b.low), a.high = std::max(a.high, b.high);
    a.sample.insert(a.sample.end(), b.sample.begin(), b.sample.end());
    return a;
}

/// The range, shrunk from the extremes in steps, whose rounding and clipping error is least.
Quantization bestGrid(const Observation& seen, bool relu, int bits) {
    Quantization best;
    double least = HUGE_VAL;
    for (int step = 0; step < 24; ++step) {
        const double shrink = 1.0 - 0.03 * step;
        const Quantization q = ofRange(relu ? 0.0 : seen.low * shrink, seen.high * shrink, bits);
        const double error = squaredError(q, seen.sample);
        if (error < least) least = error, best = q;
    }
    return best;
}

/// The grid with the clamps of a node's ReLU or ReLU6.
Quantization clamped(Quantization grid, const Node& node) {
    if (node.relu) grid.low = grid.zero_point;
    if (node.relu6) grid.high = std::min(grid.high, grid.zero_point + roundHalfUp(6 / grid.scale));
    return grid;
}

class Quantizer {
public:
    Quantizer(network::TrainedNetwork& network, const uint8_t* pictures, int count, const QuantizeOptions& options,
              autodiff::Workers& workers)
        : network_(network),
          pictures_(pictures),
          count_(std::min(count, options.pictures)),
          options_(options),
          tape_(workers),
          workers_(workers),
          grids_(sharedGrids(network.graph)) {
        result_.graph = network.graph;
        result_.nodes.resize(network.graph.nodes.size());
        for (size_t i = 0; i < options_.weight_bits.size(); ++i) result_.graph.nodes[i].weight_bits = options_.weight_bits[i];
    }

    IntegerNetwork run() {
        makeInputTable();
        if (options_.ranges.empty()) observeAll();
        if (options_.ranges.empty())
            for (size_t i = 1; i < result_.graph.nodes.size(); ++i) chooseQuantization(i);
        else
            for (size_t i = 0; i < result_.graph.nodes.size(); ++i) result_.graph.nodes[i].quantization = options_.ranges[i];
        for (size_t i = 1; i < result_.graph.nodes.size(); ++i) fill(i);
        if (options_.correct_bias) correctBiases();
        return std::move(result_);
    }

private:
    const Quantization& inputOf(const Node& node, int k = 0) const {
        return *result_.graph.nodes[node.inputs[k]].quantization;
    }

    /// One scale and zero point for all colours; real 0 (the mean, and padding) is the zero point exactly.
    void makeInputTable() {
        double low = 0, high = 0;
        const auto real = [&](int c, int byte) {
            return (byte - static_cast<double>(network_.mean[c])) / static_cast<double>(network_.deviation[c]);
        };
        for (int c = 0; c < 3; ++c) low = std::min(low, real(c, 0)), high = std::max(high, real(c, 255));
        const Quantization q = ofRange(low, high, options_.widths.bits);
        result_.graph.nodes[0].quantization = q;
        for (int c = 0; c < 3; ++c)
            for (int byte = 0; byte < 256; ++byte)
                result_.input_table[c][byte] =
                    static_cast<Code>(std::clamp(roundHalfUp(real(c, byte) / q.scale) + q.zero_point, q.low, q.high));
    }

    /// The batch as the integer network sees it: through the input table.
    autodiff::Tensor<float> batch(int begin, int end) {
        const network::Shape& shape = network_.graph.inputShape();
        const autodiff::Tensor<float> x = tape_.allocate({end - begin, shape.channels, shape.height, shape.width});
        std::fill(x.data, x.data + x.size, 0.0f);
        const Quantization& q = *result_.graph.nodes[0].quantization;
        for (int n = begin; n < end; ++n)
            for (int c = 0; c < shape.channels; ++c)
                for (int p = 0; p < shape.height * shape.width; ++p) {
                    const uint8_t byte = picture(n)[c * shape.height * shape.width + p];
                    x.at(n - begin, c, p) =
                        static_cast<float>(q.scale * (result_.input_table[c % 3][byte] - q.zero_point));
                }
        return x;
    }

    const uint8_t* picture(int n) const {
        return pictures_ + static_cast<size_t>(network_.graph.inputShape().elements()) * n;
    }

    /// Calls visit(first picture, values of all nodes) for the calibration pictures, batch by batch.
    template <class Visit>
    void forFloatBatches(const Visit& visit) {
        for (int begin = 0; begin < count_; begin += kBatch) {
            tape_.reset();
            std::vector<autodiff::Var> outputs;
            network::runNetwork(tape_, network_.graph, network_.parameters, "",
                                tape_.constant(batch(begin, std::min(begin + kBatch, count_))), {false, false, false},
                                &outputs);
            visit(begin, outputs);
        }
    }

    void observeAll() {
        seen_.resize(network_.graph.nodes.size());
        forFloatBatches([&](int, const std::vector<autodiff::Var>& outputs) {
            workers_.run(static_cast<int>(outputs.size()), [&](int i) { observe(tape_.value(outputs[i]), seen_[i]); });
        });
    }

    void chooseQuantization(size_t i) {
        Node& node = result_.graph.nodes[i];
        node.quantization = network::keepsGrid(node.op) ? keptQuantization(result_.graph, node) : clamped(gridOf(i), node);
    }

    /// Of a node's own values; where a concat ties it to others, of the values of all of them, chosen once.
    Quantization gridOf(size_t i) {
        const auto first = static_cast<size_t>(grids_[i]);
        if (first < i) {
            Quantization grid = *result_.graph.nodes[first].quantization;
            grid.low = network::leastOf(grid.bits), grid.high = network::greatestOf(grid.bits);
            return grid;
        }
        Observation seen = seen_[i];
        bool relu = result_.graph.nodes[i].relu;
        for (size_t k = i + 1; k < grids_.size(); ++k) {
            if (grids_[k] != grids_[i] || network::keepsGrid(result_.graph.nodes[k].op)) continue;
            seen = merged(std::move(seen), seen_[k]);
            relu = relu && result_.graph.nodes[k].relu;
        }
        return bestGrid(seen, relu, options_.widths.bits);
    }

    void fill(size_t i) {
        const Node& node = result_.graph.nodes[i];
        const int multiplier_bits = options_.widths.multiplier_bits;
        if (network::hasWeights(node)) fillProduct(i);
        if (node.op == Op::AveragePool || node.op == Op::GlobalAveragePool)
            result_.nodes[i] = averageIntegers(inputOf(node), *node.quantization,
                                               averagedValues(result_.graph, static_cast<int>(i)), multiplier_bits);
        if (node.op == Op::Add)
            result_.nodes[i] = addIntegers(inputOf(node, 0), inputOf(node, 1), *node.quantization, multiplier_bits);
    }

    void pushFactor(IntegerNode& integers, double factor) const {
        const FixedPoint fixed = toFixedPoint(factor, options_.widths.multiplier_bits);
        integers.multiplier.push_back(fixed.multiplier);
        integers.shift.push_back(fixed.shift);
    }

    void fillProduct(size_t i) {
        Node& node = result_.graph.nodes[i];
        IntegerNode& integers = result_.nodes[i];
        const Folded folded = fold(network_, i);
        const bool logits = node.op == Op::Linear && i + 1 == result_.graph.nodes.size();
        const Quantization& in = inputOf(node);
        node.weight_bits = network::weightBits(node, options_.widths.bits);
        const int greatest = network::greatestOf(node.weight_bits);
        const std::vector<double> scales = weightScales(folded, logits, in, node.weight_bits);
        for (int k = 0; k < folded.outputs; ++k) {
            const double weight_scale = scales[k];
            int32_t sum = 0;
            for (int r = 0; r < folded.reduction; ++r) {
                const int q =
                    std::clamp(roundHalfUp(folded.weight[static_cast<size_t>(k) * folded.reduction + r] / weight_scale),
                               -greatest, greatest);
                integers.weight_q.push_back(static_cast<Code>(q));
                sum += q;
            }
            integers.bias_q.push_back(roundHalfUp(folded.bias[k] / (in.scale * weight_scale)) - in.zero_point * sum);
            if (!logits) pushFactor(integers, in.scale * weight_scale / node.quantization->scale);
        }
        const int bits = options_.widths.bits;
        if (logits) node.quantization = Quantization{in.scale * scales.front(), 0, network::leastOf(bits), network::greatestOf(bits), bits};
    }

    /// Removes the mean difference between float and integer outputs of every channel, in execution order, so that a
    /// layer is corrected for what the layers before it still do wrong.
    void correctBiases() {
        for (size_t i = 1; i + 1 < result_.graph.nodes.size(); ++i)
            if (result_.graph.nodes[i].op == Op::Conv2d) correctBias(i);
    }

    void correctBias(size_t i) {
        const Node& node = result_.graph.nodes[i];
        const int channels = node.out_channels, pixels = node.shape.height * node.shape.width;
        const Quantization& q = *node.quantization;
        std::vector<double> difference(static_cast<size_t>(count_) * channels);
        forFloatBatches([&](int begin, const std::vector<autodiff::Var>& outputs) {
            const autodiff::Tensor<float>& wanted = tape_.value(outputs[i]);
            workers_.run(wanted.map.pictures, [&](int n) {
                const IntegerActivations found = runInteger(result_, picture(begin + n));
                for (int c = 0; c < channels; ++c) {
                    double sum = 0;
                    for (int p = 0; p < pixels; ++p)
                        sum += static_cast<double>(wanted.at(n, c, p)) -
                               q.scale * (found.maps[i][static_cast<size_t>(c) * pixels + p] - q.zero_point);
                    difference[static_cast<size_t>(begin + n) * channels + c] = sum;
                }
            });
        });
        IntegerNode& integers = result_.nodes[i];
        for (int c = 0; c < channels; ++c) {
            double sum = 0;
            for (int n = 0; n < count_; ++n) sum += difference[static_cast<size_t>(n) * channels + c];
            const FixedPoint factor{integers.multiplier[c], integers.shift[c]};
            const double steps = sum / (static_cast<double>(count_) * pixels) / (q.scale * factor.value());
            integers.bias_q[c] += static_cast<int32_t>(std::clamp(std::floor(steps + 0.5), -1e8, 1e8));
        }
    }

    network::TrainedNetwork& network_;
    const uint8_t* pictures_;
    int count_;
    QuantizeOptions options_;
    autodiff::Tape<float> tape_;
    autodiff::Workers& workers_;
    std::vector<int> grids_;  ///< first node of the grid of each
    IntegerNetwork result_;
    std::vector<Observation> seen_;
};

}  // namespace

IntegerNetwork quantize(network::TrainedNetwork& network, const uint8_t* pictures, int count,
                        const QuantizeOptions& options, autodiff::Workers& workers) {
    DNA_CHECK(count > 0, "quantisation wants calibration pictures");
    network.graph = network::separateJoinedMaps(network.graph);
    return Quantizer(network, pictures, count, options, workers).run();
}

int classify(const IntegerNetwork& network, const uint8_t* picture) {
    const std::vector<int64_t> logits = runInteger(network, picture).logits;
    return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::vector<int> classify(const IntegerNetwork& network, const uint8_t* pictures, int count,
                          autodiff::Workers& workers) {
    const size_t bytes = static_cast<size_t>(network.graph.inputShape().elements());
    std::vector<int> answers(count);
    workers.run(count, [&](int i) { answers[i] = classify(network, pictures + bytes * static_cast<size_t>(i)); });
    return answers;
}

}  // namespace dna::nn
