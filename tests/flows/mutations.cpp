#include "tests/flows/mutations.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "flows/onnx/proto.h"

namespace {

using dna::base::Rng;

const std::vector<int64_t> kNumbers{0,         1,         -1,        2,           3,         5,         7,
                                    63,        64,        127,       128,         255,       256,       1000,
                                    65535,     65536,     1 << 20,   INT32_MAX,   INT32_MIN, INT64_MAX, INT64_MIN,
                                    1LL << 31, 1LL << 40, 1LL << 53, -(1LL << 31)};

int64_t number(Rng& rng) { return kNumbers[rng.below(kNumbers.size())]; }
size_t place(const std::string& bytes, Rng& rng) { return rng.below(bytes.size() + 1); }

std::string piece(const std::string& bytes, Rng& rng) {
    const size_t begin = place(bytes, rng);
    return bytes.substr(begin, 1 + rng.below(64));
}

void flipBits(std::string& bytes, Rng& rng) {
    if (bytes.empty()) return;
    for (uint64_t i = 0; i <= rng.below(8); ++i)
        bytes[rng.below(bytes.size())] ^= static_cast<char>(1u << rng.below(8));
}

/// An integer of 1, 4 or 8 bytes, often at the start, where lengths stand.
void overwrite(std::string& bytes, Rng& rng) {
    const int64_t value = number(rng);
    const size_t size = std::min<size_t>(size_t{1} << rng.below(4), bytes.size());
    const size_t at = rng.below(3) == 0 ? 0 : rng.below(bytes.size() - size + 1);
    std::memcpy(bytes.data() + at, &value, size);
}

/// One change of bytes, whatever they mean.
void changeBytes(std::string& bytes, const std::string& other, Rng& rng) {
    switch (rng.below(6)) {
        case 0:
            return flipBits(bytes, rng);
        case 1:
            return bytes.resize(rng.below(bytes.size() + 1));
        case 2:
            return overwrite(bytes, rng);
        case 3:
            bytes.erase(place(bytes, rng), 1 + rng.below(64));
            return;
        case 4:
            bytes.insert(place(bytes, rng), piece(bytes, rng));
            return;
        default:
            bytes.insert(place(bytes, rng), piece(other, rng));
    }
}

bool isNumber(char c) { return std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '.'; }

/// Where the numbers of a JSON text stand: [begin, end).
std::vector<std::pair<size_t, size_t>> numbersIn(const std::string& text) {
    std::vector<std::pair<size_t, size_t>> out;
    for (size_t at = 0; at < text.size(); ++at) {
        if (!isNumber(text[at]) || (at > 0 && text[at - 1] != ' ' && text[at - 1] != '[' && text[at - 1] != ','))
            continue;
        size_t end = at;
        while (end < text.size() && isNumber(text[end])) ++end;
        out.emplace_back(at, end);
        at = end;
    }
    return out;
}

std::string strangeValue(Rng& rng) {
    static const std::vector<std::string> kValues{
        "null",        "true",  "\"\"", "[]", "{}", "1e308", "-1e308", "1e999", "0.5", "1e-40", "18446744073709551615",
        "\"\\ud800\"", "[[1]]", "-0"};
    const uint64_t kind = rng.below(kValues.size() + 6);
    if (kind < kValues.size()) return kValues[kind];
    if (kind > kValues.size()) return std::to_string(number(rng));
    const size_t depth = 1 + rng.below(400);
    return std::string(depth, '[') + std::string(depth, ']');
}

/// Moves a text between quotes to another place of its kind.
void swapTexts(std::string& text, Rng& rng) {
    std::vector<size_t> quotes;
    for (size_t at = 0; at < text.size(); ++at)
        if (text[at] == '"') quotes.push_back(at);
    if (quotes.size() < 4) return;
    const size_t from = rng.below(quotes.size() / 2) * 2, to = rng.below(quotes.size() / 2) * 2;
    const std::string taken = text.substr(quotes[from], quotes[from + 1] - quotes[from] + 1);
    text.replace(quotes[to], quotes[to + 1] - quotes[to] + 1, taken);
}

template <class List>
auto& any(List* list, Rng& rng) {
    return *list->Mutable(static_cast<int>(rng.below(static_cast<uint64_t>(list->size()))));
}

void changeAttribute(::onnx::NodeProto& node, Rng& rng) {
    if (node.attribute_size() == 0) return;
    auto& attribute = any(node.mutable_attribute(), rng);
    switch (rng.below(5)) {
        case 0:
            attribute.set_i(number(rng));
            return;
        case 1:
            for (int64_t& value : *attribute.mutable_ints())
                if (rng.below(2) == 0) value = number(rng);
            return;
        case 2:
            attribute.add_ints(number(rng));
            return;
        case 3:
            attribute.set_type(static_cast<::onnx::AttributeProto_AttributeType>(1 + rng.below(8)));
            return;
        default:
            attribute.set_name(rng.below(2) == 0 ? "axis" : "pads");
    }
}

/// Reads another tensor, makes another, or is another operator.
void changeNode(::onnx::GraphProto& graph, ::onnx::NodeProto& node, Rng& rng) {
    const auto& source = graph.node(static_cast<int>(rng.below(static_cast<uint64_t>(graph.node_size()))));
    switch (rng.below(6)) {
        case 0:
            if (node.input_size() > 0 && source.output_size() > 0) any(node.mutable_input(), rng) = source.output(0);
            return;
        case 1:
            if (node.input_size() > 0 && graph.initializer_size() > 0)
                any(node.mutable_input(), rng) = any(graph.mutable_initializer(), rng).name();
            return;
        case 2:
            node.set_op_type(source.op_type());
            return;
        case 3:
            if (node.input_size() > 0) node.mutable_input()->RemoveLast();
            return;
        case 4:
            if (node.output_size() > 0 && source.output_size() > 0) node.set_output(0, source.output(0));
            return;
        default:
            changeAttribute(node, rng);
    }
}

void changeTensor(::onnx::TensorProto& tensor, Rng& rng) {
    switch (rng.below(6)) {
        case 0:
            if (tensor.dims_size() > 0)
                tensor.set_dims(static_cast<int>(rng.below(static_cast<uint64_t>(tensor.dims_size()))), number(rng));
            return;
        case 1:
            tensor.add_dims(1 + static_cast<int64_t>(rng.below(3)));
            return;
        case 2:
            tensor.set_data_type(static_cast<int>(rng.below(18)));
            return;
        case 3:
            for (float& value : *tensor.mutable_float_data())
                if (rng.below(4) == 0) value = static_cast<float>(number(rng));
            return;
        case 4:
            for (auto& value : *tensor.mutable_int64_data())
                if (rng.below(2) == 0) value = number(rng);
            for (auto& value : *tensor.mutable_int32_data())
                if (rng.below(4) == 0) value = static_cast<int32_t>(number(rng));
            return;
        default:
            if (!tensor.raw_data().empty()) overwrite(*tensor.mutable_raw_data(), rng);
    }
}

}  // namespace

std::string mutated(const std::string& bytes, const std::string& other, Rng& rng) {
    std::string out = bytes;
    for (uint64_t i = 0; i <= rng.below(3); ++i) changeBytes(out, other, rng);
    return out;
}

std::string mutatedJson(const std::string& text, const std::string& other, Rng& rng) {
    if (rng.below(4) == 0) return mutated(text, other, rng);
    std::string out = text;
    for (uint64_t i = 0; i <= rng.below(2); ++i) {
        const auto numbers = numbersIn(out);
        if (rng.below(4) == 0 || numbers.empty()) {
            swapTexts(out, rng);
        } else {
            const auto [begin, end] = numbers[rng.below(numbers.size())];
            out.replace(begin, end - begin, strangeValue(rng));
        }
    }
    return out;
}

std::string mutatedModel(const std::string& bytes, const std::string& other, Rng& rng) {
    ::onnx::ModelProto model;
    if (rng.below(3) == 0 || !model.ParseFromString(bytes)) return mutated(bytes, other, rng);
    auto& graph = *model.mutable_graph();
    for (uint64_t i = 0; i <= rng.below(3); ++i) {
        if (graph.node_size() == 0 || graph.initializer_size() == 0) break;
        const uint64_t kind = rng.below(10);
        if (kind < 5)
            changeNode(graph, any(graph.mutable_node(), rng), rng);
        else if (kind < 8)
            changeTensor(any(graph.mutable_initializer(), rng), rng);
        else if (kind == 8)
            any(graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(), rng)
                .set_dim_value(number(rng));
        else
            graph.mutable_node()->SwapElements(static_cast<int>(rng.below(static_cast<uint64_t>(graph.node_size()))),
                                               0);
    }
    return model.SerializeAsString();
}
