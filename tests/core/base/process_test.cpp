#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/process.h"

using namespace dna::base;

TEST_CASE("process: output, exit code, folder and environment") {
    std::vector<std::string> lines;
    const ProcessResult result = runProcess({.command = {"sh", "-c", "pwd; echo $DNA_X >&2; printf end; exit 7"},
                                             .folder = "/",
                                             .variables = {{"DNA_X", "a b"}},
                                             .on_line = [&](std::string_view line) { lines.emplace_back(line); }});
    CHECK(result.exit_code == 7);
    CHECK(result.output == "/\na b\nend");
    CHECK(lines == std::vector<std::string>{"/", "a b"});
    CHECK_FALSE(result.ok());
}

TEST_CASE("process: a missing program is a ToolError that names the package") {
    CHECK_THROWS_WITH_AS(runProcess({.command = {"dna-no-such-program"}}),
                         "dna-no-such-program is not on the PATH; install it with: apt-get install dna-no-such-program",
                         ToolError);
    CHECK_THROWS_AS(runProcess({.command = {"sh"}, .folder = "/no/such/folder"}), ToolError);
    CHECK_THROWS_WITH_AS(runTool({.command = {"sh", "-c", "echo why; exit 3"}}), "sh failed with exit code 3:\nwhy", ToolError);
}

TEST_CASE("process: a timeout kills the whole group") {
    const ProcessResult result = runProcess({.command = {"sh", "-c", "sleep 30 & sleep 30"}, .timeout_seconds = 0.2});
    CHECK(result.timed_out);
    CHECK(result.seconds < 5);
    CHECK(result.exit_code == 128 + 9);
}

TEST_CASE("process: last lines") {
    CHECK(lastLines("a\nb\nc\n", 2) == "b\nc");
    CHECK(lastLines("a\nb", 5) == "a\nb");
    CHECK(lastLines("", 3).empty());
}
