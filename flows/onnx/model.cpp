// From protobuf to plain checked structures: nothing behind this file sees what a hostile file may contain.

#include "flows/onnx/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "core/base/file.h"
#include "flows/onnx/proto.h"

namespace dna::flows::onnx {
namespace {

using ::onnx::AttributeProto;
using ::onnx::TensorProto;

constexpr int64_t kFirstOpset = 7, kLastOpset = 21;
constexpr size_t kMaxRank = 8;
constexpr int64_t kMaxElements = int64_t{1} << 31;
constexpr int kMaxNodes = 100'000;

std::string typeName(int type) {
    const std::string& name = ::onnx::TensorProto_DataType_Name(static_cast<::onnx::TensorProto_DataType>(type));
    return name.empty() ? fmt::format("type {}", type) : name;
}

/// Values that stand as raw little-endian bytes.
template <class T, class To>
void fromBytes(const std::string& bytes, std::vector<To>& values) {
    values.resize(bytes.size() / sizeof(T));
    for (size_t i = 0; i < values.size(); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        values[i] = static_cast<To>(value);
    }
}

template <class Field, class To>
void fromField(const Field& field, std::vector<To>& values) {
    values.assign(field.begin(), field.end());
}

struct Layout {
    ValueType type;
    size_t bytes;  ///< of one value
    int64_t least = 0, greatest = 0;
};

const std::map<int, Layout>& layouts() {
    static const std::map<int, Layout> table{
        {TensorProto::FLOAT, {ValueType::Float, 4}},
        {TensorProto::INT8, {ValueType::Int8, 1, -128, 127}},
        {TensorProto::UINT8, {ValueType::Uint8, 1, 0, 255}},
        {TensorProto::INT32, {ValueType::Int32, 4, INT32_MIN, INT32_MAX}},
        {TensorProto::INT64, {ValueType::Int64, 8, INT64_MIN, INT64_MAX}},
        {TensorProto::BOOL, {ValueType::Bool, 1, 0, 1}},
    };
    return table;
}

void readRaw(const std::string& bytes, Constant& constant) {
    switch (constant.type) {
        case ValueType::Float:
            return fromBytes<float>(bytes, constant.floats);
        case ValueType::Int8:
            return fromBytes<int8_t>(bytes, constant.integers);
        case ValueType::Uint8:
        case ValueType::Bool:
            return fromBytes<uint8_t>(bytes, constant.integers);
        case ValueType::Int32:
            return fromBytes<int32_t>(bytes, constant.integers);
        case ValueType::Int64:
            return fromBytes<int64_t>(bytes, constant.integers);
    }
}

/// Reads tensors and graphs, collecting problems.
class Reader {
public:
    explicit Reader(std::string file) { model_.file = std::move(file); }

    Model run(const ::onnx::ModelProto& proto) {
        checkOpset(proto);
        if (!proto.has_graph()) problem("", "holds no graph");
        for (const auto& entry : proto.metadata_props()) model_.metadata[entry.key()] = entry.value();
        readGraph(proto.graph());
        if (!problems_.empty()) throw base::InputError(std::move(problems_));
        return std::move(model_);
    }

private:
    void problem(const std::string& place, const std::string& message) {
        problems_.push_back({model_.file, place, message});
    }

    void checkOpset(const ::onnx::ModelProto& proto) {
        for (const auto& opset : proto.opset_import())
            if (opset.domain().empty() || opset.domain() == "ai.onnx") model_.opset = opset.version();
        if (model_.opset == 0)
            problem("opset_import", "names no version of the standard operators");
        else if (model_.opset < kFirstOpset || model_.opset > kLastOpset)
            problem("opset_import", fmt::format("expected standard operators of version {} to {}, found {}",
                                                kFirstOpset, kLastOpset, model_.opset));
        if (proto.functions_size() > 0)
            problem("functions",
                    fmt::format("functions of a model's own are not supported, found {}", proto.functions_size()));
    }

    void readGraph(const ::onnx::GraphProto& graph) {
        if (graph.sparse_initializer_size() > 0) problem("sparse_initializer", "sparse tensors are not supported");
        for (const TensorProto& tensor : graph.initializer()) {
            if (!model_.initializers.emplace(tensor.name(), readTensor(tensor, tensorPlace(tensor.name()))).second)
                problem(tensorPlace(tensor.name()), "stands twice among the initializers");
        }
        readInput(graph);
        if (graph.output_size() != 1)
            problem("output", fmt::format("expected one output (the logits), found {}: {}", graph.output_size(),
                                          names(graph.output())));
        else
            model_.output = graph.output(0).name();
        if (graph.node_size() > kMaxNodes) return problem("node", fmt::format("more than {} nodes", kMaxNodes));
        for (const auto& node : graph.node()) readNode(node);
    }

    template <class Values>
    static std::string names(const Values& values) {
        std::vector<std::string> list;
        for (const auto& value : values) list.push_back(shown(value.name()));
        return fmt::format("{}", fmt::join(list, ", "));
    }

    static std::string tensorPlace(const std::string& name) { return fmt::format("tensor \"{}\"", shown(name)); }

    void readInput(const ::onnx::GraphProto& graph) {
        std::vector<const ::onnx::ValueInfoProto*> inputs;
        for (const auto& input : graph.input())  // weights may be listed as inputs with a default
            if (!model_.initializers.contains(input.name())) inputs.push_back(&input);
        if (inputs.size() != 1)
            return problem("input", fmt::format("expected one input (the pictures), found {}", inputs.size()));
        const ::onnx::ValueInfoProto& input = *inputs[0];
        model_.input = input.name();
        const std::string place = fmt::format("input \"{}\"", shown(input.name()));
        const auto& type = input.type().tensor_type();
        if (type.elem_type() != TensorProto::FLOAT)
            problem(place, "expected float values, found " + typeName(type.elem_type()));
        if (type.shape().dim_size() != 4)
            return problem(place,
                           fmt::format("expected pictures [N, C, H, W], found {} dimensions", type.shape().dim_size()));
        for (const auto& dim : type.shape().dim()) {
            const bool fixed = dim.value_case() == ::onnx::TensorShapeProto_Dimension::kDimValue;
            model_.input_dims.push_back(fixed ? dim.dim_value() : -1);
        }
        checkInputDims(place, type.shape());
    }

    void checkInputDims(const std::string& place, const ::onnx::TensorShapeProto& shape) {
        static constexpr const char* kNames[] = {"the batch", "channels", "height", "width"};
        for (int i = 0; i < 4; ++i) {
            const int64_t dim = model_.input_dims[static_cast<size_t>(i)];
            const bool fixed = shape.dim(i).value_case() == ::onnx::TensorShapeProto_Dimension::kDimValue;
            if (!fixed && i == 0) continue;
            const std::string found =
                fixed ? std::to_string(dim) : fmt::format("\"{}\"", shown(shape.dim(i).dim_param()));
            if (!fixed)
                problem(place,
                        fmt::format("{} must be a number (only the batch may stay open), found {}", kNames[i], found));
            else if (dim < 1 || dim > 65536)
                problem(place, fmt::format("expected {} in [1, 65536], found {}", kNames[i], found));
        }
    }

    std::shared_ptr<const Constant> readTensor(const TensorProto& tensor, const std::string& place) {
        auto constant = std::make_shared<Constant>();
        if (tensor.data_location() == TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
            problem(
                place,
                "its values stand in another file (external data), which is not supported; save the model in one file");
            return nullptr;
        }
        const auto layout = layouts().find(tensor.data_type());
        if (layout == layouts().end()) {
            problem(place, fmt::format("expected float32, int8, uint8, int32, int64 or bool values, found {}",
                                       typeName(tensor.data_type())));
            return nullptr;
        }
        if (tensor.has_segment()) problem(place, "tensors in segments are not supported");
        constant->type = layout->second.type;
        constant->dims.assign(tensor.dims().begin(), tensor.dims().end());
        const int64_t elements = elementsOf(constant->dims, place);
        if (elements < 0) return nullptr;
        readValues(tensor, layout->second, elements, place, *constant);
        return constant;
    }

    int64_t elementsOf(const std::vector<int64_t>& dims, const std::string& place) {
        if (dims.size() > kMaxRank) {
            problem(place, fmt::format("expected at most {} dimensions, found {}", kMaxRank, dims.size()));
            return -1;
        }
        int64_t elements = 1;
        for (const int64_t dim : dims) {
            if (dim < 0 || dim > kMaxElements || (elements *= dim) > kMaxElements) {
                problem(place, fmt::format("shape [{}] is negative or larger than {} values", fmt::join(dims, ", "),
                                           kMaxElements));
                return -1;
            }
        }
        return elements;
    }

    void readValues(const TensorProto& tensor, const Layout& layout, int64_t elements, const std::string& place,
                    Constant& constant) {
        if (tensor.has_raw_data()) {
            if (tensor.raw_data().size() != static_cast<size_t>(elements) * layout.bytes)
                return problem(place,
                               fmt::format("shape [{}] needs {} bytes, found {}", fmt::join(constant.dims, ", "),
                                           static_cast<size_t>(elements) * layout.bytes, tensor.raw_data().size()));
            readRaw(tensor.raw_data(), constant);
        } else if (constant.isFloat()) {
            fromField(tensor.float_data(), constant.floats);
        } else if (constant.type == ValueType::Int64) {
            fromField(tensor.int64_data(), constant.integers);
        } else {
            fromField(tensor.int32_data(), constant.integers);
        }
        if (constant.size() != static_cast<size_t>(elements))
            return problem(place, fmt::format("shape [{}] needs {} values, found {}", fmt::join(constant.dims, ", "),
                                              elements, constant.size()));
        for (const float value : constant.floats)
            if (!std::isfinite(value)) return problem(place, "holds a value that is no finite number");
        for (const int64_t value : constant.integers)
            if (value < layout.least || value > layout.greatest)
                return problem(place, fmt::format("holds {}, which its type can't", value));
    }

    void readNode(const ::onnx::NodeProto& proto) {
        Node node{proto.name(),
                  proto.op_type(),
                  {proto.input().begin(), proto.input().end()},
                  {proto.output().begin(), proto.output().end()},
                  {}};
        if (!proto.domain().empty() && proto.domain() != "ai.onnx") node.op = proto.domain() + "." + node.op;
        for (const AttributeProto& attribute : proto.attribute())
            node.attributes[attribute.name()] = readAttribute(attribute, node);
        model_.nodes.push_back(std::move(node));
    }

    Attribute readAttribute(const AttributeProto& proto, const Node& node) {
        Attribute attribute;
        using Kind = Attribute::Kind;
        switch (proto.type()) {
            case AttributeProto::INT:
                attribute.kind = Kind::Integer, attribute.integer = proto.i();
                break;
            case AttributeProto::FLOAT:
                attribute.kind = Kind::Real, attribute.real = proto.f();
                break;
            case AttributeProto::STRING:
                attribute.kind = Kind::Text, attribute.text = proto.s();
                break;
            case AttributeProto::INTS:
                attribute.kind = Kind::Integers;
                fromField(proto.ints(), attribute.integers);
                break;
            case AttributeProto::FLOATS:
                attribute.kind = Kind::Reals;
                fromField(proto.floats(), attribute.reals);
                break;
            case AttributeProto::TENSOR:
                attribute.kind = Kind::Tensor;
                attribute.tensor = readTensor(proto.t(), fmt::format("{}: {}", node.place(), shown(proto.name())));
                break;
            default:
                break;
        }
        return attribute;
    }

    Model model_;
    std::vector<base::Problem> problems_;
};

}  // namespace

std::string Node::place() const {
    const std::string& called = !name.empty() || outputs.empty() ? name : outputs[0];
    return fmt::format("node \"{}\" ({})", shown(called), shown(op));
}

std::string shown(const std::string& name) {
    constexpr size_t kLongest = 100;
    std::string out = name.substr(0, kLongest);
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
    return name.size() > kLongest ? out + "..." : out;
}

Model parseModel(const std::string& bytes, const std::string& file) {
    google::protobuf::SetLogHandler(nullptr);  // problems are reported here, with the file's name
    ::onnx::ModelProto proto;
    if (bytes.empty()) throw base::InputError(file, "", "is empty, expected an ONNX model");
    if (!proto.ParseFromString(bytes)) throw base::InputError(file, "", "is no ONNX model (protobuf), or is cut off");
    return Reader(file).run(proto);
}

Model readModel(const std::filesystem::path& file) { return parseModel(base::readFile(file), file.string()); }

}  // namespace dna::flows::onnx
