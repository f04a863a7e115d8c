#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dna::flows {

/// A Boolean function of a Liberty file (`(A B)'+!C`), compiled for words of 64 independent patterns.
class LogicFunction {
public:
    LogicFunction() = default;
    /// Throws InputError (naming `place`) when the text is no Liberty function.
    LogicFunction(const std::string& text, const std::string& place);

    bool empty() const { return steps_.empty(); }
    /// Names of the operands, in the order in which evaluate() takes their values.
    const std::vector<std::string>& operands() const { return operands_; }
    uint64_t evaluate(const uint64_t* values) const;

private:
    friend class LogicFunctionParser;
    enum class Operation : uint8_t { Operand, Zero, One, Not, And, Or, Xor };
    struct Step {
        Operation operation;
        uint8_t operand;
    };
    std::vector<Step> steps_;  ///< reverse Polish
    std::vector<std::string> operands_;
};

}  // namespace dna::flows
