#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"

namespace dna::flows {

/// Exit codes of every verb.
enum ExitCode : int { kDone = 0, kCheckFailed = 1, kBadInput = 2, kToolFailed = 3, kInterrupted = 130 };

/// What a verb gets from the program.
struct VerbContext {
    base::Log& log;     ///< stderr
    bool json = false;  ///< --json was given
    /// Prints the result: as one JSON object on stdout with --json, else `plain`.
    std::function<void(const base::Json& result, const std::string& plain)> print;
};

/// One verb: a name, a sentence, an example, its options, what it does.
struct Verb {
    std::string name;
    std::string summary;
    std::string example;
    /// Adds options to the subcommand and returns the action, which holds the option values.
    std::function<std::function<int(VerbContext&)>(CLI::App& app)> declare;
};

/// All verbs; each file of flows/cli/verbs adds one through `void register_<file>(VerbRegistry&)`.
class VerbRegistry {
public:
    void add(Verb verb) { verbs_.push_back(std::move(verb)); }
    const std::vector<Verb>& verbs() const { return verbs_; }

private:
    std::vector<Verb> verbs_;
};

/// Defined in the generated file that calls every register_<file>.
VerbRegistry builtinVerbs();

}  // namespace dna::flows
