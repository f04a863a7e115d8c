#include "flows/liberty_syntax.h"

#include <algorithm>
#include <cctype>

#include "core/base/error.h"

namespace dna::flows {
namespace {

constexpr int kMaxDepth = 50;

/// Recursive descent over the text; comments and line continuations count as white space.
class Parser {
public:
    Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    LibertyGroup library() {
        skipSpace();
        const size_t begin = at_;
        const std::string name = word();
        LibertyGroup group = groupAfterName(name, begin, 0);
        skipSpace();
        if (at_ < text_.size() && text_[at_] == ';') ++at_, skipSpace();
        if (at_ < text_.size()) fail("text after the library");
        return group;
    }

private:
    [[noreturn]] void fail(const std::string& message) const {
        const size_t end = std::min(at_, text_.size());
        const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end), '\n');
        throw base::InputError(file_, "line " + std::to_string(line), "not valid Liberty: " + message);
    }

    void skipSpace() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (std::isspace(static_cast<unsigned char>(c)) || c == '\\') {
                ++at_;
            } else if (text_.substr(at_, 2) == "/*") {
                const size_t end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) fail("comment without end");
                at_ = end + 2;
            } else if (text_.substr(at_, 2) == "//") {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else {
                return;
            }
        }
    }

    char peek() {
        skipSpace();
        if (at_ >= text_.size()) fail("the file ends in the middle of a group");
        return text_[at_];
    }

    void expect(char c) {
        if (peek() != c) fail(std::string("expected '") + c + "', found '" + text_[at_] + "'");
        ++at_;
    }

    std::string quoted() {
        const size_t end = text_.find('"', at_ + 1);
        if (end == std::string_view::npos) fail("text without closing quote");
        std::string out;
        for (size_t i = at_ + 1; i < end; ++i)
            if (text_[i] != '\\' && text_[i] != '\n' && text_[i] != '\r') out += text_[i];
        at_ = end + 1;
        return out;
    }

    /// A quoted text, or everything up to white space or punctuation.
    std::string word() {
        if (peek() == '"') return quoted();
        const size_t begin = at_;
        while (at_ < text_.size() && !std::isspace(static_cast<unsigned char>(text_[at_])) &&
               std::string_view("(){};:,\"\\").find(text_[at_]) == std::string_view::npos)
            ++at_;
        if (at_ == begin) fail(std::string("unexpected '") + text_[at_] + "'");
        return std::string(text_.substr(begin, at_ - begin));
    }

    /// Value of a simple attribute: words up to the semicolon or the end of the line (which some files use instead).
    std::string simpleValue() {
        std::string out;
        if (peek() == '"') out = quoted();
        else
            while (at_ < text_.size() && text_[at_] != ';' && text_[at_] != '\n' && text_[at_] != '}') out += text_[at_++];
        while (!out.empty() && std::isspace(static_cast<unsigned char>(out.back()))) out.pop_back();
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
        if (at_ < text_.size() && text_[at_] == ';') ++at_;
        return out;
    }

    std::vector<std::string> argumentList() {
        std::vector<std::string> out;
        expect('(');
        while (peek() != ')') {
            if (text_[at_] == ',') ++at_;
            else out.push_back(word());
        }
        ++at_;
        return out;
    }

    LibertyGroup groupAfterName(const std::string& name, size_t begin, int depth) {
        LibertyGroup group{.name = name, .arguments = argumentList(), .attributes = {}, .groups = {}, .begin = begin};
        expect('{');
        body(group, depth + 1);
        return group;
    }

    void body(LibertyGroup& group, int depth) {
        if (depth > kMaxDepth) fail("groups are nested too deep");
        while (peek() != '}') {
            if (text_[at_] == ';') {
                ++at_;
                continue;
            }
            const size_t begin = at_;
            const std::string name = word();
            if (peek() == ':') {
                ++at_;
                group.attributes.push_back({name, {simpleValue()}});
                continue;
            }
            std::vector<std::string> arguments = argumentList();
            skipSpace();
            if (at_ < text_.size() && text_[at_] == '{') {
                ++at_;
                group.groups.push_back({name, std::move(arguments), {}, {}, begin, 0});
                body(group.groups.back(), depth + 1);
            } else {
                group.attributes.push_back({name, std::move(arguments)});
            }
        }
        ++at_;
        group.end = at_;
    }

    std::string_view text_;
    std::string file_;
    size_t at_ = 0;
};

}  // namespace

std::string LibertyGroup::value(std::string_view attribute) const {
    for (const Attribute& entry : attributes)
        if (entry.name == attribute && !entry.values.empty()) return entry.values.front();
    return {};
}

LibertyGroup parseLiberty(std::string_view text, const std::string& file) { return Parser(text, file).library(); }

}  // namespace dna::flows
