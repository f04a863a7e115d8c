// A run that is killed at any moment and continued ends with the same files, whatever the number of threads.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <thread>

#include "core/base/file.h"
#include "core/base/rng.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

const std::string kConfig = std::string(DNA_SOURCE_DIR) + "/examples/micro.json",
                  kBitsConfig = std::string(DNA_SOURCE_DIR) + "/examples/micro-bits.json";

std::vector<std::string> cosearch(const fs::path& out, int threads, bool resume, const std::string& until = {}, const std::string& config = kConfig) {
    std::vector<std::string> command{"cosearch", "--config", config, "--out", out.string(), "--threads", std::to_string(threads)};
    if (resume) command.push_back("--resume");
    if (!until.empty()) command.insert(command.end(), {"--until", until});
    return command;
}

/// Path below the run -> hash, but for timing.jsonl, which holds the times.
std::map<std::string, std::string> filesOf(const fs::path& run) {
    std::map<std::string, std::string> hashes;
    for (const auto& entry : fs::recursive_directory_iterator(run)) {
        const std::string name = fs::relative(entry.path(), run).generic_string();
        if (entry.is_regular_file() && name != "timing.jsonl") hashes[name] = base::sha256File(entry.path());
    }
    return hashes;
}

void compare(const std::map<std::string, std::string>& found, const std::map<std::string, std::string>& expected, const std::string& what) {
    for (const auto& [name, hash] : expected) {
        const auto other = found.find(name);
        CHECK_MESSAGE(other != found.end(), what << ": " << name << " is missing");
        if (other != found.end()) CHECK_MESSAGE(other->second == hash, what << ": " << name << " differs");
    }
    for (const auto& [name, hash] : found) CHECK_MESSAGE(expected.count(name) == 1, what << ": " << name << " is too many");
}

/// Without the files that say how far a run has come.
std::map<std::string, std::string> results(std::map<std::string, std::string> files) {
    for (auto file = files.begin(); file != files.end();)
        file = file->first.rfind("checkpoint/", 0) == 0 || file->first == "result.json" || file->first == "report.html" ? files.erase(file) : std::next(file);
    return files;
}

/// The same files as far as a run that stopped before synthesis has come.
std::map<std::string, std::string> beforeSynthesis(std::map<std::string, std::string> files) {
    files = results(std::move(files));
    for (auto file = files.begin(); file != files.end();) file = file->first.rfind("synth/", 0) == 0 ? files.erase(file) : std::next(file);
    return files;
}

/// Starts the program in a process group of its own and kills the group after `seconds`; true when it had ended before.
bool runAndKill(const std::vector<std::string>& arguments, double seconds, int signal) {
    std::vector<std::string> command{DNA_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& text : command) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::setpgid(0, 0);
        if (!::freopen("/dev/null", "w", stdout) || !::freopen("/dev/null", "w", stderr)) ::_exit(126);
        ::execv(DNA_PROGRAM, pointers.data());
        ::_exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < end) {
        if (::waitpid(pid, nullptr, WNOHANG) == pid) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(signal == SIGKILL ? -pid : pid, signal);
    ::waitpid(pid, nullptr, 0);
    return false;
}

bool haveTools() {
    for (const char* tool : {"verilator", "yosys", "sta"})
        if (base::findProgram(tool).empty()) return false;
    return fs::exists("/usr/share/qflow/tech/osu018");
}

/// A run to its end; on a busy machine synthesis alone may take minutes.
ProgramRun runWhole(const std::vector<std::string>& arguments) { return runDna(arguments, {}, {}, 600); }

double secondsOf(const std::function<void()>& body) {
    const auto began = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

TEST_SUITE("kill") {
    TEST_CASE("kill: micro, killed at ten random times and continued, with one and two threads") {
        if (!haveTools()) DNA_SKIP("verilator, yosys, opensta or qflow-tech-osu018 is not installed");
        const TemporaryFolder folder;
        const fs::path whole = folder.path / "whole", one = folder.path / "one", pieces = folder.path / "pieces", stopped = folder.path / "stopped";
        ProgramRun run;
        const double seconds = secondsOf([&] { run = runWhole(cosearch(whole, 2, false)); });
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        const auto expected = filesOf(whole);
        CHECK(expected.count("report.html") == 1);
        CHECK(expected.count("synth/osu018/ppa.json") == 1);

        // Synthesis knows no threads and takes most of the time: this run does without.
        CHECK(runWhole(cosearch(one, 1, false, "verification")).exit_code == 0);
        compare(results(filesOf(one)), beforeSynthesis(expected), "one thread");

        // Most kills fall into the first seconds, where the learning phases are; the others anywhere.
        base::Rng rng(static_cast<uint64_t>(::getpid()), "kill times");
        int killed = 0;
        for (int kill = 0; kill < 10; ++kill)
            if (!runAndKill(cosearch(pieces, 1 + kill % 2, true), kill < 7 ? 0.05 + rng.uniform() : rng.uniform() * 0.3 * seconds, SIGKILL)) ++killed;
        CHECK(killed >= 7);
        run = runWhole(cosearch(pieces, 2, true));
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        compare(filesOf(pieces), expected, "killed and continued");

        // Ctrl-C stops at a safe point.
        runAndKill(cosearch(stopped, 2, false), 0.8, SIGINT);
        run = runWhole(cosearch(stopped, 2, true, "verification"));
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        compare(results(filesOf(stopped)), beforeSynthesis(expected), "stopped by Ctrl-C");
    }

    TEST_CASE("kill: micro-bits, whose widths are searched too, killed while it learns and continued, with one and two threads") {
        const TemporaryFolder folder;
        const fs::path whole = folder.path / "whole", pieces = folder.path / "pieces";
        ProgramRun run;
        const double seconds = secondsOf([&] { run = runWhole(cosearch(whole, 2, false, "quantization", kBitsConfig)); });
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        base::Rng rng(static_cast<uint64_t>(::getpid()), "kill times of bits");
        int killed = 0;
        for (int kill = 0; kill < 6; ++kill)
            if (!runAndKill(cosearch(pieces, 1 + kill % 2, true, "quantization", kBitsConfig), 0.05 + rng.uniform() * 0.3 * seconds, SIGKILL)) ++killed;
        CHECK(killed >= 3);
        run = runWhole(cosearch(pieces, 1, true, "quantization", kBitsConfig));
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        compare(filesOf(pieces), filesOf(whole), "killed and continued");
    }

    TEST_CASE("kill: a finished run is not begun again, and another one's folder not taken") {
        const TemporaryFolder folder;
        const std::vector<std::string> train{"cosearch", "--config", kConfig, "--out", (folder.path / "run").string(), "--until", "search"};
        REQUIRE(runDna(train).exit_code == 0);
        CHECK(runDna(train).exit_code == 2);
        std::vector<std::string> other = train;
        other.insert(other.end(), {"--resume", "--seed", "99"});
        CHECK(runDna(other).exit_code == 2);
    }
}
