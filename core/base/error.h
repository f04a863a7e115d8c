#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace dna::base {

/// One thing that is wrong with what the user gave: where, what was found, what was expected.
struct Problem {
    std::string file;     ///< file name, or the option's name for the command line
    std::string pointer;  ///< JSON pointer or position inside the file; may be empty
    std::string message;  ///< "expected an integer in [1, 64], found 96"

    /// "design.json: /pe_array/rows: expected an integer in [1, 64], found 96"
    std::string text() const;
};

/// The user's input is wrong. Carries every problem found, not just the first. Exit code 2.
class InputError : public std::runtime_error {
public:
    explicit InputError(std::vector<Problem> problems);
    InputError(std::string file, std::string pointer, std::string message);
    const std::vector<Problem>& problems() const { return problems_; }

private:
    std::vector<Problem> problems_;
};

/// An external program is missing or failed, or the machine refused (disk full, no permission). Exit code 3.
class ToolError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The user asked to stop (Ctrl-C); the run on disk can be resumed. Exit code 130.
class Interrupted : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A bug in DNA itself.
class InternalError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

[[noreturn]] void checkFailed(const char* condition, const char* file, int line, const std::string& message);

}  // namespace dna::base

/// Trips on a bug in DNA (never on bad input): throws InternalError with place and message.
#define DNA_CHECK(condition, message) \
    ((condition) ? void(0) : ::dna::base::checkFailed(#condition, __FILE__, __LINE__, (message)))
