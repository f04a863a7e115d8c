// What exporters compute shapes with: everything here has a value when the network is read.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "flows/onnx/fold.h"

namespace dna::flows::onnx {
namespace {

void readConstant(GraphReader& reader, const Node& node) {
    reader.expect(node, {"value", "value_float", "value_floats", "value_int", "value_ints"}, 0, 0);
    if (node.attributes.size() != 1)
        return reader.problem(node, fmt::format("expected one value, found {}", node.attributes.size()));
    const auto& [name, attribute] = *node.attributes.begin();
    using Kind = Attribute::Kind;
    if (attribute.kind == Kind::Tensor && attribute.tensor)
        reader.putConstant(node, ConstantValue{"", attribute.tensor});
    else if (attribute.kind == Kind::Integer)
        reader.putConstant(node, Constant{ValueType::Int64, {}, {}, {attribute.integer}});
    else if (attribute.kind == Kind::Integers)
        reader.putConstant(
            node,
            Constant{ValueType::Int64, {static_cast<int64_t>(attribute.integers.size())}, {}, attribute.integers});
    else if (attribute.kind == Kind::Real)
        reader.putConstant(node, Constant{ValueType::Float, {}, {attribute.real}});
    else if (attribute.kind == Kind::Reals)
        reader.putConstant(node,
                           Constant{ValueType::Float, {static_cast<int64_t>(attribute.reals.size())}, attribute.reals});
    else if (attribute.kind != Kind::Tensor)
        reader.problem(node, fmt::format("attribute \"{}\" is not supported", shown(name)));
}

void readShape(GraphReader& reader, const Node& node) {
    reader.expect(node, {"end", "start"}, 1, 1);
    std::vector<int64_t> dims;
    if (const auto* constant = std::get_if<ConstantValue>(&reader.value(node, 0)))
        dims = constant->values->dims;
    else if (const std::optional<MapValue> x = reader.anyMap(node, 0))
        dims = x->dims;
    else
        return;
    const auto rank = static_cast<int64_t>(dims.size());
    const auto place = [&](const char* name, int64_t fallback) {
        const int64_t found = reader.integer(node, name, fallback);
        return std::clamp<int64_t>(found < 0 ? found + rank : found, 0, rank);
    };
    const int64_t begin = place("start", 0), end = std::max(place("end", rank), begin);
    dims = {dims.begin() + begin, dims.begin() + end};
    reader.putConstant(node, Constant{ValueType::Int64, {end - begin}, {}, dims});
}

/// An index into `size` values, counted from the end when negative.
std::optional<size_t> place(GraphReader& reader, const Node& node, int64_t index, size_t size) {
    const int64_t from_front = index < 0 ? index + static_cast<int64_t>(size) : index;
    if (from_front >= 0 && from_front < static_cast<int64_t>(size)) return static_cast<size_t>(from_front);
    reader.problem(node, fmt::format("index {} is outside of a list of {}", index, size));
    return {};
}

void readGather(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axis"}, 2, 2);
    const auto from = reader.list(node, 0), indices = reader.list(node, 1);
    if (!from || !indices) return;
    if (const int64_t axis = reader.integer(node, "axis", 0); axis != 0 && axis != -1)
        return reader.problem(node, fmt::format("axis: expected 0, found {}", axis));
    Constant picked{ValueType::Int64, std::get<ConstantValue>(reader.value(node, 1)).values->dims};
    for (const int64_t index : *indices) {
        const std::optional<size_t> at = place(reader, node, index, from->size());
        if (!at) return;
        picked.integers.push_back((*from)[*at]);
    }
    reader.putConstant(node, std::move(picked));
}

void readSlice(GraphReader& reader, const Node& node) {
    reader.expect(node, {"axes", "ends", "starts"}, 1, 5);
    const auto from = reader.list(node, 0);
    const auto one = [&](const char* name, size_t input, int64_t fallback) -> std::optional<int64_t> {
        const std::vector<int64_t> values = reader.integers(node, name, input);
        if (values.empty() && !reader.has(node, input)) return fallback;
        if (values.size() == 1) return values[0];
        reader.problem(node, fmt::format("{}: expected one number, found [{}]", name, fmt::join(values, ", ")));
        return {};
    };
    if (!from) return;
    const auto start = one("starts", 1, 0), end = one("ends", 2, INT64_MAX), axis = one("axes", 3, 0),
               step = one("steps", 4, 1);
    if (!start || !end || !axis || !step) return;
    if ((*axis != 0 && *axis != -1) || *step != 1) return reader.problem(node, "expected axis 0 and step 1");
    const auto size = static_cast<int64_t>(from->size());
    const auto at = [&](int64_t index) { return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size); };
    const int64_t begin = at(*start), stop = std::max(at(*end), begin);
    reader.putConstant(node,
                       Constant{ValueType::Int64, {stop - begin}, {}, {from->begin() + begin, from->begin() + stop}});
}

void readCast(GraphReader& reader, const Node& node) {
    reader.expect(node, {"to"}, 1, 1);
    const int64_t to = reader.integer(node, "to", 0);
    constexpr int64_t kFloat = 1, kInt32 = 6, kInt64 = 7;
    if (to != kFloat && to != kInt32 && to != kInt64)
        return reader.problem(node, fmt::format("to: expected float32, int32 or int64, found type {}", to));
    if (const auto* map = std::get_if<MapValue>(&reader.value(node, 0))) {
        if (to != kFloat || map->stage == MapValue::Stage::Codes)
            return reader.problem(node, "of a feature map: expected real values that stay float32");
        return reader.putMap(node, *map);
    }
    const std::optional<ConstantValue> x = reader.constant(node, 0);
    if (!x) return;
    if (x->values->isFloat() == (to == kFloat)) return reader.putConstant(node, *x);
    Constant out{to == kFloat ? ValueType::Float : ValueType::Int64, x->values->dims};
    for (const int64_t value : x->values->integers) out.floats.push_back(static_cast<float>(value));
    for (const float value : x->values->floats) {
        if (!(std::abs(value) < 9e18f)) return reader.problem(node, fmt::format("{} is no 64-bit integer", value));
        out.integers.push_back(static_cast<int64_t>(value));
    }
    reader.putConstant(node, std::move(out));
}

/// False when the result is no 64-bit integer.
bool compute(const std::string& op, int64_t a, int64_t b, int64_t& result) {
    if (op == "Add") return !__builtin_add_overflow(a, b, &result);
    if (op == "Sub") return !__builtin_sub_overflow(a, b, &result);
    if (op == "Mul") return !__builtin_mul_overflow(a, b, &result);
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    result = a / b;
    return true;
}

void readArithmetic(GraphReader& reader, const Node& node) {
    reader.expect(node, {}, 2, 2);
    if (foldArithmetic(reader, node)) return;
    for (const size_t input : {0, 1}) {
        const auto* map = std::get_if<MapValue>(&reader.value(node, input));
        if (!map) continue;
        reader.problem(node,
                       "of feature maps is not supported (of shapes it is); scale pictures before the network "
                       "(dna import --mean, --std)");
        return reader.putMap(node, MapValue(*map));  // what stands behind is checked all the same
    }
}

}  // namespace

bool foldArithmetic(GraphReader& reader, const Node& node) {
    for (const size_t input : {0, 1})
        if (!std::holds_alternative<ConstantValue>(reader.value(node, input))) return false;
    const auto a = reader.list(node, 0), b = reader.list(node, 1);
    if (!a || !b) return true;
    if (a->empty() || b->empty() || (a->size() != b->size() && a->size() != 1 && b->size() != 1) ||
        a->size() > kMaxList || b->size() > kMaxList) {
        reader.problem(node,
                       fmt::format("expected lists of one length, found {} and {} numbers", a->size(), b->size()));
        return true;
    }
    const auto& wider = std::get<ConstantValue>(reader.value(node, a->size() >= b->size() ? 0 : 1)).values->dims;
    Constant out{ValueType::Int64, wider};
    for (size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
        int64_t result = 0;
        const int64_t left = (*a)[a->size() == 1 ? 0 : i], right = (*b)[b->size() == 1 ? 0 : i];
        if (!compute(node.op, left, right, result)) {
            reader.problem(node, fmt::format("of {} and {} is no 64-bit integer", left, right));
            return true;
        }
        out.integers.push_back(result);
    }
    reader.putConstant(node, std::move(out));
    return true;
}

void register_constants(OpReaders& readers) {
    readers.add("Constant", readConstant);
    readers.add("Shape", readShape);
    readers.add("Gather", readGather);
    readers.add("Slice", readSlice);
    readers.add("Cast", readCast);
    for (const char* op : {"Sub", "Mul", "Div"}) readers.add(op, readArithmetic);
}

}  // namespace dna::flows::onnx
