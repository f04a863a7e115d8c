#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "flows/onnx/draft.h"

namespace dna::flows::onnx {

/// Longest list of integers that shapes are computed with.
constexpr size_t kMaxList = 4096;

/// Reads a model node by node into layers. Readers of single operators (flows/onnx/ops) ask it for attributes and
/// values and put what they make; what is wrong is collected.
class GraphReader {
public:
    explicit GraphReader(const Model& model);

    /// Runs the readers over all nodes that the output needs; returns its value.
    Value run();

    // --- what readers of operators use ---

    void problem(const Node& node, const std::string& message);
    /// Reports attributes that are not among `names`, and a number of inputs outside [least, most].
    void expect(const Node& node, const std::vector<std::string>& names, size_t least, size_t most);
    int64_t integer(const Node& node, const std::string& name, int64_t fallback);
    double real(const Node& node, const std::string& name, double fallback);
    std::string text(const Node& node, const std::string& name, const std::string& fallback);
    /// Empty when absent.
    std::vector<int64_t> integers(const Node& node, const std::string& name);
    /// The same where later opsets have an input instead: that one's integers if the node has it.
    std::vector<int64_t> integers(const Node& node, const std::string& name, size_t input);

    bool has(const Node& node, size_t input) const;
    /// The map at an input, or nothing: then the problem is recorded (or was, where nothing is known of the tensor).
    std::optional<MapValue> map(const Node& node, size_t input);
    /// The same where a Pad before the node is welcome.
    std::optional<MapValue> paddedMap(const Node& node, size_t input);
    /// The same in any view and at any stage of quantisation.
    std::optional<MapValue> anyMap(const Node& node, size_t input);
    std::optional<ConstantValue> constant(const Node& node, size_t input);
    /// Float values of `count` elements.
    std::optional<std::vector<float>> floats(const Node& node, size_t input, int64_t count);
    /// Integers of a list or of a single number.
    std::optional<std::vector<int64_t>> list(const Node& node, size_t input);
    const Value& value(const Node& node, size_t input) const;
    bool known(const Node& node, size_t input) const;

    /// Adds a layer that reads `inputs`, infers its shape, and makes the node's output its map.
    void addLayer(const Node& node, Layer layer, const std::vector<MapValue>& inputs,
                  const std::string& weight_name = {});
    /// The map that the node made, or nothing.
    const MapValue* made(const Node& node) const;
    /// The node's output is `view` of a map that is there already.
    void putMap(const Node& node, MapValue view);
    void putConstant(const Node& node, Constant constant);
    void putConstant(const Node& node, ConstantValue constant);

    /// The layer whose map a value is, when the node may become part of it; otherwise nothing, and a problem.
    Layer* fusable(const Node& node, const MapValue& value);
    Layer& layer(const MapValue& value) { return layers_[static_cast<size_t>(value.layer)]; }
    std::vector<Layer>& layers() { return layers_; }
    std::vector<base::Problem>& problems() { return problems_; }
    int64_t batch() const { return batch_; }
    const Model& model() const { return model_; }
    int uses(const std::string& tensor) const;

private:
    std::set<size_t> neededNodes() const;
    void countUses(const std::set<size_t>& needed);
    void readNode(const Node& node);
    void refuse(const Node& node);
    const Attribute* attribute(const Node& node, const std::string& name, Attribute::Kind kind, const char* wanted);
    std::string nameOf(const Node& node, network::Op op, const std::string& weight_name);
    std::string freshName(std::string wanted);

    const Model& model_;
    int64_t batch_ = 1;
    std::map<std::string, Value> values_;
    std::map<std::string, int> uses_;
    std::vector<Layer> layers_;
    std::vector<network::Node> shapes_;  ///< the layers' nodes, as shape inference wants them
    std::map<std::string, int> names_;   ///< taken, with the last number put behind each
    std::vector<base::Problem> problems_;
};

/// Reader of one operator.
using OpReader = std::function<void(GraphReader&, const Node&)>;

/// All operators that are read; each file of flows/onnx/ops adds some through `void register_<file>(OpReaders&)`.
class OpReaders {
public:
    void add(const std::string& op, OpReader reader) { readers_[op] = std::move(reader); }
    const std::map<std::string, OpReader>& readers() const { return readers_; }

private:
    std::map<std::string, OpReader> readers_;
};

/// Defined in the generated file that calls every register_<file>.
OpReaders builtinOpReaders();

}  // namespace dna::flows::onnx
