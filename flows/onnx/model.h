#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace dna::flows::onnx {

/// Types of constants that networks of this program can hold.
enum class ValueType { Float, Int8, Uint8, Int32, Int64, Bool };

/// An initializer or the value of a Constant node, row by row.
struct Constant {
    ValueType type = ValueType::Float;
    std::vector<int64_t> dims;
    std::vector<float> floats{};      ///< of Float
    std::vector<int64_t> integers{};  ///< of all other types

    bool isFloat() const { return type == ValueType::Float; }
    size_t size() const { return isFloat() ? floats.size() : integers.size(); }
};

struct Attribute {
    enum class Kind { Integer, Real, Text, Integers, Reals, Tensor, Other };
    Kind kind = Kind::Other;
    int64_t integer = 0;
    float real = 0;
    std::string text{};
    std::vector<int64_t> integers{};
    std::vector<float> reals{};
    std::shared_ptr<const Constant> tensor{};
};

struct Node {
    std::string name, op;
    std::vector<std::string> inputs, outputs;  ///< names of tensors; empty: an optional one left out
    std::map<std::string, Attribute> attributes;

    /// `node "/conv1/Conv" (Conv)`, for messages; a node without a name is called by its output.
    std::string place() const;
};

/// One ONNX file as far as a network needs it: one float input [N, C, H, W], one output, standard operators.
struct Model {
    std::string file;
    int64_t opset = 0;
    std::string input, output;        ///< names of tensors
    std::vector<int64_t> input_dims;  ///< of the input; -1: left open
    std::vector<Node> nodes;          ///< in the file's order
    std::map<std::string, std::shared_ptr<const Constant>> initializers;
    std::map<std::string, std::string> metadata;
};

/// Parses and checks the file: protobuf, opset, one graph with one input and one output, tensors whose bytes are all
/// there. Throws InputError with every problem.
Model readModel(const std::filesystem::path& file);
/// The same from memory; `file` stands in messages.
Model parseModel(const std::string& bytes, const std::string& file);

/// A name from a file as it may be printed: control characters become '?', long ones are cut.
std::string shown(const std::string& name);

}  // namespace dna::flows::onnx
