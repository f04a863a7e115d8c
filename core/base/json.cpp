#include "core/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/json_shared.h"

namespace dna::base {
namespace {

const Json kNothing;  // what find() points at when a value is absent

/// Key as it stands in a JSON pointer (RFC 6901).
std::string escaped(std::string_view key) {
    std::string out;
    for (const char c : key) {
        if (c == '~') out += "~0";
        else if (c == '/') out += "~1";
        else out += c;
    }
    return out;
}

/// A value as it is shown in messages: short, on one line.
std::string shown(const Json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return value.empty() ? "an empty array" : "an array";
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
}

std::string range(int64_t min, int64_t max) {
    if (max >= kMaxInteger) return fmt::format("an integer of at least {}", min);
    return fmt::format("an integer in [{}, {}]", min, max);
}

std::string range(double min, double max) {
    const double none = std::numeric_limits<double>::max();
    if (max >= none && min <= -none) return "a number";
    if (max >= none) return fmt::format("a number of at least {}", min);
    return fmt::format("a number in [{}, {}]", min, max);
}

bool isInteger(const Json& value, int64_t min, int64_t max) {
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
        return false;
    const int64_t number = value.get<int64_t>();
    return number >= min && number <= max;
}

bool isNumber(const Json& value, double min, double max) {
    if (!value.is_number()) return false;
    const double number = value.get<double>();
    return std::isfinite(number) && number >= min && number <= max;
}

}  // namespace

JsonObject::JsonObject(std::shared_ptr<Shared> shared, const Json* value, std::string pointer)
    : shared_(std::move(shared)), value_(value), pointer_(std::move(pointer)) {}

bool JsonObject::has(std::string_view key) const {
    return value_ && value_->is_object() && value_->contains(std::string(key));
}

const Json* JsonObject::find(std::string_view key, bool required) {
    known_.insert(std::string(key));
    if (has(key)) return &value_->at(std::string(key));
    // A view of something that is no object has been reported where it was made.
    if (required && value_ && value_->is_object()) problem(key, "is missing");
    return nullptr;
}

int64_t JsonObject::integer(std::string_view key, int64_t min, int64_t max) {
    const Json* value = find(key, true);
    if (!value) return std::clamp<int64_t>(0, min, max);
    if (isInteger(*value, min, max)) return value->get<int64_t>();
    problem(key, "expected " + range(min, max) + ", found " + shown(*value));
    return std::clamp<int64_t>(0, min, max);
}

int64_t JsonObject::integer(std::string_view key, int64_t min, int64_t max, int64_t fallback) {
    return find(key, false) ? integer(key, min, max) : fallback;
}

double JsonObject::number(std::string_view key, double min, double max) {
    const Json* value = find(key, true);
    if (!value) return std::clamp(0.0, min, max);
    if (isNumber(*value, min, max)) return value->get<double>();
    problem(key, "expected " + range(min, max) + ", found " + shown(*value));
    return std::clamp(0.0, min, max);
}

double JsonObject::number(std::string_view key, double min, double max, double fallback) {
    return find(key, false) ? number(key, min, max) : fallback;
}

bool JsonObject::flag(std::string_view key) {
    const Json* value = find(key, true);
    if (!value) return false;
    if (value->is_boolean()) return value->get<bool>();
    problem(key, "expected true or false, found " + shown(*value));
    return false;
}

bool JsonObject::flag(std::string_view key, bool fallback) { return find(key, false) ? flag(key) : fallback; }

std::string JsonObject::text(std::string_view key) {
    const Json* value = find(key, true);
    if (!value) return {};
    if (value->is_string()) return value->get<std::string>();
    problem(key, "expected a text, found " + shown(*value));
    return {};
}

std::string JsonObject::text(std::string_view key, const std::string& fallback) {
    return find(key, false) ? text(key) : fallback;
}

std::string JsonObject::choice(std::string_view key, const std::vector<std::string>& options) {
    const std::string fallback = options.empty() ? std::string() : options.front();
    const Json* value = find(key, true);
    if (!value) return fallback;
    if (value->is_string() && std::find(options.begin(), options.end(), value->get<std::string>()) != options.end())
        return value->get<std::string>();
    std::string message = fmt::format("expected one of {}, found {}", fmt::join(options, ", "), shown(*value));
    const std::string near = value->is_string() ? nearest(value->get<std::string>(), options) : "";
    if (!near.empty()) message += fmt::format("; did you mean \"{}\"?", near);
    problem(key, message);
    return fallback;
}

std::string JsonObject::choice(std::string_view key, const std::vector<std::string>& options,
                               const std::string& fallback) {
    return find(key, false) ? choice(key, options) : fallback;
}

JsonObject JsonObject::object(std::string_view key) {
    const Json* value = find(key, true);
    const std::string pointer = pointer_ + "/" + escaped(key);
    if (!value) return {shared_, nullptr, pointer};
    if (!value->is_object()) {
        problem(key, "expected an object, found " + shown(*value));
        return {shared_, nullptr, pointer};
    }
    return {shared_, value, pointer};
}

std::vector<JsonObject> JsonObject::objects(std::string_view key) {
    const Json* value = find(key, true);
    std::vector<JsonObject> out;
    if (!value) return out;
    if (!value->is_array()) {
        problem(key, "expected an array of objects, found " + shown(*value));
        return out;
    }
    for (size_t i = 0; i < value->size(); ++i) {
        const std::string pointer = fmt::format("{}/{}/{}", pointer_, escaped(key), i);
        const Json& element = (*value)[i];
        if (element.is_object()) out.push_back({shared_, &element, pointer});
        else
            shared_->problems.push_back({shared_->file, pointer, "expected an object, found " + shown(element)});
    }
    return out;
}

std::vector<int64_t> JsonObject::integers(std::string_view key, int64_t min, int64_t max) {
    const Json* value = find(key, true);
    std::vector<int64_t> out;
    if (!value) return out;
    if (!value->is_array()) {
        problem(key, "expected an array of integers, found " + shown(*value));
        return out;
    }
    for (size_t i = 0; i < value->size(); ++i) {
        const Json& element = (*value)[i];
        if (isInteger(element, min, max)) out.push_back(element.get<int64_t>());
        else
            shared_->problems.push_back({shared_->file, fmt::format("{}/{}/{}", pointer_, escaped(key), i),
                                         "expected " + range(min, max) + ", found " + shown(element)});
    }
    return out;
}

std::vector<double> JsonObject::numbers(std::string_view key, double min, double max) {
    const Json* value = find(key, true);
    std::vector<double> out;
    if (!value) return out;
    if (!value->is_array()) {
        problem(key, "expected an array of numbers, found " + shown(*value));
        return out;
    }
    for (size_t i = 0; i < value->size(); ++i) {
        const Json& element = (*value)[i];
        if (isNumber(element, min, max)) out.push_back(element.get<double>());
        else
            shared_->problems.push_back({shared_->file, fmt::format("{}/{}/{}", pointer_, escaped(key), i),
                                         "expected " + range(min, max) + ", found " + shown(element)});
    }
    return out;
}

std::vector<std::string> JsonObject::texts(std::string_view key) {
    const Json* value = find(key, true);
    std::vector<std::string> out;
    if (!value) return out;
    if (!value->is_array()) {
        problem(key, "expected an array of texts, found " + shown(*value));
        return out;
    }
    for (size_t i = 0; i < value->size(); ++i) {
        const Json& element = (*value)[i];
        if (element.is_string()) out.push_back(element.get<std::string>());
        else
            shared_->problems.push_back({shared_->file, fmt::format("{}/{}/{}", pointer_, escaped(key), i),
                                         "expected a text, found " + shown(element)});
    }
    return out;
}

std::vector<std::string> JsonObject::keys() {
    std::vector<std::string> out;
    if (!value_ || !value_->is_object()) return out;
    for (const auto& [key, value] : value_->items()) {
        out.push_back(key);
        known_.insert(key);
    }
    return out;
}

const Json& JsonObject::raw(std::string_view key) {
    const Json* value = find(key, false);
    return value ? *value : kNothing;
}

void JsonObject::problem(std::string_view key, const std::string& message) {
    const std::string place = key.empty() ? pointer_ : pointer_ + "/" + escaped(key);
    shared_->problems.push_back({shared_->file, place, message});
}

void JsonObject::close() {
    if (!value_ || !value_->is_object()) return;
    const std::vector<std::string> options(known_.begin(), known_.end());
    for (const auto& [key, value] : value_->items()) {
        if (known_.count(key)) continue;
        std::vector<std::string> absent;  // a key that is there already is no likely meaning
        for (const std::string& option : options)
            if (!has(option)) absent.push_back(option);
        std::string near = nearest(key, absent);
        if (near.empty()) near = nearest(key, options);
        problem(key, "unknown key" + (near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
    }
}

const Json& JsonDocument::json() const { return shared_->json; }

void JsonDocument::finish() {
    root_->close();
    if (!shared_->problems.empty()) throw InputError(shared_->problems);
}

}  // namespace dna::base
