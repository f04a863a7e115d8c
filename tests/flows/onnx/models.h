#pragma once

#include <string>
#include <vector>

#include "flows/onnx/proto.h"

/// Builds small ONNX models by hand: for refusals, for operators that PyTorch doesn't write, and as seeds of mutation.
class ModelBuilder {
public:
    /// One float input "x" of these dimensions (-1: open) and one output "y".
    explicit ModelBuilder(const std::vector<int64_t>& input = {-1, 3, 8, 8}, int64_t opset = 13) {
        model_.set_ir_version(7);
        model_.add_opset_import()->set_version(opset);
        auto* graph = model_.mutable_graph();
        graph->set_name("by hand");
        auto* x = graph->add_input();
        x->set_name("x");
        auto* type = x->mutable_type()->mutable_tensor_type();
        type->set_elem_type(::onnx::TensorProto::FLOAT);
        for (const int64_t dim : input) {
            auto* to = type->mutable_shape()->add_dim();
            if (dim < 0)
                to->set_dim_param("N");
            else
                to->set_dim_value(dim);
        }
        graph->add_output()->set_name("y");
    }

    ::onnx::ModelProto& proto() { return model_; }
    ::onnx::GraphProto& graph() { return *model_.mutable_graph(); }

    ::onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output) {
        auto* node = graph().add_node();
        node->set_op_type(op);
        node->set_name("the " + output);
        for (const std::string& input : inputs) node->add_input(input);
        node->add_output(output);
        return *node;
    }

    static void set(::onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
        auto* attribute = node.add_attribute();
        attribute->set_name(name);
        attribute->set_type(::onnx::AttributeProto::INTS);
        for (const int64_t value : values) attribute->add_ints(value);
    }
    static void set(::onnx::NodeProto& node, const std::string& name, int64_t value) {
        auto* attribute = node.add_attribute();
        attribute->set_name(name);
        attribute->set_type(::onnx::AttributeProto::INT);
        attribute->set_i(value);
    }

    void metadata(const std::string& key, const std::string& value) {
        auto* entry = model_.add_metadata_props();
        entry->set_key(key);
        entry->set_value(value);
    }

    /// Float values that run through a small pattern.
    ::onnx::TensorProto& floats(const std::string& name, const std::vector<int64_t>& dims) {
        auto& tensor = add(name, dims, ::onnx::TensorProto::FLOAT);
        for (int64_t i = 0; i < elements(dims); ++i) tensor.add_float_data(0.125f * static_cast<float>(i * 7 % 17 - 8));
        return tensor;
    }
    ::onnx::TensorProto& value(const std::string& name, float value) {
        auto& tensor = add(name, {}, ::onnx::TensorProto::FLOAT);
        tensor.add_float_data(value);
        return tensor;
    }
    ::onnx::TensorProto& integers(const std::string& name, const std::vector<int64_t>& values) {
        auto& tensor = add(name, {static_cast<int64_t>(values.size())}, ::onnx::TensorProto::INT64);
        for (const int64_t value : values) tensor.add_int64_data(value);
        return tensor;
    }
    /// int8, uint8 or int32 values that run through a small pattern.
    ::onnx::TensorProto& codes(const std::string& name, const std::vector<int64_t>& dims, int type, int offset = 0) {
        auto& tensor = add(name, dims, type);
        for (int64_t i = 0; i < elements(dims); ++i)
            tensor.add_int32_data(static_cast<int>(i * 37 % 101) - 50 + offset);
        return tensor;
    }
    ::onnx::TensorProto& code(const std::string& name, int value, int type) {
        auto& tensor = add(name, {}, type);
        tensor.add_int32_data(value);
        return tensor;
    }

    /// conv "c" (weights "c.weight") of 3x3 behind `input`, as many outputs as inputs are 3.
    ::onnx::NodeProto& conv(const std::string& input, const std::string& output, int64_t channels = 3) {
        floats(output + ".weight", {channels, 3, 3, 3});
        auto& made = node("Conv", {input, output + ".weight"}, output);
        set(made, "pads", {1, 1, 1, 1});
        return made;
    }
    /// Global pool, flattening and a linear layer: what a network ends in.
    void head(const std::string& input, int64_t channels = 3) {
        node("GlobalAveragePool", {input}, "pool");
        node("Flatten", {"pool"}, "flat");
        floats("fc.weight", {5, channels});
        floats("fc.bias", {5});
        set(node("Gemm", {"flat", "fc.weight", "fc.bias"}, "y"), "transB", 1);
    }

    std::string bytes() const { return model_.SerializeAsString(); }

private:
    static int64_t elements(const std::vector<int64_t>& dims) {
        int64_t count = 1;
        for (const int64_t dim : dims) count *= dim;
        return count;
    }
    ::onnx::TensorProto& add(const std::string& name, const std::vector<int64_t>& dims, int type) {
        auto* tensor = graph().add_initializer();
        tensor->set_name(name);
        tensor->set_data_type(type);
        for (const int64_t dim : dims) tensor->add_dims(dim);
        return *tensor;
    }

    ::onnx::ModelProto model_;
};
