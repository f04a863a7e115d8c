// Pools, means over a map, and zeros around a map.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "flows/onnx/weights.h"
#include "flows/onnx/window.h"

namespace dna::flows::onnx {
namespace {

using network::Op;

void addGlobalPool(GraphReader& reader, const Node& node, const MapValue& x, bool keep_dims = true) {
    Layer layer;
    layer.node.op = Op::GlobalAveragePool;
    MapValue input = x;
    if (!keep_dims) input.dims = {x.dims[0], x.dims[1]};  // the layer's map is seen as a list, too
    reader.addLayer(node, std::move(layer), {input});
}

/// Rows or columns that rounding up would add to the output.
bool roundsUp(int64_t size, const Window& window, int kernel, int pad) {
    return (size + 2 * pad - window.dilation * (kernel - 1) - 1) % window.stride != 0;
}

std::optional<Window> readPoolWindow(GraphReader& reader, const Node& node, const MapValue& x) {
    const std::optional<Window> window = readWindow(reader, node, x, {});
    if (!window) return {};
    if (window->dilation != 1) {
        reader.problem(node, fmt::format("dilations: expected 1, found {}", window->dilation));
        return {};
    }
    if (reader.integer(node, "ceil_mode", 0) != 0 &&
        (roundsUp(x.dims[2], *window, window->kernel_height, window->pad) ||
         roundsUp(x.dims[3], *window, window->kernel_width, window->pad))) {
        reader.problem(node, fmt::format("ceil_mode: a window over the edge of the {}x{} map is not supported",
                                         x.dims[2], x.dims[3]));
        return {};
    }
    return window;
}

void addPool(GraphReader& reader, const Node& node, Op op, const MapValue& x, const Window& window, int pad) {
    if (window.kernel_height != window.kernel_width || window.kernel_height > kMaxKernel || pad > kMaxPad)
        return reader.problem(
            node, fmt::format("expected a square kernel of at most {} and at most {} zeros around, found {}x{} and {}",
                              kMaxKernel, kMaxPad, window.kernel_height, window.kernel_width, pad));
    Layer layer;
    layer.node.op = op;
    layer.node.kernel = window.kernel_height, layer.node.stride = window.stride, layer.node.pad = pad;
    reader.addLayer(node, std::move(layer), {x});
}

void readMaxPool(GraphReader& reader, const Node& node) {
    reader.expect(node, {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"}, 1,
                  1);
    if (node.outputs.size() > 1 && reader.uses(node.outputs[1]) > 0)
        reader.problem(node, "its second output (indices) is read, which is not supported");
    const std::optional<MapValue> x = reader.map(node, 0);
    if (!x) return;
    if (const std::optional<Window> window = readPoolWindow(reader, node, *x))
        addPool(reader, node, Op::MaxPool, *x, *window, window->pad);
}

void readAveragePool(GraphReader& reader, const Node& node) {
    reader.expect(node, {"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"},
                  1, 1);
    const std::optional<MapValue> x = reader.paddedMap(node, 0);
    if (!x) return;
    const std::optional<Window> window = readPoolWindow(reader, node, *x);
    if (!window) return;
    if (window->pad > 0 && reader.integer(node, "count_include_pad", 0) != 1)
        return reader.problem(node,
                              "an average that leaves the zeros around the map out of its count is not supported "
                              "(count_include_pad: expected 1, found 0)");
    const int pad = window->pad + x->pad;
    if (pad == 0 && window->kernel_height == x->dims[2] && window->kernel_width == x->dims[3])
        return addGlobalPool(reader, node, *x);
    addPool(reader, node, Op::AveragePool, *x, *window, pad);
}

void readGlobalAveragePool(GraphReader& reader, const Node& node) {
    reader.expect(node, {}, 1, 1);
    if (const std::optional<MapValue> x = reader.map(node, 0)) addGlobalPool(reader, node, *x);
}

/// Mean over height and width; the axes are an attribute, or an input since opset 18.
void readReduceMean(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axes", "keepdims", "noop_with_empty_axes"}, 1, 2);
    const bool keep = reader.integer(node, "keepdims", 1) != 0;
    const std::vector<int64_t> axes = reader.integers(node, "axes", 1);
    const std::optional<MapValue> x = reader.map(node, 0);
    if (!x) return;
    std::vector<int64_t> from_front = axes;
    for (int64_t& axis : from_front)
        if (axis < 0) axis += static_cast<int64_t>(x->dims.size());
    std::sort(from_front.begin(), from_front.end());
    if (x->dims.size() != 4 || from_front != std::vector<int64_t>{2, 3})
        return reader.problem(node,
                              fmt::format("axes: expected height and width of a map [N, C, H, W], found [{}] of [{}]",
                                          fmt::join(axes, ", "), fmt::join(x->dims, ", ")));
    addGlobalPool(reader, node, *x, keep);
}

/// Zeros around height and width; a convolution or average pool that follows takes them as its own.
void readPad(GraphReader& reader, const Node& node) {
    reader.expect(node, {"mode", "pads", "value"}, 1, 3);
    const std::string mode = reader.text(node, "mode", "constant");
    double filler = reader.real(node, "value", 0);
    const std::vector<int64_t> pads = reader.integers(node, "pads", 1);
    if (reader.has(node, 2)) {
        const auto value = reader.floats(node, 2, 1);
        if (!value) return;
        filler = static_cast<double>((*value)[0]);
    }
    std::optional<MapValue> x = reader.paddedMap(node, 0);
    if (!x) return;
    if (mode != "constant" || filler != 0)
        return reader.problem(
            node, fmt::format("expected zeros (mode \"constant\", value 0), found mode \"{}\", value {}", shown(mode),
                              filler));
    const bool fits = x->dims.size() == 4 && pads.size() == 8 && pads[0] == 0 && pads[1] == 0 && pads[4] == 0 &&
                      pads[5] == 0 && pads[3] == pads[2] && pads[6] == pads[2] && pads[7] == pads[2] && pads[2] >= 0 &&
                      pads[2] <= kMaxPad;
    if (!fits)
        return reader.problem(
            node, fmt::format("pads: expected the same number in [0, {}] on all four sides of the map, found [{}]",
                              kMaxPad, fmt::join(pads, ", ")));
    const int pad = static_cast<int>(pads[2]);
    x->pad += pad;
    x->dims[2] += 2 * pad, x->dims[3] += 2 * pad;
    reader.putMap(node, *x);
}

}  // namespace

void register_pool(OpReaders& readers) {
    readers.add("MaxPool", readMaxPool);
    readers.add("AveragePool", readAveragePool);
    readers.add("GlobalAveragePool", readGlobalAveragePool);
    readers.add("ReduceMean", readReduceMean);
    readers.add("Pad", readPad);
}

}  // namespace dna::flows::onnx
