#include "core/base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "core/base/error.h"
#include "core/base/log.h"

extern char** environ;

namespace dna::base {
namespace {

using Clock = std::chrono::steady_clock;

/// Debian package of a program where its name differs.
std::string packageOf(const std::string& program) {
    static const std::map<std::string, std::string> packages{{"sta", "opensta"}, {"vvp", "iverilog"}, {"yosys-abc", "yosys"}};
    const auto found = packages.find(program);
    return found == packages.end() ? program : found->second;
}

std::vector<std::string> environmentWith(const std::map<std::string, std::string>& variables) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        if (!variables.count(text.substr(0, text.find('=')))) out.push_back(text);
    }
    for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> pointersTo(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// The child's side of fork: only async-signal-safe calls; reports a failed exec through `error_pipe`.
[[noreturn]] void becomeProgram(const std::filesystem::path& program, char** arguments, char** environment,
                                const char* folder, int output, int error_pipe, bool own_group) {
    if (own_group) ::setpgid(0, 0);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::signal(SIGPIPE, SIG_DFL);
    if (*folder == '\0' || ::chdir(folder) == 0) ::execve(program.c_str(), arguments, environment);
    const int error = errno;
    if (::write(error_pipe, &error, sizeof error) < 0) ::_exit(126);
    ::_exit(127);
}

struct Child {
    pid_t pid = 0;
    int output = -1;
};

Child start(const ProcessOptions& options, const std::filesystem::path& program) {
    int output[2], failure[2];
    if (::pipe2(output, O_CLOEXEC) != 0) throw ToolError(std::string("cannot make a pipe: ") + std::strerror(errno));
    if (::pipe2(failure, O_CLOEXEC) != 0) {
        ::close(output[0]), ::close(output[1]);
        throw ToolError(std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    std::vector<std::string> arguments = options.command, environment = environmentWith(options.variables);
    const std::vector<char*> argument_pointers = pointersTo(arguments), environment_pointers = pointersTo(environment);
    const std::string folder = options.folder.string();
    const pid_t pid = ::fork();
    if (pid == 0)
        becomeProgram(program, const_cast<char**>(argument_pointers.data()), const_cast<char**>(environment_pointers.data()),
                      folder.c_str(), output[1], failure[1], options.own_group);
    const int fork_error = errno;
    ::close(output[1]), ::close(failure[1]);
    int exec_error = 0;
    const bool failed = pid > 0 && ::read(failure[0], &exec_error, sizeof exec_error) == sizeof exec_error;
    ::close(failure[0]);
    if (pid > 0 && !failed) return {pid, output[0]};
    ::close(output[0]);
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    throw ToolError(fmt::format("cannot start {}: {}", program.string(), std::strerror(pid > 0 ? exec_error : fork_error)));
}

/// Hands complete lines to the caller's function.
void feedLines(const ProcessOptions& options, std::string& pending, std::string_view text) {
    if (!options.on_line) return;
    pending += text;
    size_t begin = 0;
    for (size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1)
        options.on_line(std::string_view(pending).substr(begin, end - begin));
    pending.erase(0, begin);
}

/// Reads until the output closes, the time is over or a stop is requested.
void collect(const ProcessOptions& options, const Child& child, Clock::time_point began, ProcessResult& result) {
    std::string pending;
    std::vector<char> buffer(1 << 16);
    while (true) {
        pollfd descriptor{child.output, POLLIN, 0};
        const int ready = ::poll(&descriptor, 1, 100);
        if (ready > 0) {
            const ssize_t got = ::read(child.output, buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return;
            const std::string_view text(buffer.data(), static_cast<size_t>(got));
            result.output += text;
            feedLines(options, pending, text);
        }
        const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
        result.timed_out = options.timeout_seconds > 0 && seconds > options.timeout_seconds;
        result.interrupted = stopRequested();
        if (result.timed_out || result.interrupted) return;
    }
}

double secondsOf(const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); }

}  // namespace

std::filesystem::path findProgram(const std::string& name) {
    const auto runnable = [](const std::filesystem::path& file) {
        std::error_code ignored;
        return ::access(file.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(file, ignored);
    };
    if (name.find('/') != std::string::npos) return runnable(name) ? std::filesystem::path(name) : std::filesystem::path();
    const char* path = std::getenv("PATH");
    std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const size_t colon = std::min(rest.find(':'), rest.size());
        const std::filesystem::path file = std::filesystem::path(rest.substr(0, colon)) / name;
        if (colon > 0 && runnable(file)) return file;
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    return {};
}

std::filesystem::path requireProgram(const std::string& name) {
    const std::filesystem::path program = findProgram(name);
    if (!program.empty()) return program;
    throw ToolError(fmt::format("{} is not on the PATH; install it with: apt-get install {}", name, packageOf(name)));
}

ProcessResult runProcess(const ProcessOptions& options) {
    DNA_CHECK(!options.command.empty(), "a command has at least the program");
    const std::filesystem::path program = requireProgram(options.command.front());
    const Clock::time_point began = Clock::now();
    const Child child = start(options, std::filesystem::absolute(program));
    ProcessResult result;
    collect(options, child, began, result);
    if (result.timed_out || result.interrupted) ::kill(options.own_group ? -child.pid : child.pid, SIGKILL);
    ::close(child.output);
    int status = 0;
    rusage usage{};
    while (::wait4(child.pid, &status, 0, &usage) < 0 && errno == EINTR) {}
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    result.cpu_seconds = secondsOf(usage.ru_utime) + secondsOf(usage.ru_stime);
    return result;
}

ProcessResult runTool(const ProcessOptions& options) {
    ProcessResult result = runProcess(options);
    const std::string name = std::filesystem::path(options.command.front()).filename();
    if (result.interrupted) throw Interrupted("stopped while " + name + " was running");
    if (result.timed_out) throw ToolError(fmt::format("{} did not end within {:.0f} s", name, options.timeout_seconds));
    if (result.exit_code != 0)
        throw ToolError(fmt::format("{} failed with exit code {}:\n{}", name, result.exit_code, lastLines(result.output, 15)));
    return result;
}

std::string lastLines(std::string_view text, int count) {
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    size_t at = text.size();
    for (int i = 0; i < count && at != std::string_view::npos && at > 0; ++i) at = text.rfind('\n', at - 1);
    return std::string(at == std::string_view::npos || at == 0 ? text : text.substr(at + 1));
}

}  // namespace dna::base
