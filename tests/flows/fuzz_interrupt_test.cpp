// A fuzz run that is stopped tells what it has found by then.
#include <doctest/doctest.h>

#include "core/base/json.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;

TEST_CASE("fuzz: an interrupted run counts the designs that were finished, and says so") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const TemporaryFolder folder;
    const std::string script = R"("$0" fuzz --cases 2000 --designs 1000 --max-rows 4 --max-cols 8 --max-cycles 5000 --threads 1 --out fuzz.json >out 2>err &
until grep -q designs: err; do sleep 0.1; done
kill -TERM $!
wait $!
echo $?)";
    const base::ProcessResult run =
        base::runProcess({.command = {"/bin/sh", "-c", script, DNA_PROGRAM}, .folder = folder.path, .timeout_seconds = 100});
    CHECK(run.output == "130\n");
    const base::Json json = base::Json::parse(base::readFile(folder.path / "fuzz.json"));
    CHECK(json.at("interrupted") == true);
    CHECK(json.at("designs").get<int>() >= 1);
    CHECK(json.at("cases").get<int>() == 2 * json.at("designs").get<int>());
    CHECK(base::readFile(folder.path / "out").find("0 stopped; interrupted, the rest was not run") != std::string::npos);
}
