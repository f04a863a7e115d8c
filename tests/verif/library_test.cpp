#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/process.h"
#include "rtlgen/chip.h"
#include "tests/skip.h"
#include "verif/library/harness.h"
#include "verif/library/stage.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

/// A work folder of its own, gone at the end.
struct Scratch {
    fs::path folder = fs::temp_directory_path() / ("dna-library-test-" + std::to_string(::getpid()));
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    }
};

verif::LibraryResult run(const std::string& stage, const verif::Library& library = rtlgen::libraryFiles()) {
    const Scratch scratch;
    base::SilentLog log;
    verif::LibraryOptions options;
    options.only = {stage}, options.files = library, options.work = scratch.folder;
    return verif::verifyLibrary(options, verif::builtinStages(), log);
}

/// Names of the checks that failed.
std::string failing(const verif::LibraryResult& result) {
    std::string names;
    for (const verif::Check& check : result.stages.at(0).checks)
        if (check.failed > 0) names += check.name + ": " + check.note + "\n";
    return names;
}

verif::Library broken(const std::string& change) { return verif::broken(rtlgen::libraryFiles(), change); }

bool there(std::initializer_list<const char*> programs) {
    for (const char* program : programs)
        if (base::findProgram(program).empty()) return false;
    return true;
}

}  // namespace

TEST_CASE("library: unit benches agree with their models") {
    if (!there({"verilator"})) DNA_SKIP("verilator is not installed");
    const verif::LibraryResult result = run("unit");
    CHECK_MESSAGE(result.failed() == 0, failing(result));
    CHECK(result.stages.at(0).count() > 1000000);
}

TEST_CASE("library: properties are proven and refute broken variants") {
    if (!there({"yosys", "z3"})) DNA_SKIP("yosys or z3 is not installed");
    const verif::LibraryResult result = run("formal");
    CHECK_MESSAGE(result.failed() == 0, failing(result));
}

TEST_CASE("library: a fault is noticed by the bench and by the proof of its module") {
    if (!there({"verilator", "yosys", "z3"})) DNA_SKIP("verilator, yosys or z3 is not installed");
    const verif::Library library = broken("rtl/dna_token.v: `else if (take_i && !give_i)` -> `else if (take_i)`");
    CHECK(failing(run("unit", library)).find("dna_token") != std::string::npos);
    CHECK(failing(run("formal", library)).find("dna_token proven") != std::string::npos);
}

TEST_CASE("library: stages, parameters and changes are read from the sources") {
    CHECK_THROWS_AS(run("no_such_stage"), base::InputError);
    const verif::Library library = rtlgen::libraryFiles();
    CHECK(verif::parametersOf(
              "module m #(\n    parameter A = 3,   // a\n    parameter B = A + 1\n) (\n parameter C = 1\n") ==
          std::vector<std::pair<std::string, std::string>>{{"A", "3"}, {"B", "A + 1"}});
    CHECK(verif::modulesBelow(library, "dna_load") == std::vector<std::string>{"dna_load", "dna_nest"});
    CHECK_THROWS_AS(broken("rtl/dna_token.v: `no such text` -> `x`"), base::InternalError);
    CHECK_THROWS_AS(broken("rtl/dna_token.v: `count_q` -> `x`"), base::InternalError);  // there more than once
}

TEST_CASE("library: no unknown value leaves the chip in Icarus") {
    if (!there({"iverilog", "vvp"})) DNA_SKIP("iverilog is not installed");
    const verif::LibraryResult result = run("x");
    CHECK_MESSAGE(result.failed() == 0, failing(result));
}
