#include <doctest/doctest.h>

#include "core/base/json.h"
#include "tests/flows/program.h"

using namespace dna;

TEST_CASE("bench: a suite reports medians and rates") {
    const ProgramRun run =
        runDna({"bench", "loopnest", "--repetitions", "1", "--filter", "^evaluate/depthwise$", "--json"});
    REQUIRE_MESSAGE(run.exit_code == 0, run.err);
    const base::Json json = base::Json::parse(run.out);
    CHECK(json.at("format") == "dna.bench");
    REQUIRE(json.at("results").size() == 1);
    CHECK(json.at("results")[0].at("cpu_ns").get<double>() > 0);
    CHECK(json.at("results")[0].at("items_per_second").get<double>() > 0);
}

TEST_CASE("bench: unknown suites, filters and files are refused") {
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"bench"},
                                               {"bench", "lopnest"},
                                               {"bench", "loopnest", "--filter", "("},
                                               {"bench", "loopnest", "--filter", "nothing like this"},
                                               {"bench", "loopnest", "--repetitions", "0"},
                                               {"bench", "loopnest", "--cases", "/nonexistent.json"}}) {
        const ProgramRun run = runDna(command);
        CHECK_MESSAGE(run.exit_code == 2, run.err);
        CHECK(run.out.empty());
    }
    CHECK(runDna({"bench", "lopnest"}).err.find("did you mean \"loopnest\"?") != std::string::npos);
}
