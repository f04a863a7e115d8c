#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/process.h"

/// Runs the built program; standard output and standard error apart.
struct ProgramRun {
    int exit_code = 0;
    std::string out, err;
};

inline ProgramRun runDna(const std::vector<std::string>& arguments, const std::filesystem::path& folder = {},
                         const std::map<std::string, std::string>& variables = {}, double timeout_seconds = 100) {
    // The shell keeps the two streams apart: the second goes to a pipe of its own through a file.
    const std::filesystem::path error_file =
        std::filesystem::temp_directory_path() / ("dna-test-stderr-" + std::to_string(::getpid()));
    std::vector<std::string> command{"/bin/sh", "-c", "exec \"$@\" 2>\"$0\"", error_file.string(), DNA_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const dna::base::ProcessResult run =
        dna::base::runProcess({.command = command, .folder = folder, .variables = variables, .timeout_seconds = timeout_seconds});
    ProgramRun result{run.exit_code, run.output, {}};
    if (std::filesystem::exists(error_file)) result.err = dna::base::readFile(error_file);
    std::filesystem::remove(error_file);
    return result;
}
