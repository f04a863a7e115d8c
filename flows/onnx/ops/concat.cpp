// Concat: of feature maps, and of the lists of integers that shapes are computed with.

#include <fmt/format.h>

#include "flows/onnx/reader.h"

namespace dna::flows::onnx {
namespace {

/// Feature maps one behind the other, by channels.
void joinMaps(GraphReader& reader, const Node& node) {
    std::vector<MapValue> parts;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        const std::optional<MapValue> part = reader.map(node, i);
        if (!part) return;
        if (!parts.empty() && part->dims.size() != parts.front().dims.size())
            return reader.problem(node, fmt::format("joins maps of {} and {} dimensions", parts.front().dims.size(),
                                                    part->dims.size()));
        parts.push_back(*part);
    }
    const auto rank = static_cast<int64_t>(parts.front().dims.size());
    if (const int64_t axis = reader.integer(node, "axis", 0); axis != 1 && axis != 1 - rank)
        return reader.problem(node, fmt::format("of feature maps: expected axis 1 (channels), found {}", axis));
    if (parts.size() == 1) return reader.putMap(node, parts.front());
    Layer layer;
    layer.node.op = network::Op::Concat;
    reader.addLayer(node, std::move(layer), parts);
}

/// Lists of integers become one, and so do feature maps.
void readConcat(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axis"}, 1, 256);
    for (size_t i = 0; i < node.inputs.size(); ++i)
        if (std::holds_alternative<MapValue>(reader.value(node, i))) return joinMaps(reader, node);
    Constant joined{ValueType::Int64, {0}};
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        const auto part = reader.list(node, i);
        if (!part) return;
        joined.integers.insert(joined.integers.end(), part->begin(), part->end());
        if (joined.integers.size() > kMaxList)
            return reader.problem(node, fmt::format("joins more than {} numbers", kMaxList));
    }
    joined.dims = {static_cast<int64_t>(joined.integers.size())};
    reader.putConstant(node, std::move(joined));
}

}  // namespace

void register_concat(OpReaders& readers) { readers.add("Concat", readConcat); }

}  // namespace dna::flows::onnx
