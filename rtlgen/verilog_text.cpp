#include "rtlgen/verilog_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "core/base/error.h"

namespace dna::rtlgen {
namespace {

constexpr std::string_view kSection = "// ---- ";

struct Token {
    std::string text, section;
    int line = 0;
};

bool wordCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '\''; }

const std::set<std::string>& keywords() {
    static const std::set<std::string> words{
        "always", "assign", "begin", "case", "casez", "default", "else", "end", "endcase", "endfunction", "endgenerate", "for",
        "function", "generate", "genvar", "if", "initial", "input", "integer", "localparam", "negedge", "or", "output",
        "parameter", "posedge", "reg", "signed", "wire"};
    return words;
}

/// Text -> tokens without comments; of conditional text only what stands without any definition.
class Lexer {
public:
    Lexer(const std::string& file, const std::string& text) : file_(file), text_(text) {}

    std::vector<Token> run() {
        while (place_ < text_.size()) step();
        if (!defined_.empty()) fail("`ifdef without `endif");
        return std::move(tokens_);
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw base::InputError(file_, fmt::format("line {}", line_), what);
    }

    void step() {
        const char c = text_[place_];
        if (c == '\n') ++line_, ++place_;
        else if (std::isspace(static_cast<unsigned char>(c)) != 0) ++place_;
        else if (text_.compare(place_, 2, "//") == 0) comment();
        else if (text_.compare(place_, 2, "/*") == 0) blockComment();
        else if (c == '`') directive();
        else if (c == '"') string();
        else if (wordCharacter(c)) push(word());
        else push(operatorText());
    }

    void comment() {
        const size_t end = std::min(text_.find('\n', place_), text_.size());
        const std::string line = text_.substr(place_, end - place_);
        if (line.compare(0, kSection.size(), kSection) == 0) {
            section_ = line.substr(kSection.size());
            if (const size_t stop = section_.find('.'); stop != std::string::npos) section_.resize(stop);
        }
        place_ = end;
    }

    void blockComment() {
        const size_t end = text_.find("*/", place_);
        if (end == std::string::npos) fail("a comment without an end");
        line_ += static_cast<int>(std::count(text_.begin() + static_cast<long>(place_), text_.begin() + static_cast<long>(end), '\n'));
        place_ = end + 2;
    }

    std::string word() {
        const size_t begin = place_;
        while (place_ < text_.size() && wordCharacter(text_[place_])) ++place_;
        return text_.substr(begin, place_ - begin);
    }

    void string() {
        const size_t end = text_.find('"', place_ + 1);
        if (end == std::string::npos) fail("a string without an end");
        push(text_.substr(place_, end + 1 - place_));
        place_ = end + 1;
    }

    std::string operatorText() {
        for (const char* two : {"<=", ">=", "==", "!=", "&&", "||", "<<", ">>"})
            if (text_.compare(place_, 2, two) == 0) return place_ += 2, two;
        return std::string(1, text_[place_++]);
    }

    void directive() {
        ++place_;
        const std::string name = word();
        if (name == "ifdef") {
            while (place_ < text_.size() && text_[place_] == ' ') ++place_;
            word();
            defined_.push_back(true);
        } else if (name == "else" && !defined_.empty()) {
            defined_.back() = false;
        } else if (name == "endif" && !defined_.empty()) {
            defined_.pop_back();
        } else {
            fail("directive `" + name);
        }
    }

    void push(std::string text) {
        if (std::none_of(defined_.begin(), defined_.end(), [](bool skipped) { return skipped; }))
            tokens_.push_back({std::move(text), section_, line_});
    }

    const std::string& file_;
    const std::string& text_;
    size_t place_ = 0;
    int line_ = 1;
    std::string section_;
    std::vector<bool> defined_;  // of every open `ifdef: the part that needs the definition
    std::vector<Token> tokens_;
};

class Parser {
public:
    Parser(const std::string& file, std::vector<Token> tokens) : tokens_(std::move(tokens)) { module_.file = file; }

    VerilogModule run() {
        expect("module");
        module_.name = name();
        if (accept("#")) balanced();
        ports();
        expect(";");
        while (peek() != "endmodule") item();
        ++place_;
        if (place_ != tokens_.size()) fail("more behind the module's end");
        return std::move(module_);
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        const int line = tokens_.empty() ? 1 : tokens_[std::min(place_, tokens_.size() - 1)].line;
        throw base::InputError(module_.file, fmt::format("line {}", line), what);
    }

    const std::string& peek() const {
        if (place_ == tokens_.size()) fail("the text ends inside of the module");
        return tokens_[place_].text;
    }
    std::string take() {
        std::string text = peek();
        ++place_;
        return text;
    }
    bool accept(const std::string& text) { return peek() == text ? ++place_, true : false; }
    void expect(const std::string& text) {
        if (!accept(text)) fail(fmt::format("expected `{}`, found `{}`", text, peek()));
    }
    std::string name() {
        if (!isVerilogName(peek())) fail("expected a name, found `" + peek() + "`");
        return take();
    }

    /// What stands between a bracket and its partner; the opening one is next.
    VerilogTokens balanced() {
        static const std::map<std::string, std::string> partner{{"(", ")"}, {"[", "]"}, {"{", "}"}};
        VerilogTokens inside;
        std::vector<std::string> open;
        do {
            const std::string text = take();
            if (const auto found = partner.find(text); found != partner.end()) open.push_back(found->second);
            else if (open.empty()) fail("expected a bracket, found `" + text + "`");
            else if (text == open.back()) open.pop_back();
            inside.push_back(text);
        } while (!open.empty());
        return {inside.begin() + 1, inside.end() - 1};
    }

    void ports() {
        expect("(");
        Direction direction = Direction::Input;
        bool known = false;
        while (!accept(")")) {
            if (accept("input")) direction = Direction::Input, known = true;
            else if (accept("output")) direction = Direction::Output, known = true;
            else if (accept("wire") || accept("reg") || accept("signed") || accept(",")) continue;
            else if (peek() == "[") balanced();
            else if (!known) fail("a port without a direction");
            else module_.ports[name()] = direction;
        }
    }

    /// A piece of the body: an instance, a token of logic, or the border of a block.
    void item() {
        const std::string& text = peek();
        if (text.compare(0, 4, "dna_") == 0) return instance();
        if (text == "#") fail("`#` outside of an instance");
        const bool plain_name = isVerilogName(text) && keywords().count(text) == 0;
        if (plain_name && place_ + 1 < tokens_.size()) {
            const std::string& next = tokens_[place_ + 1].text;
            if (isVerilogName(next) && keywords().count(next) == 0 && next != "endmodule")
                fail(fmt::format("`{} {}` could be an instance of something unknown", text, next));
        }
        module_.logic.push_back(take());
        if (module_.logic.back() == "begin") labels_.push_back(accept(":") ? name() : "");
        if (module_.logic.back() == "end") {
            if (labels_.empty()) fail("`end` without `begin`");
            labels_.pop_back();
        }
    }

    std::map<std::string, VerilogTokens> named() {
        std::map<std::string, VerilogTokens> out;
        expect("(");
        do {
            expect(".");
            const std::string key = name();
            if (!out.emplace(key, balanced()).second) fail(key + " is connected twice");
        } while (accept(","));
        expect(")");
        return out;
    }

    void instance() {
        VerilogInstance instance;
        instance.section = tokens_[place_].section;
        instance.module = take();
        for (const std::string& label : labels_)
            if (!label.empty()) instance.branch = label;
        if (accept("#")) instance.parameters = named();
        instance.name = name();
        instance.connections = named();
        expect(";");
        module_.instances.push_back(std::move(instance));
    }

    std::vector<Token> tokens_;
    size_t place_ = 0;
    std::vector<std::string> labels_;  // of the open blocks; empty without one
    VerilogModule module_;
};

}  // namespace

bool isVerilogName(const std::string& token) {
    return !token.empty() && (std::isalpha(static_cast<unsigned char>(token[0])) != 0 || token[0] == '_');
}

VerilogModule readVerilogModule(const std::string& file, const std::string& text) {
    return Parser(file, Lexer(file, text).run()).run();
}

std::map<std::string, VerilogModule> readVerilogModules(const std::map<std::string, std::string>& files) {
    std::map<std::string, VerilogModule> modules;
    for (const auto& [file, text] : files) {
        VerilogModule module = readVerilogModule(file, text);
        const std::string name = module.name;
        if (!modules.emplace(name, std::move(module)).second) throw base::InputError(file, "", name + " is declared twice");
    }
    for (const auto& [name, module] : modules)
        for (const VerilogInstance& instance : module.instances) {
            const auto found = modules.find(instance.module);
            if (found == modules.end())
                throw base::InputError(module.file, "", fmt::format("{} is of unknown module {}", instance.name, instance.module));
            for (const auto& [port, net] : instance.connections)
                if (found->second.ports.count(port) == 0)
                    throw base::InputError(module.file, "", fmt::format("{} has no port {}", instance.name, port));
        }
    return modules;
}

}  // namespace dna::rtlgen
