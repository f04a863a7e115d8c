// Operators that only name the values of a map anew, and the channel shuffle that three of them make together.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "flows/onnx/reader.h"

namespace dna::flows::onnx {
namespace {

using Dims = std::vector<int64_t>;

/// The dimensions that a layer's map can be seen in: [N, C, H, W], [N, C H W], or [N, C] and ones.
bool isPlainView(const Dims& dims, const network::Shape& shape, int64_t batch) {
    if (dims == Dims{batch, shape.channels, shape.height, shape.width} || dims == Dims{batch, shape.elements()})
        return true;
    return shape.height == 1 && shape.width == 1 && dims.size() >= 2 && dims[0] == batch && dims[1] == shape.channels &&
           std::all_of(dims.begin() + 2, dims.end(), [](int64_t dim) { return dim == 1; });
}

/// The map of `x` seen with other dimensions in the same order of values.
void putView(GraphReader& reader, const Node& node, MapValue x, const Dims& dims) {
    const network::Shape& shape = reader.layer(x).node.shape;
    const int64_t batch = reader.batch();
    const auto refuse = [&] {
        reader.problem(node, fmt::format("from [{}] to [{}]: expected a flattened map or a step of a channel shuffle",
                                         fmt::join(x.dims, ", "), fmt::join(dims, ", ")));
    };
    if (x.pad > 0) return refuse();
    const bool plain = isPlainView(dims, shape, batch);
    if (x.swapped && x.groups > 1 && x.groups < shape.channels) {
        if (!plain || dims.size() != 4) return refuse();
        Layer shuffle;
        shuffle.node.op = network::Op::ChannelShuffle;
        shuffle.node.groups = x.groups;
        MapValue source = x;
        source.dims = dims;
        reader.addLayer(node, std::move(shuffle), {source});
        return;
    }
    MapValue view = x;
    view.dims = dims, view.groups = 0, view.swapped = false;
    if (!plain) {
        const bool grouped = dims.size() == 5 && dims[0] == batch && dims[1] >= 1 && dims[1] <= shape.channels &&
                             dims[2] == shape.channels / dims[1] && dims[1] * dims[2] == shape.channels &&
                             dims[3] == shape.height && dims[4] == shape.width;
        if (!grouped) return refuse();
        view.groups = static_cast<int>(dims[1]);
    }
    reader.putMap(node, view);
}

/// Target of a Reshape: 0 keeps a dimension, -1 takes what is left.
std::optional<Dims> reshaped(const Dims& from, const Dims& target, bool zero_is_zero) {
    int64_t total = 1, known = 1;
    for (const int64_t dim : from) total *= dim;
    Dims out = target;
    int open = -1;
    for (size_t i = 0; i < out.size(); ++i) {
        if (out[i] == 0 && !zero_is_zero) {
            if (i >= from.size()) return {};
            out[i] = from[i];
        }
        if (out[i] == -1 && open < 0) {
            open = static_cast<int>(i);
            continue;
        }
        if (out[i] < 1 || __builtin_mul_overflow(known, out[i], &known)) return {};
    }
    if (open >= 0) {
        if (total % known != 0) return {};
        out[static_cast<size_t>(open)] = total / known;
        known = total;
    }
    return known == total ? std::optional(out) : std::nullopt;
}

void readReshape(GraphReader& reader, const Node& node) {
    reader.expect(node, {"allowzero"}, 2, 2);
    const bool zero_is_zero = reader.integer(node, "allowzero", 0) != 0;
    const std::optional<MapValue> x = reader.anyMap(node, 0);
    const auto target = reader.list(node, 1);
    if (!x || !target) return;
    const std::optional<Dims> dims = reshaped(x->dims, *target, zero_is_zero);
    if (!dims)
        return reader.problem(
            node, fmt::format("[{}] can't become [{}]", fmt::join(x->dims, ", "), fmt::join(*target, ", ")));
    putView(reader, node, *x, *dims);
}

void readFlatten(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axis"}, 1, 1);
    const std::optional<MapValue> x = reader.anyMap(node, 0);
    if (!x) return;
    const int64_t axis = reader.integer(node, "axis", 1), rank = static_cast<int64_t>(x->dims.size());
    if (axis != 1 && axis != 1 - rank) return reader.problem(node, fmt::format("axis: expected 1, found {}", axis));
    int64_t values = 1;
    for (size_t i = 1; i < x->dims.size(); ++i) values *= x->dims[i];
    putView(reader, node, *x, {x->dims[0], values});
}

void transposeMatrix(GraphReader& reader, const Node& node, const Dims& order) {
    const std::optional<ConstantValue> x = reader.constant(node, 0);
    if (!x) return;
    if (x->values->dims.size() != 2 || x->codes || !(order.empty() || order == Dims{1, 0}))
        return reader.problem(
            node, fmt::format("of a constant: expected a matrix, found [{}]", fmt::join(x->values->dims, ", ")));
    Constant out = *x->values;
    const int64_t rows = x->values->dims[0], columns = x->values->dims[1];
    out.dims = {columns, rows};
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c) {
            const auto to = static_cast<size_t>(c * rows + r), from = static_cast<size_t>(r * columns + c);
            if (out.isFloat())
                out.floats[to] = x->values->floats[from];
            else
                out.integers[to] = x->values->integers[from];
        }
    ConstantValue value{x->name, std::make_shared<Constant>(std::move(out))};
    reader.putConstant(node, std::move(value));
}

void readTranspose(GraphReader& reader, const Node& node) {
    reader.expect(node, {"perm"}, 1, 1);
    const Dims order = reader.integers(node, "perm");
    if (std::holds_alternative<ConstantValue>(reader.value(node, 0))) return transposeMatrix(reader, node, order);
    std::optional<MapValue> x = reader.anyMap(node, 0);
    if (!x) return;
    if (x->groups == 0 || order != Dims{0, 2, 1, 3, 4})
        return reader.problem(
            node, fmt::format("of [{}] by [{}]: expected the middle of a channel shuffle ([N, groups, n, H, W] by "
                              "[0, 2, 1, 3, 4])",
                              fmt::join(x->dims, ", "), fmt::join(order, ", ")));
    std::swap(x->dims[1], x->dims[2]);
    x->swapped = !x->swapped;
    reader.putMap(node, *x);
}

/// Axes of Squeeze and Unsqueeze, counted from the front of so many dimensions and in order.
std::optional<Dims> placeAxes(GraphReader& reader, const Node& node, Dims axes, size_t dimensions) {
    const auto rank = static_cast<int64_t>(dimensions);
    for (int64_t& axis : axes) {
        if (axis < -rank || axis >= rank) {
            reader.problem(node, fmt::format("axis {} is outside of {} dimensions", axis, rank));
            return {};
        }
        if (axis < 0) axis += rank;
    }
    std::sort(axes.begin(), axes.end());
    if (!axes.empty() && std::adjacent_find(axes.begin(), axes.end()) == axes.end()) return axes;
    reader.problem(node, fmt::format("axes: expected different numbers, found [{}]", fmt::join(axes, ", ")));
    return {};
}

/// The node's output is its input, a map or a constant, with the dimensions that `change(dims)` makes of its own; false
/// when it found a problem.
template <class Change>
void changeDims(GraphReader& reader, const Node& node, const Change& change) {
    if (const auto* constant = std::get_if<ConstantValue>(&reader.value(node, 0))) {
        Constant out = *constant->values;
        if (change(out.dims)) reader.putConstant(node, std::move(out));
    } else if (const std::optional<MapValue> x = reader.anyMap(node, 0)) {
        Dims dims = x->dims;
        if (change(dims)) putView(reader, node, *x, dims);
    }
}

void readSqueeze(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axes"}, 1, 2);
    changeDims(reader, node, [&](Dims& dims) {
        const std::optional<Dims> axes = placeAxes(reader, node, reader.integers(node, "axes", 1), dims.size());
        if (!axes) return false;
        for (auto axis = axes->rbegin(); axis != axes->rend(); ++axis) {
            if (dims[static_cast<size_t>(*axis)] != 1) {
                reader.problem(node, fmt::format("dimension {} of [{}] is not 1", *axis, fmt::join(dims, ", ")));
                return false;
            }
            dims.erase(dims.begin() + *axis);
        }
        return true;
    });
}

void readUnsqueeze(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axes"}, 1, 2);
    changeDims(reader, node, [&](Dims& dims) {
        const Dims given = reader.integers(node, "axes", 1);
        const std::optional<Dims> axes = placeAxes(reader, node, given, dims.size() + given.size());
        if (!axes) return false;
        for (const int64_t axis : *axes) dims.insert(dims.begin() + axis, 1);
        return true;
    });
}

/// Identity, and Dropout as it is when nothing is trained.
void readIdentity(GraphReader& reader, const Node& node) {
    reader.expect(node, {"ratio", "seed"}, 1, node.op == "Dropout" ? 3 : 1);
    if (reader.has(node, 2)) {
        const auto training = reader.list(node, 2);
        if (training && *training != Dims{0})
            reader.problem(node, "is in training mode; export the network in evaluation mode (model.eval())");
    }
    if (node.outputs.size() > 1 && reader.uses(node.outputs[1]) > 0)
        reader.problem(node, "its second output (mask) is read");
    if (const auto* constant = std::get_if<ConstantValue>(&reader.value(node, 0)))
        reader.putConstant(node, *constant);
    else if (const auto* map = std::get_if<MapValue>(&reader.value(node, 0)))
        reader.putMap(node, *map);
}

}  // namespace

void register_layout(OpReaders& readers) {
    readers.add("Reshape", readReshape);
    readers.add("Flatten", readFlatten);
    readers.add("Transpose", readTranspose);
    readers.add("Squeeze", readSqueeze);
    readers.add("Unsqueeze", readUnsqueeze);
    readers.add("Identity", readIdentity);
    readers.add("Dropout", readIdentity);
}

}  // namespace dna::flows::onnx
