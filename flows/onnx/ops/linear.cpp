// Gemm and MatMul with constant weights, and Add: of two maps, or of a bias.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "flows/onnx/fold.h"
#include "flows/onnx/weights.h"

namespace dna::flows::onnx {
namespace {

using network::Op;

template <class T>
std::vector<T> transposed(const std::vector<T>& values, int64_t rows, int64_t columns) {
    std::vector<T> out;
    out.reserve(values.size());
    for (int64_t c = 0; c < columns; ++c)
        for (int64_t r = 0; r < rows; ++r) out.push_back(values[static_cast<size_t>(r * columns + c)]);
    return out;
}

Constant transposed(const Constant& matrix) {
    Constant out = matrix;
    const int64_t rows = matrix.dims[0], columns = matrix.dims[1];
    out.dims = {columns, rows};
    if (matrix.isFloat())
        out.floats = transposed(matrix.floats, rows, columns);
    else
        out.integers = transposed(matrix.integers, rows, columns);
    return out;
}

ConstantValue transposed(const ConstantValue& matrix) {
    ConstantValue out = matrix;
    out.values = std::make_shared<Constant>(transposed(*matrix.values));
    if (matrix.codes) out.codes = std::make_shared<Constant>(transposed(*matrix.codes));
    out.axis = 1 - matrix.axis;
    return out;
}

/// y = x w^T + bias with w [outputs][inputs]. On a flattened square map it is a convolution with a kernel of its size.
void addProduct(GraphReader& reader, const Node& node, const MapValue& x, const ConstantValue& weight,
                const std::optional<ConstantValue>& bias) {
    const network::Shape shape = reader.layer(x).node.shape;
    const std::vector<int64_t>& dims = weight.values->dims;
    if (x.dims.size() != 2 || dims.size() != 2 || dims[1] != x.dims[1] || dims[0] < 1 || dims[0] > 65536)
        return reader.problem(
            node, fmt::format("expected [N, inputs] and a weight for every input and output, found [{}] and [{}]",
                              fmt::join(x.dims, ", "), fmt::join(dims, ", ")));
    if (shape.height != shape.width || shape.height > kMaxKernel)
        return reader.problem(
            node, fmt::format("a linear layer on a flattened {}x{} map: expected a square of at most {}", shape.height,
                              shape.width, kMaxKernel));
    Layer layer;
    layer.node.op = shape.height == 1 ? Op::Linear : Op::Conv2d;
    layer.node.kernel = shape.height;
    layer.node.out_channels = static_cast<int>(dims[0]);
    if (!takeWeights(reader, node, weight, 0, layer)) return;
    if (bias && !takeBias(reader, node, *bias, layer)) return;
    reader.addLayer(node, std::move(layer), {x}, weight.name);
}

bool isMatrix(GraphReader& reader, const Node& node, const ConstantValue& weight) {
    if (weight.values->dims.size() == 2) return true;
    reader.problem(node,
                   fmt::format("expected a matrix of weights, found shape [{}]", fmt::join(weight.values->dims, ", ")));
    return false;
}

void readGemm(GraphReader& reader, const Node& node) {
    reader.expect(node, {"alpha", "beta", "transA", "transB", "broadcast"}, 2, 3);
    for (const char* factor : {"alpha", "beta"})
        if (const double found = reader.real(node, factor, 1); found != 1)
            reader.problem(node, fmt::format("{}: expected 1, found {}", factor, found));
    if (reader.integer(node, "transA", 0) != 0) reader.problem(node, "transA: expected 0");
    const bool outputs_first = reader.integer(node, "transB", 0) != 0;
    const std::optional<MapValue> x = reader.map(node, 0);
    const std::optional<ConstantValue> weight = reader.constant(node, 1);
    std::optional<ConstantValue> bias;
    if (reader.has(node, 2) && !(bias = reader.constant(node, 2))) return;
    if (!x || !weight || !isMatrix(reader, node, *weight)) return;
    addProduct(reader, node, *x, outputs_first ? *weight : transposed(*weight), bias);
}

void readMatMul(GraphReader& reader, const Node& node) {
    reader.expect(node, {}, 2, 2);
    const std::optional<MapValue> x = reader.map(node, 0);
    const std::optional<ConstantValue> weight = reader.constant(node, 1);
    if (!x || !weight || !isMatrix(reader, node, *weight)) return;
    addProduct(reader, node, *x, transposed(*weight), {});
}

/// A constant that has one value a channel (or one for all) when it is broadcast over the map.
bool broadcastsOverChannels(const Constant& constant, const MapValue& x) {
    if (constant.dims.size() > x.dims.size()) return false;
    const size_t missing = x.dims.size() - constant.dims.size();
    for (size_t i = 0; i < constant.dims.size(); ++i)
        if (constant.dims[i] != 1 && (i + missing != 1 || constant.dims[i] != x.dims[1])) return false;
    return true;
}

void addConstant(GraphReader& reader, const Node& node, size_t map_input) {
    const std::optional<MapValue> x = reader.map(node, map_input);
    const std::optional<ConstantValue> bias = reader.constant(node, 1 - map_input);
    if (!x || !bias) return;
    Layer* layer = reader.fusable(node, *x);
    if (!layer) return;
    if (!hasWeights(*layer) || layer->batch_norm || layer->node.relu || layer->bounds || layer->node.quantization)
        return reader.problem(
            node, fmt::format("a constant is added behind convolutions and linear layers only, found behind {}",
                              layer->place));
    if (!broadcastsOverChannels(*bias->values, *x))
        return reader.problem(node, fmt::format("expected a value for each of the {} channels, found shape [{}]",
                                                x->dims[1], fmt::join(bias->values->dims, ", ")));
    if (takeBias(reader, node, *bias, *layer)) reader.putMap(node, *x);
}

void readAdd(GraphReader& reader, const Node& node) {
    reader.expect(node, {}, 2, 2);
    if (foldArithmetic(reader, node)) return;
    for (const size_t input : {0, 1})
        if (std::holds_alternative<ConstantValue>(reader.value(node, input)) && reader.known(node, 1 - input))
            return addConstant(reader, node, 1 - input);
    const std::optional<MapValue> a = reader.map(node, 0), b = reader.map(node, 1);
    if (!a || !b) return;
    if (a->dims != b->dims)
        return reader.problem(node, fmt::format("adds maps of different shapes: [{}] and [{}]",
                                                fmt::join(a->dims, ", "), fmt::join(b->dims, ", ")));
    Layer layer;
    layer.node.op = Op::Add;
    reader.addLayer(node, std::move(layer), {*a, *b});
}

}  // namespace

void register_linear(OpReaders& readers) {
    readers.add("Gemm", readGemm);
    readers.add("MatMul", readMatMul);
    readers.add("Add", readAdd);
}

}  // namespace dna::flows::onnx
