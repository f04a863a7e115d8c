// Parsing of JSON text into a document, and writing: the half of json.h that knows about files.
#include <fmt/format.h>

#include <algorithm>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/json_shared.h"

namespace dna::base {
namespace {

constexpr size_t kMaxBytes = size_t{256} << 20;
constexpr size_t kMaxDepth = 200;
constexpr size_t kMaxKeys = 20'000;  // of one object: ordered objects search their keys one by one

/// "line 3, column 14" of a byte position.
std::string lineAndColumn(std::string_view text, size_t position) {
    position = std::min(position, text.size());
    const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n');
    const size_t start = position == 0 ? std::string_view::npos : text.rfind('\n', position - 1);
    const size_t column = start == std::string_view::npos ? position : position - start - 1;
    return fmt::format("line {}, column {}", lines + 1, std::max<size_t>(column, 1));
}

/// Builds the value while it watches for duplicate keys and for nesting that would exhaust the stack of later readers.
class Builder : public nlohmann::json_sax<Json> {
public:
    explicit Builder(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {}

    Json take() { return std::move(root_); }

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override { return put(value); }
    bool number_float(number_float_t value, const string_t&) override { return put(value); }
    bool string(string_t& value) override { return put(std::move(value)); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        if (stack_.back()->contains(name)) throw InputError(file_, pointer() + "/" + name, "duplicate key");
        if (stack_.back()->size() >= kMaxKeys)
            throw InputError(file_, pointer(), fmt::format("has more than {} keys", kMaxKeys));
        keys_.back() = name;
        return true;
    }

    bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) override {
        const std::string_view message = error.what();
        const bool empty = text_.find_first_not_of(" \t\r\n") == std::string_view::npos;
        if (empty) throw InputError(file_, "", "is empty, expected JSON");
        if (position > text_.size() || message.find("unexpected end of input") != std::string_view::npos)
            throw InputError(file_, lineAndColumn(text_, text_.size()), "the file ends in the middle of the JSON");
        std::string what(message);
        if (const size_t dash = what.find(" - "); dash != std::string::npos) what = what.substr(dash + 3);
        if (what.find("out of range") != std::string::npos || what.find("number overflow") != std::string::npos)
            what = "number " + token + " is out of range";
        throw InputError(file_, lineAndColumn(text_, position), "not valid JSON: " + what);
    }

private:
    Json* place(Json value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Json& parent = *stack_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[keys_.back()] = std::move(value));
    }
    bool put(Json value) {
        place(std::move(value));
        return true;
    }
    bool open(Json value) {
        if (stack_.size() >= kMaxDepth)
            throw InputError(file_, "", fmt::format("is nested deeper than {} levels", kMaxDepth));
        stack_.push_back(place(std::move(value)));
        keys_.emplace_back();
        return true;
    }
    bool close() {
        stack_.pop_back();
        keys_.pop_back();
        return true;
    }
    std::string pointer() const {
        std::string out;
        for (size_t i = 0; i + 1 < stack_.size(); ++i)
            out += "/" + (stack_[i]->is_array() ? std::to_string(stack_[i]->size() - 1) : keys_[i]);
        return out;
    }

    std::string file_;
    std::string_view text_;
    Json root_;
    std::vector<Json*> stack_;  // containers being filled; a parent does not grow while its child is open
    std::vector<std::string> keys_;
};

Json parsed(std::string_view text, const std::string& name) {
    if (text.size() > kMaxBytes) throw InputError(name, "", "is larger than 256 MiB");
    Builder builder(name, text);
    Json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

}  // namespace

JsonDocument JsonDocument::parse(std::string_view text, const std::string& name, std::string_view kind) {
    JsonDocument document;
    Json json = parsed(text, name);
    if (!json.is_object()) throw InputError(name, "", "expected a JSON object");
    document.shared_ = std::make_shared<JsonObject::Shared>(name, std::move(json));
    document.root_.reset(new JsonObject(document.shared_, &document.shared_->json, ""));
    if (kind.empty()) return document;
    const std::string wanted = "dna." + std::string(kind);
    const std::string found = document.root_->text("format");
    if (document.root_->has("format") && found != wanted && document.shared_->json.at("format").is_string())
        throw InputError(name, "/format", fmt::format("expected \"{}\", found \"{}\"", wanted, found));
    document.root_->integer("version", 1, 1);
    return document;
}

JsonDocument JsonDocument::read(const std::filesystem::path& file, std::string_view kind) {
    return parse(readFile(file), file.string(), kind);
}

JsonDocument JsonDocument::readAny(const std::filesystem::path& file) { return parse(readFile(file), file.string()); }

Json makeDocument(std::string_view kind) {
    Json json;
    json["format"] = "dna." + std::string(kind);
    json["version"] = 1;
    return json;
}

void writeJson(const std::filesystem::path& file, const Json& json) {
    writeFileAtomic(file, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string nearest(std::string_view word, const std::vector<std::string>& options) {
    std::string best;
    size_t best_distance = std::max<size_t>(word.size() / 3, 2) + 1;
    for (const std::string& option : options) {
        std::vector<size_t> row(option.size() + 1);
        for (size_t j = 0; j <= option.size(); ++j) row[j] = j;
        for (size_t i = 1; i <= word.size(); ++i) {
            size_t diagonal = row[0];
            row[0] = i;
            for (size_t j = 1; j <= option.size(); ++j) {
                const size_t change = diagonal + (word[i - 1] == option[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
            }
        }
        if (row.back() < best_distance && row.back() < std::max(word.size(), option.size())) {
            best_distance = row.back();
            best = option;
        }
    }
    return best;
}

}  // namespace dna::base
