#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/base/log.h"
#include "flows/cli/program.h"

namespace {

/// The first Ctrl-C asks for a stop at the next safe point; the second one ends the program at once.
void onSignal(int signal) {
    if (dna::base::stopRequested()) std::signal(signal, SIG_DFL), std::raise(signal);
    dna::base::requestStop();
}

/// A message on stderr, come what may: a closed pipe must not turn an error into an abort.
void say(const std::string& message) { std::fputs((message + "\n").c_str(), stderr); }

}  // namespace

int main(int argc, char** argv) {
    using namespace dna;
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
    std::signal(SIGPIPE, SIG_IGN);  // a closed pipe becomes a write error with a message
    try {
        return flows::runProgram(argc, argv, flows::builtinVerbs());
    } catch (const base::InputError& error) {
        for (const base::Problem& problem : error.problems()) say(problem.text());
        return flows::kBadInput;
    } catch (const base::ToolError& error) {
        say(fmt::format("dna: {}", error.what()));
        return flows::kToolFailed;
    } catch (const base::Interrupted& error) {
        say(fmt::format("dna: {}", error.what()));
        return flows::kInterrupted;
    } catch (const std::filesystem::filesystem_error& error) {
        say(fmt::format("dna: {}", error.what()));
        return flows::kToolFailed;
    } catch (const std::bad_alloc&) {
        say("dna: not enough memory");
        return flows::kToolFailed;
    } catch (const std::exception& error) {
        say(fmt::format("dna: this is a bug in DNA: {}", error.what()));
        return flows::kToolFailed;
    }
}
