#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace dna::base {

/// Key order of written files is the order of insertion.
using Json = nlohmann::ordered_json;

constexpr int64_t kMaxInteger = int64_t{1} << 53;

/// Reading view of one JSON object. Every getter marks its key as known; a missing or wrong value becomes a
/// Problem of the document (a harmless default is returned), so that all problems are reported at once.
/// Fractional numbers are refused where an integer is wanted.
class JsonObject {
public:
    bool has(std::string_view key) const;
    /// Required integer in [min, max].
    int64_t integer(std::string_view key, int64_t min, int64_t max);
    /// Optional integer in [min, max].
    int64_t integer(std::string_view key, int64_t min, int64_t max, int64_t fallback);
    double number(std::string_view key, double min, double max);
    double number(std::string_view key, double min, double max, double fallback);
    bool flag(std::string_view key);
    bool flag(std::string_view key, bool fallback);
    std::string text(std::string_view key);
    std::string text(std::string_view key, const std::string& fallback);
    /// Required text that is one of `options`; the nearest option is suggested otherwise.
    std::string choice(std::string_view key, const std::vector<std::string>& options);
    std::string choice(std::string_view key, const std::vector<std::string>& options, const std::string& fallback);
    /// Required object / array of objects (an empty view on a problem).
    JsonObject object(std::string_view key);
    std::vector<JsonObject> objects(std::string_view key);
    std::vector<int64_t> integers(std::string_view key, int64_t min, int64_t max);
    std::vector<double> numbers(std::string_view key, double min, double max);
    std::vector<std::string> texts(std::string_view key);
    /// The keys present, in file order, for maps whose keys are data (marks all of them known).
    std::vector<std::string> keys();
    /// The raw value (marks the key known); null when absent.
    const Json& raw(std::string_view key);
    /// Records a problem at `key` (or at the object itself when empty).
    void problem(std::string_view key, const std::string& message);
    /// Refuses keys that no getter asked for, with the nearest known key. Call after the last getter.
    void close();
    const std::string& pointer() const { return pointer_; }

private:
    friend class JsonDocument;
    struct Shared;  // problems and file name of the document
    JsonObject(std::shared_ptr<Shared> shared, const Json* value, std::string pointer);
    const Json* find(std::string_view key, bool required);

    std::shared_ptr<Shared> shared_;
    const Json* value_ = nullptr;
    std::string pointer_;
    std::set<std::string> known_;
};

/// A parsed file. Syntax errors, duplicate keys, nesting deeper than 200 and files over 256 MiB throw InputError at once.
class JsonDocument {
public:
    /// Reads a file and checks `"format": "dna.<kind>"` and `"version": 1`.
    static JsonDocument read(const std::filesystem::path& file, std::string_view kind);
    /// Reads a file of any format.
    static JsonDocument readAny(const std::filesystem::path& file);
    /// The same from memory; `name` stands for the file in messages.
    static JsonDocument parse(std::string_view text, const std::string& name, std::string_view kind = {});

    JsonObject& root() { return *root_; }
    const Json& json() const;
    /// Closes the root and throws InputError when there were any problems.
    void finish();

private:
    std::shared_ptr<JsonObject::Shared> shared_;
    std::shared_ptr<JsonObject> root_;
};

/// `{"format": "dna.<kind>", "version": 1}`, to be filled.
Json makeDocument(std::string_view kind);

/// Pretty-printed (2 spaces, shortest round-trip numbers), newline at the end, written atomically.
void writeJson(const std::filesystem::path& file, const Json& json);

/// The option with the least edit distance to `word`, or empty when nothing is near.
std::string nearest(std::string_view word, const std::vector<std::string>& options);

}  // namespace dna::base
