#include "flows/onnx/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "core/network/graph.h"

namespace dna::flows::onnx {
namespace {

const OpReaders& readers() {
    static const OpReaders table = builtinOpReaders();
    return table;
}

/// Operators that networks often have, that are not supported, and that keep a map's shape: what stands behind them can
/// be checked all the same.
const std::set<std::string> kKeepsShape{"Abs",         "Celu",      "Elu",
                                        "Erf",         "Exp",       "Gelu",
                                        "HardSigmoid", "HardSwish", "InstanceNormalization",
                                        "LRN",         "LeakyRelu", "Log",
                                        "LogSoftmax",  "Mish",      "Neg",
                                        "PRelu",       "Selu",      "Sigmoid",
                                        "Softmax",     "Softplus",  "Softsign",
                                        "Sqrt",        "Tanh",      "ThresholdedRelu"};

/// "/layer1/layer1.0/conv1/Conv" -> "layer1.0.conv1": scopes of PyTorch's exporter. The operator is left out where a
/// layer with weights has a scope of its own; "/layer1/layer1.0/Add" -> "layer1.0.add".
std::string fromScopes(const std::string& path, bool has_weights) {
    std::vector<std::string> parts;
    for (size_t begin = 1; begin <= path.size();) {
        const size_t end = std::min(path.find('/', begin), path.size());
        std::string part = path.substr(begin, end - begin);
        begin = end + 1;
        if (end == path.size()) {
            if (has_weights && !parts.empty()) break;
            for (char& c : part) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        if (!parts.empty() && part.starts_with(parts.back() + "."))
            parts.back() = part;
        else
            parts.push_back(part);
    }
    return fmt::format("{}", fmt::join(parts, "."));
}

}  // namespace

GraphReader::GraphReader(const Model& model) : model_(model), batch_(std::max<int64_t>(model.input_dims[0], 1)) {
    for (const auto& [name, constant] : model.initializers) values_[name] = ConstantValue{name, constant};
    Layer input;
    const auto dim = [&](size_t i) { return static_cast<int>(model.input_dims[i]); };
    input.node.name = "input";
    input.node.shape = {dim(1), dim(2), dim(3)};
    input.place = fmt::format("input \"{}\"", shown(model.input));
    layers_.push_back(input);
    shapes_.push_back(input.node);
    names_.emplace("input", 0);
}

Value GraphReader::run() {
    const std::set<size_t> needed = neededNodes();
    countUses(needed);
    const network::Shape& shape = layers_[0].node.shape;
    values_[model_.input] = MapValue{
        .layer = 0, .dims = {batch_, shape.channels, shape.height, shape.width}, .exclusive = uses(model_.input) == 1};
    for (const size_t index : needed) readNode(model_.nodes[index]);
    const auto found = values_.find(model_.output);
    if (found != values_.end()) return found->second;
    problems_.push_back({model_.file, fmt::format("output \"{}\"", shown(model_.output)), "no node makes it"});
    return {};
}

std::set<size_t> GraphReader::neededNodes() const {
    std::map<std::string, size_t> makers;
    for (size_t i = 0; i < model_.nodes.size(); ++i)
        for (const std::string& output : model_.nodes[i].outputs)
            if (!output.empty()) makers.emplace(output, i);
    std::set<size_t> needed;
    std::vector<std::string> wanted{model_.output};
    while (!wanted.empty()) {
        const auto maker = makers.find(wanted.back());
        wanted.pop_back();
        if (maker == makers.end() || !needed.insert(maker->second).second) continue;
        const auto& inputs = model_.nodes[maker->second].inputs;
        wanted.insert(wanted.end(), inputs.begin(), inputs.end());
    }
    return needed;
}

void GraphReader::countUses(const std::set<size_t>& needed) {
    ++uses_[model_.output];
    for (const size_t index : needed)
        for (const std::string& input : model_.nodes[index].inputs) ++uses_[input];
}

int GraphReader::uses(const std::string& tensor) const {
    const auto found = uses_.find(tensor);
    return found == uses_.end() ? 0 : found->second;
}

void GraphReader::readNode(const Node& node) {
    const auto reader = readers().readers().find(node.op);
    bool complete = true;
    for (const std::string& input : node.inputs) {
        if (input.empty() || values_.contains(input)) continue;
        problem(node, fmt::format("reads \"{}\", which nothing before it makes", shown(input)));
        complete = false;
    }
    if (reader == readers().readers().end())
        refuse(node);
    else if (node.outputs.empty() || node.outputs[0].empty())
        problem(node, "has no output");
    else if (values_.contains(node.outputs[0]))
        problem(node, fmt::format("makes \"{}\", which is there already", shown(node.outputs[0])));
    else if (complete)
        reader->second(*this, node);
    for (const std::string& output : node.outputs) values_.try_emplace(output, std::monostate{});
}

void GraphReader::refuse(const Node& node) {
    problem(node, fmt::format("operator {} is not supported (docs/onnx.md lists those that are)", shown(node.op)));
    const auto* map = std::get_if<MapValue>(&value(node, 0));
    if (map && kKeepsShape.contains(node.op) && !node.outputs.empty() && !values_.contains(node.outputs[0]))
        putMap(node, MapValue(*map));
}

void GraphReader::problem(const Node& node, const std::string& message) {
    problems_.push_back({model_.file, node.place(), message});
}

void GraphReader::expect(const Node& node, const std::vector<std::string>& names, size_t least, size_t most) {
    for (const auto& [name, value] : node.attributes)
        if (std::find(names.begin(), names.end(), name) == names.end())
            problem(node, fmt::format("attribute \"{}\" is not supported", shown(name)));
    if (node.inputs.size() < least || node.inputs.size() > most)
        problem(node, fmt::format("expected {} input(s), found {}",
                                  least == most ? std::to_string(least) : fmt::format("{} to {}", least, most),
                                  node.inputs.size()));
}

const Attribute* GraphReader::attribute(const Node& node, const std::string& name, Attribute::Kind kind,
                                        const char* wanted) {
    const auto found = node.attributes.find(name);
    if (found == node.attributes.end()) return nullptr;
    if (found->second.kind == kind) return &found->second;
    problem(node, fmt::format("attribute \"{}\": expected {}", name, wanted));
    return nullptr;
}

int64_t GraphReader::integer(const Node& node, const std::string& name, int64_t fallback) {
    const Attribute* found = attribute(node, name, Attribute::Kind::Integer, "an integer");
    return found ? found->integer : fallback;
}

double GraphReader::real(const Node& node, const std::string& name, double fallback) {
    const Attribute* found = attribute(node, name, Attribute::Kind::Real, "a number");
    return found ? static_cast<double>(found->real) : fallback;
}

std::string GraphReader::text(const Node& node, const std::string& name, const std::string& fallback) {
    const Attribute* found = attribute(node, name, Attribute::Kind::Text, "a text");
    return found ? found->text : fallback;
}

std::vector<int64_t> GraphReader::integers(const Node& node, const std::string& name) {
    const Attribute* found = attribute(node, name, Attribute::Kind::Integers, "a list of integers");
    return found ? found->integers : std::vector<int64_t>{};
}

std::vector<int64_t> GraphReader::integers(const Node& node, const std::string& name, size_t input) {
    std::vector<int64_t> attribute = integers(node, name);
    return has(node, input) ? list(node, input).value_or(std::vector<int64_t>{}) : attribute;
}

bool GraphReader::has(const Node& node, size_t input) const {
    return input < node.inputs.size() && !node.inputs[input].empty();
}

const Value& GraphReader::value(const Node& node, size_t input) const {
    static const Value nothing;
    if (!has(node, input)) return nothing;
    const auto found = values_.find(node.inputs[input]);
    return found == values_.end() ? nothing : found->second;
}

bool GraphReader::known(const Node& node, size_t input) const {
    return !std::holds_alternative<std::monostate>(value(node, input));
}

std::optional<MapValue> GraphReader::anyMap(const Node& node, size_t input) {
    if (const auto* found = std::get_if<MapValue>(&value(node, input))) return *found;
    if (known(node, input)) problem(node, fmt::format("input {}: expected a feature map, found a constant", input));
    return {};
}

std::optional<MapValue> GraphReader::paddedMap(const Node& node, size_t input) {
    const std::optional<MapValue> found = anyMap(node, input);
    if (!found) return {};
    if (found->stage == MapValue::Stage::Codes) {
        problem(node, fmt::format("input {}: expected real values, found the integers of a QuantizeLinear", input));
        return {};
    }
    if (found->groups > 0) {
        problem(node, fmt::format("input {}: a map seen with dimensions [{}] must become a channel shuffle first "
                                  "(Reshape, Transpose, Reshape)",
                                  input, fmt::join(found->dims, ", ")));
        return {};
    }
    return found;
}

std::optional<MapValue> GraphReader::map(const Node& node, size_t input) {
    const std::optional<MapValue> found = paddedMap(node, input);
    if (!found || found->pad == 0) return found;
    problem(node, fmt::format("input {}: zeros around a map are supported before convolutions and pools only", input));
    return {};
}

std::optional<ConstantValue> GraphReader::constant(const Node& node, size_t input) {
    if (const auto* found = std::get_if<ConstantValue>(&value(node, input))) return *found;
    if (known(node, input))
        problem(node, fmt::format("input {}: expected a constant, found values that depend on the picture", input));
    else if (!has(node, input))
        problem(node, fmt::format("input {} is missing", input));
    return {};
}

std::optional<std::vector<float>> GraphReader::floats(const Node& node, size_t input, int64_t count) {
    const std::optional<ConstantValue> found = constant(node, input);
    if (!found) return {};
    if (found->values->isFloat() && static_cast<int64_t>(found->values->size()) == count) return found->values->floats;
    problem(node, fmt::format("input {}: expected {} float values, found shape [{}]{}", input, count,
                              fmt::join(found->values->dims, ", "), found->values->isFloat() ? "" : " of integers"));
    return {};
}

std::optional<std::vector<int64_t>> GraphReader::list(const Node& node, size_t input) {
    const std::optional<ConstantValue> found = constant(node, input);
    if (!found) return {};
    if (!found->values->isFloat() && found->values->dims.size() <= 1) return found->values->integers;
    problem(node, fmt::format("input {}: expected a list of integers, found {}[{}]", input,
                              found->values->isFloat() ? "float values " : "", fmt::join(found->values->dims, ", ")));
    return {};
}

void GraphReader::addLayer(const Node& node, Layer layer, const std::vector<MapValue>& inputs,
                           const std::string& weight_name) {
    layer.place = node.place();
    layer.input_is_its_own = inputs[0].exclusive;
    for (const MapValue& input : inputs) {
        layer.node.inputs.push_back(input.layer);
        if (input.stage == MapValue::Stage::Real) layers_[static_cast<size_t>(input.layer)].read_unquantized = true;
    }
    if (const std::string fault = network::inferShape(shapes_, layer.node); !fault.empty()) return problem(node, fault);
    layer.node.name = nameOf(node, layer.node.op, weight_name);
    const network::Shape& shape = layer.node.shape;
    MapValue made{.layer = static_cast<int>(layers_.size()),
                  .dims = {batch_, shape.channels, shape.height, shape.width}};
    if (inputs[0].dims.size() == 2) made.dims = {batch_, shape.elements()};
    made.exclusive = uses(node.outputs[0]) == 1;
    shapes_.push_back(layer.node);
    layers_.push_back(std::move(layer));
    values_[node.outputs[0]] = made;
}

const MapValue* GraphReader::made(const Node& node) const {
    const auto found = values_.find(node.outputs[0]);
    return found == values_.end() ? nullptr : std::get_if<MapValue>(&found->second);
}

void GraphReader::putMap(const Node& node, MapValue view) {
    view.exclusive = view.exclusive && uses(node.outputs[0]) == 1;
    values_[node.outputs[0]] = std::move(view);
}

void GraphReader::putConstant(const Node& node, Constant constant) {
    putConstant(node, ConstantValue{"", std::make_shared<Constant>(std::move(constant))});
}

void GraphReader::putConstant(const Node& node, ConstantValue constant) {
    values_[node.outputs[0]] = std::move(constant);
}

Layer* GraphReader::fusable(const Node& node, const MapValue& value) {
    Layer& layer = layers_[static_cast<size_t>(value.layer)];
    if (value.exclusive && value.layer != 0) return &layer;
    problem(node, value.layer == 0
                      ? "expected a layer before it, found the network's input"
                      : fmt::format("can't be joined to {}, whose output is read by others too", layer.place));
    return nullptr;
}

std::string GraphReader::nameOf(const Node& node, network::Op op, const std::string& weight_name) {
    for (const std::string suffix : {".weight", ".weight_q"})
        if (weight_name.size() > suffix.size() && weight_name.ends_with(suffix))
            return freshName(weight_name.substr(0, weight_name.size() - suffix.size()));
    if (node.name.empty()) return freshName(node.outputs[0]);
    const bool scoped = node.name[0] == '/' && node.name.size() > 1;
    return freshName(scoped ? fromScopes(node.name, op == network::Op::Conv2d || op == network::Op::Linear)
                            : node.name);
}

/// Letters, digits, '_', '-' and '.'; not yet taken; and no parameter of another layer's batch norm ("a" has
/// "a.bn.bias").
std::string GraphReader::freshName(std::string wanted) {
    constexpr size_t kLongest = 120;
    if (wanted.size() > kLongest) wanted.resize(kLongest);
    for (char& c : wanted) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && c != '_' && c != '-' && c != '.') c = '_';
    }
    if (wanted.empty()) wanted = "layer";
    if (wanted.ends_with(".bn")) wanted += "_";
    std::string name = wanted;
    while (names_.contains(name)) name = fmt::format("{}_{}", wanted, ++names_[wanted]);
    names_.emplace(name, 0);
    return name;
}

}  // namespace dna::flows::onnx
