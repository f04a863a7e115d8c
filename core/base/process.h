#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dna::base {

/// An external program to run; it gets no standard input.
struct ProcessOptions {
    std::vector<std::string> command{};           ///< program (found on the PATH) and arguments
    std::filesystem::path folder{};               ///< working folder; empty: the caller's
    std::map<std::string, std::string> variables{};  ///< added to the environment
    double timeout_seconds = 0;                  ///< killed with all its children afterwards; 0: never
    bool own_group = true;                       ///< away from the terminal's Ctrl-C: the caller decides when to stop
    std::function<void(std::string_view)> on_line{};  ///< every line of output as it comes
};

struct ProcessResult {
    int exit_code = 0;        ///< 128 + signal when it was killed
    bool timed_out = false;
    bool interrupted = false; ///< stopRequested() became true while it ran; it was killed
    double seconds = 0;       ///< wall time
    double cpu_seconds = 0;   ///< user + system time of it and its waited-for children
    std::string output;       ///< standard output and standard error in the order they came
    bool ok() const { return exit_code == 0 && !timed_out && !interrupted; }
};

/// Runs it and waits. Throws ToolError when the program is not on the PATH (naming the Debian package) or the system
/// refuses to start it; an exit code other than 0 is a result.
ProcessResult runProcess(const ProcessOptions& options);

/// The same for programs that must succeed: throws ToolError with the last lines of output, or Interrupted.
ProcessResult runTool(const ProcessOptions& options);

/// Where a program is on the PATH; empty when it is not.
std::filesystem::path findProgram(const std::string& name);

/// findProgram that throws ToolError: "yosys is not on the PATH; install the Debian package yosys".
std::filesystem::path requireProgram(const std::string& name);

/// The last `count` lines of a text.
std::string lastLines(std::string_view text, int count);

}  // namespace dna::base
