// QuantizeLinear and DequantizeLinear around layers and weights, and QLinearConv. Integers of maps become int8
// (uint8 minus 128); weights become int8 around a zero point of 0.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "flows/onnx/codes.h"
#include "flows/onnx/convolution.h"

namespace dna::flows::onnx {
namespace {

using network::Quantization;

/// real = scale * (code - zero), one of each or one per index of `axis`.
struct Grid {
    std::vector<double> scales;
    std::vector<int64_t> zeros;
    ValueType type = ValueType::Uint8;  ///< of the codes
    int axis = 0;

    double scale(size_t i) const { return scales[scales.size() == 1 ? 0 : i]; }
    int64_t zero(size_t i) const { return zeros[zeros.size() == 1 ? 0 : i]; }
};

/// The grid from a scale and an optional zero point.
std::optional<Grid> readGrid(GraphReader& reader, const Node& node, size_t scale_input, size_t zero_input,
                             ValueType type) {
    const std::optional<ConstantValue> scale = reader.constant(node, scale_input);
    if (!scale) return {};
    Grid grid{{}, {0}, type, 0};
    if (!scale->values->isFloat() || scale->values->size() == 0 || scale->values->dims.size() > 1) {
        reader.problem(node, "scale: expected one float value, or a list of them");
        return {};
    }
    for (const float value : scale->values->floats) {
        grid.scales.push_back(static_cast<double>(value));
        if (grid.scales.back() >= 1e-30 && grid.scales.back() <= 1e30) continue;
        reader.problem(node, fmt::format("scale: expected numbers in [1e-30, 1e30], found {}", value));
        return {};
    }
    if (!reader.has(node, zero_input)) return grid;
    const std::optional<ConstantValue> zero = reader.constant(node, zero_input);
    if (!zero) return {};
    if (zero->values->isFloat() || (zero->values->size() != 1 && zero->values->size() != grid.scales.size())) {
        reader.problem(node, fmt::format("zero point: expected one integer, or {}", grid.scales.size()));
        return {};
    }
    grid.zeros = zero->values->integers;
    grid.type = zero->values->type;
    return grid;
}

/// The axis of a grid with several scales, counted from the front; false when it doesn't fit.
bool readAxis(GraphReader& reader, const Node& node, const Constant& constant, Grid& grid) {
    if (grid.scales.size() == 1) return true;
    const auto rank = static_cast<int64_t>(constant.dims.size());
    int64_t axis = reader.integer(node, "axis", node.op == "QLinearConv" ? 0 : 1);
    if (axis < 0) axis += rank;
    if (axis >= 0 && axis < rank &&
        constant.dims[static_cast<size_t>(axis)] == static_cast<int64_t>(grid.scales.size())) {
        grid.axis = static_cast<int>(axis);
        return true;
    }
    reader.problem(node, fmt::format("{} scales don't fit axis {} of shape [{}]", grid.scales.size(), axis,
                                     fmt::join(constant.dims, ", ")));
    return false;
}

/// Calls visit(value, index along the axis) for every value.
template <class Visit>
void forAxis(const Constant& constant, int axis, const Visit& visit) {
    size_t inner = 1;
    for (size_t i = static_cast<size_t>(axis) + 1; i < constant.dims.size(); ++i)
        inner *= static_cast<size_t>(constant.dims[i]);
    const size_t count = constant.dims.empty() ? 1 : static_cast<size_t>(constant.dims[static_cast<size_t>(axis)]);
    for (size_t i = 0; i < constant.size(); ++i) visit(i, i / inner % count);
}

/// Codes minus their zero point, and what they stand for.
ConstantValue restored(const std::string& name, const Constant& codes, const Grid& grid) {
    Constant centred = codes, reals{ValueType::Float, codes.dims};
    reals.floats.resize(codes.size());
    bool narrow = codes.type == ValueType::Int8 || codes.type == ValueType::Uint8;
    forAxis(codes, grid.axis, [&](size_t i, size_t k) {
        const int64_t code = codes.integers[i] - grid.zero(k);
        narrow = narrow && code >= -128 && code <= 127;
        centred.integers[i] = code;
        reals.floats[i] = static_cast<float>(static_cast<double>(code) * grid.scale(k));
    });
    centred.type = narrow ? ValueType::Int8 : ValueType::Int32;
    return {name, std::make_shared<Constant>(std::move(reals)), std::make_shared<Constant>(std::move(centred)),
            grid.scales, grid.axis};
}

/// round(x / scale), halves to even, as QuantizeLinear rounds; bounded so that it is an integer.
int64_t rounded(double x, double scale) {
    return static_cast<int64_t>(std::nearbyint(std::clamp(x / scale, -1e12, 1e12)));
}

void quantizeConstant(GraphReader& reader, const Node& node, const ConstantValue& x, Grid grid) {
    if (!x.values->isFloat()) return reader.problem(node, "input 0: expected float values");
    if (!readAxis(reader, node, *x.values, grid)) return;
    Constant codes{grid.type, x.values->dims};
    codes.integers.resize(x.values->size());
    const int64_t least = grid.type == ValueType::Int8 ? -128 : 0;
    forAxis(*x.values, grid.axis, [&](size_t i, size_t k) {
        const int64_t code = rounded(static_cast<double>(x.values->floats[i]), grid.scale(k)) + grid.zero(k);
        codes.integers[i] = std::clamp(code, least, least + 255);
    });
    reader.putConstant(node, ConstantValue{x.name, std::make_shared<Constant>(std::move(codes))});
}

/// Quantisation of a map on a grid with one scale and zero point; nothing, and a problem, otherwise.
std::optional<Quantization> mapGrid(GraphReader& reader, const Node& node, const Grid& grid) {
    if (grid.scales.size() != 1 || grid.zeros.size() != 1) {
        reader.problem(node, fmt::format("a feature map has one scale and zero point, found {}", grid.scales.size()));
        return {};
    }
    Quantization q;
    q.scale = grid.scales[0];
    q.zero_point = static_cast<int>(grid.zeros[0]) - (grid.type == ValueType::Uint8 ? 128 : 0);
    return q;
}

bool same(const Quantization& a, const Quantization& b) { return a.scale == b.scale && a.zero_point == b.zero_point; }

/// The layer's output is quantised so; false when it is already, in another way.
bool quantizeLayer(GraphReader& reader, const Node& node, Layer& layer, const Quantization& q) {
    if (layer.node.quantization && !same(*layer.node.quantization, q)) {
        reader.problem(node, fmt::format("quantises the output of {} for the second time in another way (scale {}, "
                                         "zero point {}; before {}, {})",
                                         layer.place, q.scale, q.zero_point, layer.node.quantization->scale,
                                         layer.node.quantization->zero_point));
        return false;
    }
    layer.node.quantization = q;
    limitCodes(layer);
    return true;
}

bool isByte(GraphReader& reader, const Node& node, ValueType type) {
    if (type == ValueType::Int8 || type == ValueType::Uint8) return true;
    reader.problem(node, "expected int8 or uint8 integers, and a zero point of their type");
    return false;
}

void readQuantizeLinear(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axis", "saturate"}, 2, 3);
    const std::optional<Grid> grid = readGrid(reader, node, 1, 2, ValueType::Uint8);
    if (!grid || !isByte(reader, node, grid->type)) return;
    if (const auto* constant = std::get_if<ConstantValue>(&reader.value(node, 0)))
        return quantizeConstant(reader, node, *constant, *grid);
    std::optional<MapValue> x = reader.anyMap(node, 0);
    if (!x) return;
    if (x->stage == MapValue::Stage::Codes || x->pad > 0)
        return reader.problem(node, "expected a map of real values without zeros around");
    const std::optional<Quantization> q = mapGrid(reader, node, *grid);
    if (!q || !quantizeLayer(reader, node, reader.layer(*x), *q)) return;
    x->stage = MapValue::Stage::Codes;
    reader.putMap(node, *x);
}

void readDequantizeLinear(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axis"}, 2, 3);
    const auto* constant = std::get_if<ConstantValue>(&reader.value(node, 0));
    std::optional<Grid> grid = readGrid(reader, node, 1, 2, constant ? constant->values->type : ValueType::Uint8);
    if (!grid) return;
    if (constant) {
        const ValueType type = constant->values->type;
        if (grid->type != type || (type != ValueType::Int8 && type != ValueType::Uint8 && type != ValueType::Int32))
            return reader.problem(node, "expected int8, uint8 or int32 integers and a zero point of their type");
        if (readAxis(reader, node, *constant->values, *grid))
            reader.putConstant(node, restored(constant->name, *constant->values, *grid));
        return;
    }
    std::optional<MapValue> x = reader.anyMap(node, 0);
    if (!x) return;
    const std::optional<Quantization> q = mapGrid(reader, node, *grid);
    if (!q) return;
    if (x->stage != MapValue::Stage::Codes || !same(*reader.layer(*x).node.quantization, *q))
        return reader.problem(node, "expected the integers of a QuantizeLinear with the same scale and zero point");
    x->stage = MapValue::Stage::Restored;
    reader.putMap(node, *x);
}

/// int32 in units of input scale x weight scale.
ConstantValue convBias(const Constant& codes, const Quantization& in, const std::vector<double>& weight_scales) {
    Grid grid{{}, {0}, ValueType::Int32, 0};
    for (const double scale : weight_scales) grid.scales.push_back(in.scale * scale);
    return restored("", codes, grid);
}

/// (x, scale, zero, w, scale, zero, y scale, y zero, bias): all integers.
void readQLinearConv(GraphReader& reader, const Node& node) {
    reader.expect(node, kConvAttributes, 8, 9);
    const std::optional<Grid> in = readGrid(reader, node, 1, 2, ValueType::Uint8),
                              out = readGrid(reader, node, 6, 7, ValueType::Uint8);
    std::optional<Grid> grid = readGrid(reader, node, 4, 5, ValueType::Int8);
    const std::optional<ConstantValue> weight = reader.constant(node, 3);
    std::optional<MapValue> x = reader.anyMap(node, 0);
    if (!in || !out || !grid || !weight || !x || !isByte(reader, node, in->type) || !isByte(reader, node, out->type))
        return;
    const std::optional<Quantization> from = mapGrid(reader, node, *in), to = mapGrid(reader, node, *out);
    if (!from || !to) return;
    if (x->stage != MapValue::Stage::Codes || !same(*reader.layer(*x).node.quantization, *from))
        return reader.problem(node, "input 0: expected integers with the scale and zero point of inputs 1 and 2");
    if (grid->type != weight->values->type || !isByte(reader, node, grid->type) ||
        !readAxis(reader, node, *weight->values, *grid))
        return;
    const ConstantValue weights = restored(weight->name, *weight->values, *grid);
    std::optional<ConstantValue> bias;
    if (reader.has(node, 8)) {
        const std::optional<ConstantValue> codes = reader.constant(node, 8);
        const bool fits = codes && codes->values->type == ValueType::Int32 && !weight->values->dims.empty() &&
                          codes->values->dims.size() == 1 && codes->values->dims[0] == weight->values->dims[0];
        if (!fits) return reader.problem(node, "input 8: expected an int32 bias for every output channel");
        bias = convBias(*codes->values, *from, weights.scales);
    }
    addConvolution(reader, node, *x, weights, bias);
    if (const MapValue* made = reader.made(node)) {
        MapValue codes = *made;
        if (!quantizeLayer(reader, node, reader.layer(codes), *to)) return;
        codes.stage = MapValue::Stage::Codes;
        reader.putMap(node, codes);
    }
}

}  // namespace

void limitCodes(Layer& layer) {
    if (!layer.node.quantization) return;
    Quantization& q = *layer.node.quantization;
    const auto code = [&](double real) {
        return static_cast<int>(std::clamp<int64_t>(rounded(real, q.scale) + q.zero_point, -128, 127));
    };
    q.low = layer.node.relu ? code(0) : -128;
    q.high = layer.node.relu6 ? code(6) : 127;
    if (layer.bounds) q.low = std::max(q.low, code(static_cast<double>(layer.bounds->first)));
    if (layer.bounds) q.high = std::min(q.high, code(static_cast<double>(layer.bounds->second)));
}

void register_quantize(OpReaders& readers) {
    readers.add("QuantizeLinear", readQuantizeLinear);
    readers.add("DequantizeLinear", readDequantizeLinear);
    readers.add("QLinearConv", readQLinearConv);
}

}  // namespace dna::flows::onnx
