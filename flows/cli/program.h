#pragma once

#include "flows/cli/verb.h"

namespace dna::flows {

/// The whole program: parses the command line, runs the verb, turns failures into messages and exit codes.
int runProgram(int argc, const char* const* argv, const VerbRegistry& registry);

}  // namespace dna::flows
