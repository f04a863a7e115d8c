#include "core/base/error.h"

namespace dna::base {
namespace {

std::string joined(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& problem : problems) {
        if (!text.empty()) text += '\n';
        text += problem.text();
    }
    return text.empty() ? "wrong input" : text;
}

}  // namespace

std::string Problem::text() const {
    std::string out = file;
    if (!pointer.empty()) out += (out.empty() ? "" : ": ") + pointer;
    return out + (out.empty() ? "" : ": ") + message;
}

InputError::InputError(std::vector<Problem> problems)
    : std::runtime_error(joined(problems)), problems_(std::move(problems)) {}

InputError::InputError(std::string file, std::string pointer, std::string message)
    : InputError(std::vector<Problem>{{std::move(file), std::move(pointer), std::move(message)}}) {}

void checkFailed(const char* condition, const char* file, int line, const std::string& message) {
    throw InternalError(std::string(file) + ":" + std::to_string(line) + ": " + message + " (" + condition +
                        " does not hold)");
}

}  // namespace dna::base
