#include <fmt/format.h>

#include <csignal>
#include <exception>

#include "core/base/error.h"
#include "core/base/log.h"
#include "flows/cli/program.h"

namespace {

/// The first Ctrl-C asks for a stop at the next safe point; the second one ends the program at once.
void onSignal(int signal) {
    if (dna::base::stopRequested()) std::signal(signal, SIG_DFL), std::raise(signal);
    dna::base::requestStop();
}

}  // namespace

int main(int argc, char** argv) {
    using namespace dna;
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
    std::signal(SIGPIPE, SIG_IGN);  // a closed pipe becomes a write error with a message
    try {
        return flows::runProgram(argc, argv, flows::builtinVerbs());
    } catch (const base::InputError& error) {
        for (const base::Problem& problem : error.problems()) fmt::print(stderr, "{}\n", problem.text());
        return flows::kBadInput;
    } catch (const base::ToolError& error) {
        fmt::print(stderr, "dna: {}\n", error.what());
        return flows::kToolFailed;
    } catch (const base::Interrupted& error) {
        fmt::print(stderr, "dna: {}\n", error.what());
        return flows::kInterrupted;
    } catch (const std::bad_alloc&) {
        fmt::print(stderr, "dna: not enough memory\n");
        return flows::kToolFailed;
    } catch (const std::exception& error) {
        fmt::print(stderr, "dna: this is a bug in DNA: {}\n", error.what());
        return flows::kToolFailed;
    }
}
