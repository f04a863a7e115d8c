#include "core/nn/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/file.h"
#include "core/base/json.h"

namespace dna::nn {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors values are copied without swapping");

constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit

template <class T>
constexpr const char* dtypeOf() {
    if constexpr (std::is_same_v<T, float>)
        return "F32";
    else if constexpr (std::is_same_v<T, double>)
        return "F64";
    else if constexpr (std::is_same_v<T, int8_t>)
        return "I8";
    else if constexpr (std::is_same_v<T, uint8_t>)
        return "U8";
    else if constexpr (std::is_same_v<T, int16_t>)
        return "I16";
    else
        return "I32";
}

template <class T>
StoredTensor store(const std::vector<T>& values, std::vector<int64_t> shape) {
    StoredTensor tensor{dtypeOf<T>(), std::move(shape), {}};
    DNA_CHECK(tensor.elements() == static_cast<int64_t>(values.size()), "shape and number of values differ");
    tensor.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    return tensor;
}

/// One entry of the header; its place in the data is checked against the others afterwards.
struct Entry {
    std::string name;
    StoredTensor tensor;
    uint64_t begin = 0, end = 0;
};

Entry readEntry(base::JsonObject& root, const std::string& name, uint64_t data_bytes) {
    base::JsonObject object = root.object(name);
    Entry entry{name, {}, 0, 0};
    entry.tensor.dtype = object.choice("dtype", {"F32", "F64", "I8", "U8", "I16", "I32"});
    entry.tensor.shape = object.integers("shape", 0, int64_t{1} << 31);
    const std::vector<int64_t> offsets = object.integers("data_offsets", 0, base::kMaxInteger);
    object.close();
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
        object.problem("data_offsets", "expected [begin, end] with begin <= end");
        return entry;
    }
    entry.begin = static_cast<uint64_t>(offsets[0]);
    entry.end = static_cast<uint64_t>(offsets[1]);
    double expected = static_cast<double>(valueBytes(entry.tensor.dtype));
    for (int64_t dim : entry.tensor.shape) expected *= static_cast<double>(dim);
    if (static_cast<double>(entry.end - entry.begin) != expected)
        object.problem("data_offsets",
                       fmt::format("shape [{}] of {} needs {} bytes, found {}", fmt::join(entry.tensor.shape, ", "),
                                   entry.tensor.dtype, expected, entry.end - entry.begin));
    if (entry.end > data_bytes)
        object.problem("data_offsets", fmt::format("ends at byte {} of the data, which has {} (truncated file?)",
                                                   entry.end, data_bytes));
    return entry;
}

void checkContiguous(std::vector<Entry> entries, uint64_t data_bytes, base::JsonObject& root) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    uint64_t at = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != at)
            root.problem(entry.name, fmt::format("data begin at byte {}, expected {} (tensors must follow each other)",
                                                 entry.begin, at));
        at = entry.end;
    }
    if (at != data_bytes)
        root.problem("", fmt::format("the header describes {} bytes of data, found {}", at, data_bytes));
}

}  // namespace

int64_t StoredTensor::elements() const {
    int64_t product = 1;
    for (int64_t dim : shape) product *= dim;
    return product;
}

size_t valueBytes(const std::string& dtype) {
    if (dtype == "I8" || dtype == "U8") return 1;
    if (dtype == "I16") return 2;
    if (dtype == "F32" || dtype == "I32") return 4;
    return dtype == "F64" ? 8 : 0;
}

TensorMap readSafetensors(const std::filesystem::path& file) {
    const std::string content = base::readFile(file);
    const std::string name = file.string();
    uint64_t header_bytes = 0;
    if (content.size() < sizeof header_bytes)
        throw base::InputError(name, "byte 0",
                               fmt::format("expected an 8-byte header length, found {} bytes", content.size()));
    std::memcpy(&header_bytes, content.data(), sizeof header_bytes);
    if (header_bytes > kMaxHeader || header_bytes > content.size() - sizeof header_bytes)
        throw base::InputError(name, "byte 0",
                               fmt::format("header of {} bytes in a file of {}: truncated or not a safetensors file",
                                           header_bytes, content.size()));
    const std::string_view data = std::string_view(content).substr(sizeof header_bytes + header_bytes);
    base::JsonDocument document =
        base::JsonDocument::parse(std::string_view(content).substr(sizeof header_bytes, header_bytes), name);
    std::vector<Entry> entries;
    for (const std::string& key : document.root().keys())
        if (key != "__metadata__") entries.push_back(readEntry(document.root(), key, data.size()));
    checkContiguous(entries, data.size(), document.root());
    document.finish();
    TensorMap tensors;
    for (Entry& entry : entries) {
        entry.tensor.bytes.assign(data.substr(entry.begin, entry.end - entry.begin));
        tensors.emplace(entry.name, std::move(entry.tensor));
    }
    return tensors;
}

std::string safetensorsBytes(const TensorMap& tensors) {
    base::Json header = base::Json::object();
    std::string data;
    for (const auto& [name, tensor] : tensors) {
        header[name] = {{"dtype", tensor.dtype},
                        {"shape", tensor.shape},
                        {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
        data += tensor.bytes;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const uint64_t header_bytes = text.size();
    std::string bytes(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
    return bytes + text + data;
}

void writeSafetensors(const std::filesystem::path& file, const TensorMap& tensors) {
    base::writeFileAtomic(file, safetensorsBytes(tensors));
}

StoredTensor fromValues(const std::vector<float>& values, std::vector<int64_t> shape) {
    return store(values, std::move(shape));
}
StoredTensor fromValues(const std::vector<double>& values, std::vector<int64_t> shape) {
    return store(values, std::move(shape));
}
StoredTensor fromValues(const std::vector<int8_t>& values, std::vector<int64_t> shape) {
    return store(values, std::move(shape));
}
StoredTensor fromValues(const std::vector<int16_t>& values, std::vector<int64_t> shape) {
    return store(values, std::move(shape));
}
StoredTensor fromValues(const std::vector<int32_t>& values, std::vector<int64_t> shape) {
    return store(values, std::move(shape));
}

const StoredTensor* TensorReader::find(const std::string& name, const std::string& dtype,
                                       const std::vector<int64_t>& shape) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
        problem(name, "tensor is missing");
        return nullptr;
    }
    if (found->second.dtype != dtype || found->second.shape != shape) {
        problem(name, fmt::format("expected {} [{}], found {} [{}]", dtype, fmt::join(shape, ", "), found->second.dtype,
                                  fmt::join(found->second.shape, ", ")));
        return nullptr;
    }
    return &found->second;
}

template <class T>
std::vector<T> TensorReader::values(const std::string& name, const std::vector<int64_t>& shape) {
    const StoredTensor* tensor = find(name, dtypeOf<T>(), shape);
    if (tensor == nullptr) return {};
    std::vector<T> values(tensor->bytes.size() / sizeof(T));
    std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    return values;
}

template std::vector<float> TensorReader::values<float>(const std::string&, const std::vector<int64_t>&);
template std::vector<double> TensorReader::values<double>(const std::string&, const std::vector<int64_t>&);
template std::vector<int8_t> TensorReader::values<int8_t>(const std::string&, const std::vector<int64_t>&);
template std::vector<uint8_t> TensorReader::values<uint8_t>(const std::string&, const std::vector<int64_t>&);
template std::vector<int16_t> TensorReader::values<int16_t>(const std::string&, const std::vector<int64_t>&);
template std::vector<int32_t> TensorReader::values<int32_t>(const std::string&, const std::vector<int64_t>&);

void TensorReader::problem(const std::string& name, const std::string& message) {
    problems_.push_back({file_, name, message});
}

void TensorReader::finish() const {
    if (!problems_.empty()) throw base::InputError(problems_);
}

}  // namespace dna::nn
