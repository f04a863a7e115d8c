// From a network to an ONNX graph. A node becomes one to four ONNX nodes; the last of them makes the tensor that is
// called like the node.

#include "flows/onnx/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/nn/integer/fixed_point.h"
#include "core/nn/integer/grids.h"
#include "core/nn/integer/rescale.h"
#include "flows/onnx/codes.h"
#include "flows/onnx/graph_writer.h"
#include "flows/onnx/metadata.h"

namespace dna::flows::onnx {
namespace {

using network::Node;
using network::Op;
using network::Quantization;

constexpr const char* kInput = "input";
constexpr const char* kOutput = "logits";

/// What float and integer networks have in common; they differ in how products get their weights and in what stands
/// behind a layer.
class Exporter {
public:
    explicit Exporter(const network::Network& graph) : graph_(graph), writer_(graph.name) { nameTensors(); }
    virtual ~Exporter() = default;

    std::string run() {
        const network::Shape& in = graph_.inputShape();
        writer_.input(kInput, {in.channels, in.height, in.width});
        const network::Shape& out = graph_.nodes.back().shape;
        writer_.output(kOutput, graph_.nodes.back().op == Op::Linear
                                    ? std::vector<int64_t>{out.channels}
                                    : std::vector<int64_t>{out.channels, out.height, out.width});
        for (size_t i = 0; i < graph_.nodes.size(); ++i) writeNode(i);
        if (const std::optional<std::string> widths = weightBitsText(graph_)) writer_.metadata(kWeightBitsKey, *widths);
        return writer_.bytes();
    }

protected:
    /// Tensors with the weights and the bias of a product; dims of the weights given.
    virtual std::vector<std::string> weights(size_t index, const std::vector<int64_t>& dims) = 0;
    /// The nodes between a layer's sums, `from`, and its output.
    virtual void finishLayer(size_t index, const std::string& from) = 0;
    /// How many nodes finishLayer writes: none means that the sums are the output.
    virtual bool isFinished(size_t index) const = 0;

    bool isLast(size_t index) const { return index + 1 == graph_.nodes.size(); }
    int64_t inputChannels(size_t index) const { return graph_.inputShapeOf(static_cast<int>(index)).channels; }
    const std::string& tensor(size_t index) const { return tensors_[index]; }

    const network::Network& graph_;
    GraphWriter writer_;

private:
    /// Outputs are called like their nodes unless a parameter has that name.
    void nameTensors() {
        std::set<std::string> taken{kInput, kOutput};
        for (const Node& node : graph_.nodes)
            for (const char* what :
                 {".weight", ".bias", ".bn.weight", ".bn.bias", ".bn.running_mean", ".bn.running_var", ".weight_q",
                  ".weight_scale", ".weight_zero", ".bias_q", ".bias_scale", ".scale", ".zero"})
                taken.insert(node.name + what);
        for (size_t i = 0; i < graph_.nodes.size(); ++i) {
            if (i == 0 || isLast(i)) {
                tensors_.push_back(i > 0 ? kOutput : graph_.quantized() ? "input/restored" : kInput);
                continue;
            }
            std::string name = graph_.nodes[i].name;
            std::replace(name.begin(), name.end(), '/', '_');  // "node/what" are the tensors inside a layer
            while (!taken.insert(name).second) name += "_";
            tensors_.push_back(name);
        }
    }

    void writeNode(size_t index) {
        const Node& node = graph_.nodes[index];
        const std::string sums = isFinished(index) ? node.name + "/sums" : tensor(index);
        std::vector<std::string> inputs;
        for (const int input : node.inputs) inputs.push_back(tensor(static_cast<size_t>(input)));
        switch (node.op) {
            case Op::Input:
                return isFinished(index) ? finishLayer(index, kInput) : void();
            case Op::Conv2d:
                writeConv(index, inputs[0], sums);
                break;
            case Op::Linear:
                writeLinear(index, inputs[0], sums);
                break;
            case Op::Add:
                writer_.node("Add", node.name, inputs, sums);
                break;
            case Op::Concat:
                GraphWriter::set(writer_.node("Concat", node.name, inputs, sums), "axis", int64_t{1});
                break;
            case Op::ChannelShuffle:
                writeShuffle(node, inputs[0], sums);
                break;
            case Op::MaxPool:
                setWindow(writer_.node("MaxPool", node.name, inputs, sums), node);
                break;
            case Op::AveragePool: {
                auto& pool = writer_.node("AveragePool", node.name, inputs, sums);
                setWindow(pool, node);
                GraphWriter::set(pool, "count_include_pad", int64_t{1});
                break;
            }
            case Op::GlobalAveragePool:
                writer_.node("GlobalAveragePool", node.name, inputs, sums);
                break;
        }
        if (isFinished(index)) finishLayer(index, sums);
    }

    static void setWindow(::onnx::NodeProto& to, const Node& node) {
        GraphWriter::set(to, "kernel_shape", {node.kernel, node.kernel});
        GraphWriter::set(to, "strides", {node.stride, node.stride});
        GraphWriter::set(to, "pads", {node.pad, node.pad, node.pad, node.pad});
    }

    void writeConv(size_t index, const std::string& from, const std::string& to) {
        const Node& node = graph_.nodes[index];
        std::vector<std::string> inputs =
            weights(index, {node.out_channels, inputChannels(index) / node.groups, node.kernel, node.kernel});
        inputs.insert(inputs.begin(), from);
        auto& conv = writer_.node("Conv", node.name, inputs, to);
        setWindow(conv, node);
        GraphWriter::set(conv, "dilations", {node.dilation, node.dilation});
        GraphWriter::set(conv, "group", int64_t{node.groups});
    }

    /// The last layer's sums stay a list; others become a map of 1x1 again.
    void writeLinear(size_t index, const std::string& from, const std::string& to) {
        const Node& node = graph_.nodes[index];
        writer_.node("Flatten", node.name + "/flatten", {from}, node.name + "/flat");
        std::vector<std::string> inputs = weights(index, {node.out_channels, inputChannels(index)});
        inputs.insert(inputs.begin(), node.name + "/flat");
        auto& gemm = writer_.node("Gemm", node.name, inputs, isLast(index) ? to : node.name + "/list");
        GraphWriter::set(gemm, "transB", int64_t{1});
        if (isLast(index)) return;
        const std::string dims = writer_.list(node.name + "/dims", {0, node.out_channels, 1, 1});
        writer_.node("Reshape", node.name + "/map", {node.name + "/list", dims}, to);
    }

    /// [groups][n] channels become [n][groups].
    void writeShuffle(const Node& node, const std::string& from, const std::string& to) {
        const network::Shape& shape = node.shape;
        const std::string apart = writer_.list(
            node.name + "/apart", {0, node.groups, shape.channels / node.groups, shape.height, shape.width});
        const std::string together =
            writer_.list(node.name + "/together", {0, shape.channels, shape.height, shape.width});
        writer_.node("Reshape", node.name + "/grouped", {from, apart}, node.name + "/groups");
        auto& transpose =
            writer_.node("Transpose", node.name + "/swapped", {node.name + "/groups"}, node.name + "/members");
        GraphWriter::set(transpose, "perm", {0, 2, 1, 3, 4});
        writer_.node("Reshape", node.name, {node.name + "/members", together}, to);
    }

    std::vector<std::string> tensors_;
};

class RealExporter : public Exporter {
public:
    explicit RealExporter(const network::TrainedNetwork& network) : Exporter(network.graph), network_(network) {
        writer_.metadata(kMeanKey, fmt::format("{:.9g}", fmt::join(network.mean, ",")));
        writer_.metadata(kDeviationKey, fmt::format("{:.9g}", fmt::join(network.deviation, ",")));
    }

private:
    std::string parameter(const std::string& name, const std::vector<int64_t>& dims) {
        const int index = network_.parameters.index(name);
        const float* values = network_.parameters.values(index);
        return writer_.floats(name, dims,
                              {values, values + network_.parameters.infos()[static_cast<size_t>(index)].size});
    }

    std::vector<std::string> weights(size_t index, const std::vector<int64_t>& dims) override {
        const Node& node = graph_.nodes[index];
        std::vector<std::string> out{parameter(node.name + ".weight", dims)};
        if (!node.batch_norm) out.push_back(parameter(node.name + ".bias", {node.out_channels}));
        return out;
    }

    bool isFinished(size_t index) const override { return graph_.nodes[index].batch_norm || graph_.nodes[index].relu; }

    void finishLayer(size_t index, const std::string& from) override {
        const Node& node = graph_.nodes[index];
        std::string at = from;
        if (node.batch_norm) {
            std::vector<std::string> inputs{at};
            for (const char* what : {".bn.weight", ".bn.bias", ".bn.running_mean", ".bn.running_var"})
                inputs.push_back(parameter(node.name + what, {node.out_channels}));
            at = node.relu ? node.name + "/normalized" : tensor(index);
            GraphWriter::set(writer_.node("BatchNormalization", node.name + "/bn", inputs, at), "epsilon", 1e-5f);
        }
        if (node.relu6)
            writer_.node("Clip", node.name + "/relu6",
                         {at, writer_.number(node.name + "/least", 0), writer_.number(node.name + "/greatest", 6)},
                         tensor(index));
        else if (node.relu)
            writer_.node("Relu", node.name + "/relu", {at}, tensor(index));
    }

    const network::TrainedNetwork& network_;
};

class IntegerExporter : public Exporter {
public:
    IntegerExporter(const nn::IntegerNetwork& network, const std::string& file)
        : Exporter(network.graph), network_(network) {
        std::vector<base::Problem> problems;
        for (size_t i = 0; i < graph_.nodes.size(); ++i)
            if (const std::string fault = faultOf(i); !fault.empty())
                problems.push_back(
                    {file, fmt::format("/nodes/{}", i), fmt::format("\"{}\": {}", graph_.nodes[i].name, fault)});
        if (!problems.empty()) throw base::InputError(std::move(problems));
        std::vector<nn::Code> table;
        for (const auto& colour : network.input_table) table.insert(table.end(), colour.begin(), colour.end());
        writer_.metadata(kTableKey, fmt::format("{}", fmt::join(table, ",")));
    }

private:
    /// Why ONNX can't say this node; empty when it can.
    std::string faultOf(size_t index) const {
        const Node& node = graph_.nodes[index];
        if (node.quantization->bits > 8 || node.weight_bits > 8)
            return "16-bit values are not supported (QuantizeLinear of opset 13 knows 8 bits)";
        for (size_t k = 0; k < network_.nodes[index].bias_q.size() && !network_.nodes[index].weight_q.empty(); ++k)
            if (const double scale = weightScale(index, k), unit = scale * inputOf(node).scale;
                !(std::min(scale, unit) >= 1e-30 && std::max(scale, unit) <= 1e30))
                return fmt::format("the scale {} of the weights of output channel {} is no 32-bit number", scale, k);
        const bool average = node.op == Op::AveragePool || node.op == Op::GlobalAveragePool;
        if (!average && node.op != Op::Add) return {};
        for (const int multiplier_bits : {16, 32}) {
            const nn::IntegerNode wanted =
                average ? nn::averageIntegers(inputOf(node), *node.quantization,
                                              nn::averagedValues(graph_, static_cast<int>(index)), multiplier_bits)
                        : nn::addIntegers(inputOf(node), inputOf(node, 1), *node.quantization, multiplier_bits);
            if (wanted.multiplier == network_.nodes[index].multiplier && wanted.shift == network_.nodes[index].shift &&
                wanted.bias_q == network_.nodes[index].bias_q)
                return {};
        }
        return "its integers don't follow from the scales of the maps (random integers?), which is all that an ONNX "
               "file holds";
    }

    const Quantization& inputOf(const Node& node, size_t k = 0) const {
        return *graph_.nodes[static_cast<size_t>(node.inputs[k])].quantization;
    }

    /// multiplier / 2^shift = input scale * weight scale / output scale; the logits have one scale for all.
    double weightScale(size_t index, size_t k) const {
        const Node& node = graph_.nodes[index];
        const nn::IntegerNode& integers = network_.nodes[index];
        const double factor =
            integers.multiplier.empty() ? 1 : nn::FixedPoint{integers.multiplier[k], integers.shift[k]}.value();
        return factor * node.quantization->scale / inputOf(node).scale;
    }

    /// Weights and bias as integers with their scales.
    std::vector<std::string> weights(size_t index, const std::vector<int64_t>& dims) override {
        const Node& node = graph_.nodes[index];
        const nn::IntegerNode& integers = network_.nodes[index];
        const Quantization& in = inputOf(node);
        const bool logits = integers.multiplier.empty();
        const size_t outputs = integers.bias_q.size(), reduction = integers.weight_q.size() / outputs;
        std::vector<float> scales, bias_scales;
        std::vector<int32_t> bias;
        for (size_t k = 0; k < outputs; ++k) {
            const double scale = weightScale(index, k);
            if (!logits || k == 0) scales.push_back(static_cast<float>(scale));
            if (!logits || k == 0) bias_scales.push_back(static_cast<float>(scale * in.scale));
            int64_t sum = 0;
            for (size_t r = 0; r < reduction; ++r) sum += integers.weight_q[k * reduction + r];
            bias.push_back(static_cast<int32_t>(integers.bias_q[k] + in.zero_point * sum));
        }
        const std::string& name = node.name;
        const std::vector<int64_t> per{static_cast<int64_t>(scales.size())},
            list = logits ? std::vector<int64_t>{} : per;
        const std::string codes =
            writer_.int8s(name + ".weight_q", dims, {integers.weight_q.begin(), integers.weight_q.end()});
        const std::string zero = writer_.int8s(name + ".weight_zero", list, std::vector<int8_t>(scales.size()));
        restore(name + "/weight", {codes, writer_.floats(name + ".weight_scale", list, scales), zero}, !logits);
        const std::string sums = writer_.int32s(name + ".bias_q", {static_cast<int64_t>(outputs)}, bias);
        restore(name + "/bias", {sums, writer_.floats(name + ".bias_scale", list, bias_scales)}, !logits);
        return {name + "/weight", name + "/bias"};
    }

    void restore(const std::string& name, const std::vector<std::string>& inputs, bool per_channel) {
        auto& node = writer_.node("DequantizeLinear", name, inputs, name);
        if (per_channel) GraphWriter::set(node, "axis", int64_t{0});
    }

    bool isFinished(size_t index) const override { return !(isLast(index) && graph_.nodes[index].op == Op::Linear); }

    /// ReLU or Clip where the integers are clamped, then to integers and back.
    void finishLayer(size_t index, const std::string& from) override {
        const Node& node = graph_.nodes[index];
        const Quantization& q = *node.quantization;
        const std::string& name = node.name;
        std::string at = from;
        if (node.relu6)
            at = clip(name + "/relu6", at, 0, 6);
        else if (node.relu)
            writer_.node("Relu", name + "/relu", {at}, name + "/rectified"), at = name + "/rectified";
        Layer plain;
        plain.node = node;
        limitCodes(plain);
        if (!network::keepsGrid(node.op) && (plain.node.quantization->low != q.low || plain.node.quantization->high != q.high))
            at = clip(name + "/clip", at, q.scale * (q.low - q.zero_point), q.scale * (q.high - q.zero_point));
        const std::vector<std::string> grid{writer_.number(name + ".scale", static_cast<float>(q.scale)),
                                            writer_.int8s(name + ".zero", {}, {static_cast<int8_t>(q.zero_point)})};
        writer_.node("QuantizeLinear", name + "/quantize", {at, grid[0], grid[1]}, name + "/codes");
        writer_.node("DequantizeLinear", name + "/restore", {name + "/codes", grid[0], grid[1]}, tensor(index));
    }

    std::string clip(const std::string& name, const std::string& from, double low, double high) {
        writer_.node("Clip", name,
                     {from, writer_.number(name + "/least", static_cast<float>(low)),
                      writer_.number(name + "/greatest", static_cast<float>(high))},
                     name + "/clamped");
        return name + "/clamped";
    }

    const nn::IntegerNetwork& network_;
};

}  // namespace

std::string exportModel(const network::TrainedNetwork& network) { return RealExporter(network).run(); }

std::string exportModel(const nn::IntegerNetwork& network, const std::string& file) {
    return IntegerExporter(network, file).run();
}

}  // namespace dna::flows::onnx
