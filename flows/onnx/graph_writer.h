#pragma once

#include <set>
#include <string>
#include <vector>

#include "flows/onnx/proto.h"

namespace dna::flows::onnx {

/// Writes one ONNX graph: opset 13, one input of open batch, one output.
class GraphWriter {
public:
    static constexpr int kOpset = 13;

    explicit GraphWriter(const std::string& name);

    void input(const std::string& name, const std::vector<int64_t>& dims) {
        describe(*graph().add_input(), name, dims);
    }
    void output(const std::string& name, const std::vector<int64_t>& dims) {
        describe(*graph().add_output(), name, dims);
    }
    void metadata(const std::string& key, const std::string& value);

    ::onnx::NodeProto& node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs,
                            const std::string& output);
    static void set(::onnx::NodeProto& node, const std::string& name, int64_t value);
    static void set(::onnx::NodeProto& node, const std::string& name, float value);
    static void set(::onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values);

    /// Initializers; each returns its name.
    std::string floats(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values);
    std::string number(const std::string& name, float value) { return floats(name, {}, {value}); }
    std::string int8s(const std::string& name, const std::vector<int64_t>& dims, const std::vector<int8_t>& values);
    std::string int32s(const std::string& name, const std::vector<int64_t>& dims, const std::vector<int32_t>& values);
    std::string list(const std::string& name, const std::vector<int64_t>& values);

    int nodes() const { return model_.graph().node_size(); }
    std::string bytes() const { return model_.SerializeAsString(); }

private:
    ::onnx::GraphProto& graph() { return *model_.mutable_graph(); }
    static void describe(::onnx::ValueInfoProto& value, const std::string& name, const std::vector<int64_t>& dims);
    static ::onnx::AttributeProto& attribute(::onnx::NodeProto& node, const std::string& name);
    std::string tensor(const std::string& name, const std::vector<int64_t>& dims, int type, const void* values,
                       size_t bytes);

    ::onnx::ModelProto model_;
};

}  // namespace dna::flows::onnx
