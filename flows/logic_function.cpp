#include "flows/logic_function.h"

#include <algorithm>
#include <cctype>

#include "core/base/error.h"

namespace dna::flows {

/// Liberty's grammar, weakest first: + |, then & * and juxtaposition, then ^, then ! and the postfix '.
class LogicFunctionParser {
public:
    LogicFunctionParser(const std::string& text, const std::string& place, LogicFunction& out)
        : text_(text), place_(place), out_(out) {}

    void run() {
        sum();
        if (more()) fail();
    }

private:
    using Operation = LogicFunction::Operation;
    static constexpr int kMaxDepth = 24;  ///< evaluate() holds that many intermediate values

    [[noreturn]] void fail() const {
        throw base::InputError(place_, "", "\"" + text_ + "\" is no Liberty function");
    }
    bool more() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
        return at_ < text_.size();
    }
    bool take(std::string_view characters) {
        if (!more() || characters.find(text_[at_]) == std::string_view::npos) return false;
        ++at_;
        return true;
    }
    void emit(Operation operation, size_t operand = 0) {
        out_.steps_.push_back({operation, static_cast<uint8_t>(operand)});
    }
    void sum() {
        if (++depth_ > kMaxDepth) fail();
        product();
        while (take("+|")) product(), emit(Operation::Or);
        --depth_;
    }
    void product() {
        difference();
        while (true) {
            if (take("&*")) {
                difference();
            } else if (more() && (isName(text_[at_]) || text_[at_] == '(' || text_[at_] == '!')) {
                difference();
            } else {
                return;
            }
            emit(Operation::And);
        }
    }
    void difference() {
        factor();
        while (take("^")) factor(), emit(Operation::Xor);
    }
    void factor() {
        if (take("!")) {
            if (++depth_ > kMaxDepth) fail();
            factor();
            --depth_;
            emit(Operation::Not);
            return;
        }
        if (take("(")) {
            sum();
            if (!take(")")) fail();
        } else {
            name();
        }
        while (take("'")) emit(Operation::Not);
    }
    static bool isName(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '[' || c == ']'; }
    void name() {
        if (!more() || !isName(text_[at_])) fail();
        const size_t begin = at_;
        while (at_ < text_.size() && isName(text_[at_])) ++at_;
        const std::string word = text_.substr(begin, at_ - begin);
        if (word == "0" || word == "1") return emit(word == "0" ? Operation::Zero : Operation::One);
        auto& names = out_.operands_;
        const auto found = std::find(names.begin(), names.end(), word);
        if (found == names.end() && names.size() == 255) fail();
        const size_t index = static_cast<size_t>(found - names.begin());
        if (found == names.end()) names.push_back(word);
        emit(Operation::Operand, index);
    }

    const std::string& text_;
    const std::string& place_;
    LogicFunction& out_;
    size_t at_ = 0;
    int depth_ = 0;
};

LogicFunction::LogicFunction(const std::string& text, const std::string& place) {
    LogicFunctionParser(text, place, *this).run();
}

uint64_t LogicFunction::evaluate(const uint64_t* values) const {
    uint64_t stack[64];
    int top = 0;
    for (const Step& step : steps_) {
        switch (step.operation) {
            case Operation::Operand: stack[top++] = values[step.operand]; break;
            case Operation::Zero: stack[top++] = 0; break;
            case Operation::One: stack[top++] = ~uint64_t{0}; break;
            case Operation::Not: stack[top - 1] = ~stack[top - 1]; break;
            case Operation::And: --top, stack[top - 1] &= stack[top]; break;
            case Operation::Or: --top, stack[top - 1] |= stack[top]; break;
            case Operation::Xor: --top, stack[top - 1] ^= stack[top]; break;
        }
    }
    return top > 0 ? stack[0] : 0;
}

}  // namespace dna::flows
