#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace dna::nn {

/// One tensor of a safetensors file; `bytes` holds the values row by row, little endian.
struct StoredTensor {
    std::string dtype;  ///< "F32", "F64", "I8", "U8", "I16", "I32"
    std::vector<int64_t> shape;
    std::string bytes;

    int64_t elements() const;
};

using TensorMap = std::map<std::string, StoredTensor>;

/// Bytes of one value of a dtype; 0 for dtypes that are not supported.
size_t valueBytes(const std::string& dtype);

/// Reads and checks a safetensors file (8-byte header length, JSON header, data): offsets inside the file, contiguous,
/// lengths that match shape and dtype. Throws InputError with every problem.
TensorMap readSafetensors(const std::filesystem::path& file);

/// The file's bytes: tensors in the order of their names, header padded to a multiple of 8 bytes.
std::string safetensorsBytes(const TensorMap& tensors);
void writeSafetensors(const std::filesystem::path& file, const TensorMap& tensors);

/// Copies between a tensor's bytes and values. `fromValues` takes the dtype from the type.
StoredTensor fromValues(const std::vector<float>& values, std::vector<int64_t> shape);
StoredTensor fromValues(const std::vector<double>& values, std::vector<int64_t> shape);
StoredTensor fromValues(const std::vector<int8_t>& values, std::vector<int64_t> shape);
StoredTensor fromValues(const std::vector<int16_t>& values, std::vector<int64_t> shape);
StoredTensor fromValues(const std::vector<int32_t>& values, std::vector<int64_t> shape);

/// Fetches tensors by name and notes what is missing or has the wrong type or shape.
class TensorReader {
public:
    TensorReader(const TensorMap& tensors, std::string file) : tensors_(tensors), file_(std::move(file)) {}

    template <class T>
    std::vector<T> values(const std::string& name, const std::vector<int64_t>& shape);
    void problem(const std::string& name, const std::string& message);
    const std::vector<base::Problem>& problems() const { return problems_; }
    /// Throws InputError when there were problems.
    void finish() const;

private:
    const StoredTensor* find(const std::string& name, const std::string& dtype, const std::vector<int64_t>& shape);

    const TensorMap& tensors_;
    std::string file_;
    std::vector<base::Problem> problems_;
};

}  // namespace dna::nn
