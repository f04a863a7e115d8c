#include "flows/onnx/graph_writer.h"

namespace dna::flows::onnx {

GraphWriter::GraphWriter(const std::string& name) {
    constexpr int kVersion = 7;  // of the file format, the one that came with opset 13
    model_.set_ir_version(kVersion);
    model_.set_producer_name("dna");
    model_.set_producer_version(DNA_VERSION);
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(kOpset);
    graph().set_name(name.empty() ? "network" : name);
}

void GraphWriter::describe(::onnx::ValueInfoProto& value, const std::string& name, const std::vector<int64_t>& dims) {
    value.set_name(name);
    auto* type = value.mutable_type()->mutable_tensor_type();
    type->set_elem_type(::onnx::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("N");
    for (const int64_t dim : dims) type->mutable_shape()->add_dim()->set_dim_value(dim);
}

void GraphWriter::metadata(const std::string& key, const std::string& value) {
    auto* entry = model_.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
}

::onnx::NodeProto& GraphWriter::node(const std::string& op, const std::string& name,
                                     const std::vector<std::string>& inputs, const std::string& output) {
    ::onnx::NodeProto& made = *graph().add_node();
    made.set_op_type(op);
    made.set_name(name);
    for (const std::string& input : inputs) made.add_input(input);
    made.add_output(output);
    return made;
}

::onnx::AttributeProto& GraphWriter::attribute(::onnx::NodeProto& node, const std::string& name) {
    ::onnx::AttributeProto& made = *node.add_attribute();
    made.set_name(name);
    return made;
}

void GraphWriter::set(::onnx::NodeProto& node, const std::string& name, int64_t value) {
    auto& made = attribute(node, name);
    made.set_type(::onnx::AttributeProto::INT);
    made.set_i(value);
}

void GraphWriter::set(::onnx::NodeProto& node, const std::string& name, float value) {
    auto& made = attribute(node, name);
    made.set_type(::onnx::AttributeProto::FLOAT);
    made.set_f(value);
}

void GraphWriter::set(::onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
    auto& made = attribute(node, name);
    made.set_type(::onnx::AttributeProto::INTS);
    for (const int64_t value : values) made.add_ints(value);
}

std::string GraphWriter::tensor(const std::string& name, const std::vector<int64_t>& dims, int type, const void* values,
                                size_t bytes) {
    auto* made = graph().add_initializer();
    made->set_name(name);
    made->set_data_type(type);
    for (const int64_t dim : dims) made->add_dims(dim);
    made->set_raw_data(values, bytes);
    return name;
}

std::string GraphWriter::floats(const std::string& name, const std::vector<int64_t>& dims,
                                const std::vector<float>& values) {
    return tensor(name, dims, ::onnx::TensorProto::FLOAT, values.data(), values.size() * sizeof(float));
}

std::string GraphWriter::int8s(const std::string& name, const std::vector<int64_t>& dims,
                               const std::vector<int8_t>& values) {
    return tensor(name, dims, ::onnx::TensorProto::INT8, values.data(), values.size());
}

std::string GraphWriter::int32s(const std::string& name, const std::vector<int64_t>& dims,
                                const std::vector<int32_t>& values) {
    return tensor(name, dims, ::onnx::TensorProto::INT32, values.data(), values.size() * sizeof(int32_t));
}

std::string GraphWriter::list(const std::string& name, const std::vector<int64_t>& values) {
    return tensor(name, {static_cast<int64_t>(values.size())}, ::onnx::TensorProto::INT64, values.data(),
                  values.size() * sizeof(int64_t));
}

}  // namespace dna::flows::onnx
