// From the layers that were read to a network: checks of the whole, batch norms in the network's own terms, integers of
// quantised layers.

#include "flows/onnx/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/network/grids.h"
#include "core/network/joined_maps.h"
#include "core/network/trainable.h"
#include "core/nn/integer/fixed_point.h"
#include "core/nn/integer/grids.h"
#include "core/nn/integer/rescale.h"
#include "flows/onnx/metadata.h"
#include "flows/onnx/reader.h"
#include "flows/onnx/weights.h"

namespace dna::flows::onnx {
namespace {

using network::Op;
using network::Quantization;

constexpr double kEpsilon = 1e-5;  // of this program's batch norms

class Assembler {
public:
    Assembler(const Model& model, GraphReader& reader, const ImportOptions& options)
        : model_(model), reader_(reader), layers_(reader.layers()), options_(options) {}

    Imported run(const Value& output, const std::string& name) {
        finish();
        const int last = lastLayer(output);
        finish();
        keepNeeded(last);
        const bool quantized = std::any_of(layers_.begin(), layers_.end(), [](const Layer& layer) {
            return layer.node.quantization.has_value() || !layer.weight_codes.empty();
        });
        if (quantized)
            checkQuantized();
        else
            checkReal();
        if (const auto widths = model_.metadata.find(kWeightBitsKey); widths != model_.metadata.end())
            readWeightBits(widths->second, model_.file, layers_, reader_.problems());
        finish();
        Imported imported{quantized ? decltype(Imported::network)(integerNetwork(name)) : trainedNetwork(name),
                          std::move(notes_)};
        finish();
        return imported;
    }

private:
    void problem(const std::string& place, const std::string& message) {
        reader_.problems().push_back({model_.file, place, message});
    }

    void finish() {
        if (!reader_.problems().empty()) throw base::InputError(reader_.problems());
    }

    /// The layer that gives the logits: a linear one, or a 1x1 convolution on a 1x1 map, which is the same.
    int lastLayer(const Value& output) {
        const std::string place = fmt::format("output \"{}\"", shown(model_.output));
        const auto* map = std::get_if<MapValue>(&output);
        if (!map || map->groups > 0 || map->layer == 0) {
            problem(place, "expected the logits of a linear layer");
            return 0;
        }
        Layer& last = layers_[static_cast<size_t>(map->layer)];
        const bool bare = !last.node.batch_norm && !last.node.relu && !last.bounds;
        if (last.node.op == Op::Conv2d && bare && last.node.kernel == 1 && last.node.groups == 1 &&
            last.node.pad == 0 &&
            layers_[static_cast<size_t>(last.node.inputs[0])].node.shape.elements() == inputChannels(last)) {
            last.node.op = Op::Linear;
            last.node.stride = last.node.dilation = 1;
        }
        if (last.node.op != Op::Linear)
            problem(
                place,
                fmt::format(
                    "comes from {}; expected a linear layer on a 1x1 map (behind a global pool, for example), whose "
                    "sums are the logits",
                    last.place));
        return map->layer;
    }

    int inputChannels(const Layer& layer) const {
        return layers_[static_cast<size_t>(layer.node.inputs[0])].node.shape.channels;
    }

    /// Drops layers that only gave a shape.
    void keepNeeded(int last) {
        std::vector<char> needed(layers_.size());
        needed[0] = needed[static_cast<size_t>(last)] = 1;
        for (size_t i = static_cast<size_t>(last); i > 0; --i)
            if (needed[i])
                for (const int input : layers_[i].node.inputs) needed[static_cast<size_t>(input)] = 1;
        std::vector<int> place(layers_.size());
        std::vector<Layer> kept;
        for (size_t i = 0; i <= static_cast<size_t>(last); ++i) {
            if (!needed[i]) continue;
            for (int& input : layers_[i].node.inputs) input = place[static_cast<size_t>(input)];
            place[i] = static_cast<int>(kept.size());
            kept.push_back(std::move(layers_[i]));
        }
        layers_ = std::move(kept);
    }

    void checkReal() {
        for (const Layer& layer : layers_)
            if (layer.bounds)
                problem(layer.place,
                        fmt::format("Clip to [{}, {}] behind it: expected [0, 6] behind a convolution (ReLU6)",
                                    layer.bounds->first, layer.bounds->second));
    }

    /// Every layer's output and weights are quantised; max pools, shuffles and concats keep what they read.
    void checkQuantized() {
        for (size_t i = 0; i < layers_.size(); ++i) {
            Layer& layer = layers_[i];
            const bool last = i + 1 == layers_.size();
            if (network::keepsGrid(layer.node.op)) {
                keepGrid(layer);
            } else if (!layer.node.quantization && !last) {
                problem(layer.place,
                        "its output is not quantised, but others are (expected QuantizeLinear, DequantizeLinear)");
            } else if (layer.read_unquantized && !last) {
                problem(layer.place, "its output is read both before and behind QuantizeLinear");
            }
            if (hasWeights(layer) && layer.weight_codes.empty())
                problem(layer.place, "its weights are not quantised, but other layers are");
            if (layer.node.quantization && layer.node.quantization->low > layer.node.quantization->high)
                problem(layer.place, "its Clip and ReLU leave no value");
        }
    }

    /// Inputs of a concat that is quantised itself may lie on other grids: copies bring them to its own.
    void keepGrid(Layer& layer) {
        const std::optional<Quantization> own = layer.node.quantization;
        if (own && layer.node.op == Op::Concat) return;
        std::optional<Quantization> kept;
        for (const int index : layer.node.inputs) {
            const auto& input = layers_[static_cast<size_t>(index)].node.quantization;
            if (!input) continue;  // said where it is made
            if ((own && !network::sameGrid(*own, *input)) || (kept && !network::sameGrid(*kept, *input)))
                return problem(layer.place, "is quantised in another way than its input, whose values it only moves");
            if (!kept) kept = input;
            kept->low = std::min(kept->low, input->low), kept->high = std::max(kept->high, input->high);
        }
        layer.node.quantization = kept;
    }

    network::Network graph(const std::string& name) const {
        std::vector<network::Node> nodes;
        std::vector<std::vector<std::string>> inputs;
        for (const Layer& layer : layers_) {
            inputs.emplace_back();
            for (const int input : layer.node.inputs)
                inputs.back().push_back(layers_[static_cast<size_t>(input)].node.name);
            nodes.push_back(layer.node);
        }
        return network::makeNetwork(name, std::move(nodes), inputs, model_.file);
    }

    // --- pictures ---

    std::array<double, 3> threeNumbers(const char* key, double fallback) {
        const auto found = model_.metadata.find(key);
        if (found == model_.metadata.end()) return {fallback, fallback, fallback};
        const auto values = numbers(found->second);
        if (values && values->size() == 3 &&
            (key != std::string(kDeviationKey) || *std::min_element(values->begin(), values->end()) > 0))
            return {(*values)[0], (*values)[1], (*values)[2]};
        problem(fmt::format("metadata \"{}\"", key),
                fmt::format("expected three numbers, found \"{}\"", shown(found->second)));
        return {fallback, fallback, fallback};
    }

    /// Mean and deviation of bytes.
    std::pair<std::array<double, 3>, std::array<double, 3>> normalization() {
        std::array<double, 3> mean = threeNumbers(kMeanKey, 0), deviation = threeNumbers(kDeviationKey, 255);
        if (options_.mean)
            for (size_t c = 0; c < 3; ++c) mean[c] = 255 * (*options_.mean)[c];
        if (options_.deviation)
            for (size_t c = 0; c < 3; ++c) deviation[c] = 255 * (*options_.deviation)[c];
        if (!options_.mean && !options_.deviation && !model_.metadata.contains(kMeanKey))
            notes_.push_back("no normalisation of the pictures is given (--mean, --std): bytes are divided by 255");
        return {mean, deviation};
    }

    // --- float networks ---

    network::TrainedNetwork trainedNetwork(const std::string& name) {
        network::TrainedNetwork trained{graph(name), {}, {}, {}};
        const auto [mean, deviation] = normalization();
        for (size_t c = 0; c < 3; ++c)
            trained.mean[c] = static_cast<float>(mean[c]), trained.deviation[c] = static_cast<float>(deviation[c]);
        network::addParameters(trained.parameters, trained.graph, "", 0);
        for (const Layer& layer : layers_) {
            if (!hasWeights(layer)) continue;
            const auto set = [&](const char* what, const std::vector<float>& values) {
                std::copy(values.begin(), values.end(),
                          trained.parameters.values(trained.parameters.index(layer.node.name + what)));
            };
            set(".weight", layer.weight);
            if (layer.batch_norm)
                setBatchNorm(layer, set);
            else
                set(".bias", layer.bias);
        }
        return trained;
    }

    /// A bias before the batch norm moves its mean; another epsilon changes its factor.
    template <class Set>
    static void setBatchNorm(const Layer& layer, const Set& set) {
        BatchNorm norm = *layer.batch_norm;
        for (size_t k = 0; k < norm.gamma.size(); ++k) {
            const auto variance = static_cast<double>(norm.variance[k]);
            if (static_cast<float>(norm.epsilon) != static_cast<float>(kEpsilon))
                norm.gamma[k] =
                    static_cast<float>(static_cast<double>(norm.gamma[k]) *
                                       std::sqrt((std::max(variance, 0.0) + kEpsilon) / (variance + norm.epsilon)));
            norm.variance[k] = std::max(norm.variance[k], 0.0f);
            norm.mean[k] -= layer.bias[k];
        }
        set(".bn.weight", norm.gamma), set(".bn.bias", norm.beta);
        set(".bn.running_mean", norm.mean), set(".bn.running_var", norm.variance);
    }

    // --- integer networks ---

    nn::IntegerNetwork integerNetwork(const std::string& name) {
        Layer& last = layers_.back();
        if (last.node.quantization)
            notes_.push_back("the logits keep all their bits: the last QuantizeLinear is left out");
        const double in = inputOf(last).scale;
        last.node.quantization =
            Quantization{in * *std::max_element(last.weight_scales.begin(), last.weight_scales.end()), 0, -128, 127, 8};
        nn::IntegerNetwork network{network::separateJoinedMaps(graph(name)), {}, {}};
        network.nodes.resize(network.graph.nodes.size());
        for (const Layer& layer : layers_)
            if (hasWeights(layer))
                network.nodes[static_cast<size_t>(network.graph.find(layer.node.name))] =
                    productIntegers(layer, &layer == &last);
        fillRescaling(network);
        makeTable(network);
        return network;
    }

    const Quantization& inputOf(const Layer& layer) const {
        return *layers_[static_cast<size_t>(layer.node.inputs[0])].node.quantization;
    }

    /// Operators without weights: grids that are kept, average pools (copies for concats among them), adds.
    static void fillRescaling(nn::IntegerNetwork& network) {
        for (size_t i = 1; i < network.graph.nodes.size(); ++i) {
            network::Node& node = network.graph.nodes[i];
            const auto inputOf = [&](size_t k) -> const Quantization& {
                return *network.graph.nodes[static_cast<size_t>(node.inputs[k])].quantization;
            };
            if (network::keepsGrid(node.op)) node.quantization = nn::keptQuantization(network.graph, node);
            if (node.op == Op::AveragePool || node.op == Op::GlobalAveragePool)
                network.nodes[i] =
                    nn::averageIntegers(inputOf(0), *node.quantization,
                                        nn::averagedValues(network.graph, static_cast<int>(i)), kMultiplierBits);
            if (node.op == Op::Add)
                network.nodes[i] = nn::addIntegers(inputOf(0), inputOf(1), *node.quantization, kMultiplierBits);
        }
    }

    nn::IntegerNode productIntegers(const Layer& layer, bool logits) {
        const Quantization& in = inputOf(layer);
        const auto outputs = static_cast<size_t>(layer.node.out_channels),
                   reduction = layer.weight_codes.size() / outputs;
        const auto scale = [&](size_t k) { return layer.weight_scales[layer.weight_scales.size() == 1 ? 0 : k]; };
        const double common = *std::max_element(layer.weight_scales.begin(), layer.weight_scales.end());
        if (logits && common != *std::min_element(layer.weight_scales.begin(), layer.weight_scales.end()))
            notes_.push_back(
                fmt::format("{}: logits share one scale, its weights are rounded to it again", layer.place));
        nn::IntegerNode integers;
        for (size_t k = 0; k < outputs; ++k) {
            const double unit = in.scale * (logits ? common : scale(k));
            int64_t sum = 0, size = 0;
            for (size_t r = 0; r < reduction; ++r) {
                const auto code = static_cast<double>(layer.weight_codes[k * reduction + r]);
                const auto weight = static_cast<int64_t>(std::nearbyint(logits ? code * (scale(k) / common) : code));
                integers.weight_q.push_back(static_cast<nn::Code>(weight));
                sum += weight, size += std::abs(weight);
            }
            const double bias = std::nearbyint(std::clamp(biasOf(layer, k, unit), -1e12, 1e12)) -
                                static_cast<double>(in.zero_point * sum);
            if (std::abs(bias) + 128.0 * static_cast<double>(size) >= 2147483648.0) {
                problem(layer.place, fmt::format("the sum of output channel {} can overflow 32 bits", k));
                return {};
            }
            integers.bias_q.push_back(static_cast<int32_t>(bias));
            if (logits) continue;
            const nn::FixedPoint factor = nn::toFixedPoint(unit / layer.node.quantization->scale, kMultiplierBits);
            integers.multiplier.push_back(factor.multiplier);
            integers.shift.push_back(factor.shift);
        }
        return integers;
    }

    /// The bias in units of the accumulator: the file's integer where it is in these units.
    static double biasOf(const Layer& layer, size_t k, double unit) {
        if (layer.bias_codes.empty()) return static_cast<double>(layer.bias[k]) / unit;
        const double scale = layer.bias_scales[layer.bias_scales.size() == 1 ? 0 : k];
        const auto code = static_cast<double>(layer.bias_codes[k]);
        return std::abs(scale / unit - 1) < 1e-5 ? code : code * (scale / unit);
    }

    void makeTable(nn::IntegerNetwork& network) {
        const auto found = model_.metadata.find(kTableKey);
        if (found != model_.metadata.end()) return readTable(found->second, network);
        const auto [mean, deviation] = normalization();
        const Quantization& q = *network.graph.nodes[0].quantization;
        for (size_t c = 0; c < 3; ++c)
            for (size_t byte = 0; byte < 256; ++byte) {
                const double code = (static_cast<double>(byte) - mean[c]) / deviation[c] / q.scale;
                network.input_table[c][byte] = static_cast<nn::Code>(
                    std::clamp<double>(std::nearbyint(std::clamp(code, -1e6, 1e6)) + q.zero_point, q.low, q.high));
            }
    }

    void readTable(const std::string& text, nn::IntegerNetwork& network) {
        const auto values = numbers(text);
        const Quantization& q = *network.graph.nodes[0].quantization;
        const auto fits = [&](double value) { return value >= q.low && value <= q.high && value == std::floor(value); };
        if (!values || values->size() != 3 * 256 || !std::all_of(values->begin(), values->end(), fits))
            return problem(fmt::format("metadata \"{}\"", kTableKey),
                           fmt::format("expected 3 x 256 integers from {} to {}", q.low, q.high));
        for (size_t i = 0; i < values->size(); ++i)
            network.input_table[i / 256][i % 256] = static_cast<nn::Code>((*values)[i]);
    }

    static constexpr int kMultiplierBits = 16;

    const Model& model_;
    GraphReader& reader_;
    std::vector<Layer>& layers_;
    const ImportOptions& options_;
    std::vector<std::string> notes_;
};

}  // namespace

const network::Network& Imported::graph() const {
    if (const auto* trained = std::get_if<network::TrainedNetwork>(&network)) return trained->graph;
    return std::get<nn::IntegerNetwork>(network).graph;
}

Imported importModel(const Model& model, const std::string& name, const ImportOptions& options) {
    if (model.input_dims[1] != 1 && model.input_dims[1] != 3)
        throw base::InputError(model.file, fmt::format("input \"{}\"", shown(model.input)),
                               fmt::format("expected pictures of 1 or 3 channels, found {}", model.input_dims[1]));
    GraphReader reader(model);
    const Value output = reader.run();
    return Assembler(model, reader, options).run(output, name);
}

}  // namespace dna::flows::onnx
