#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "rtlgen/chip.h"
#include "tests/skip.h"
#include "verif/library/coverage.h"
#include "verif/library/harness.h"
#include "verif/library/mutate.h"
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

TEST_CASE("library: engines that wait for each other for ever are noticed") {
    CHECK(run("tokens").failed() == 0);
    CHECK(run("tokens").stages.at(0).count() > 0);
    CHECK(failing(run("tokens", broken("rtl/dna_chunk.v: `.INITIAL(OUTPUT_SLOTS)) u_output_slots` -> `.INITIAL(0)) u_output_slots`")))
              .find("deadlock") != std::string::npos);
    CHECK(failing(run("tokens", broken("rtl/dna_chunk.v: `.give_i(loaded)` -> `.give_i(nobody)`"))).find("no engine drives nobody") !=
          std::string::npos);
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

TEST_CASE("library: lint, determinism, coverage and mutants, a small choice of each") {
    if (!there({"verilator", "iverilog", "yosys"})) DNA_SKIP("verilator, iverilog or yosys is not installed");
    for (const char* stage : {"lint", "determinism", "coverage", "mutants"}) {
        const verif::LibraryResult result = run(stage);
        CHECK_MESSAGE(result.failed() == 0, failing(result));
        CHECK(result.stages.at(0).count() > 0);
    }
}

TEST_CASE("library: mutants are single tokens of the logic") {
    const std::string text =
        "// a + b\nmodule m #(\n    parameter A = 1 + 1\n) (\n    input wire [A-1:0] x\n);\n"
        "    localparam [1:0] S = 2'd0, T = 2'd1,\n                     U = 2'd2;\n"
        "    wire [3+1:0] sum = x + 4'd15;  // x - 1\n    wire unused = a && b;\n"
        "    always @(posedge clk) if (!a) q <= b == c;\n"
        "`ifdef DNA_CHECKS\n    always @(posedge clk) if (a == b) $fatal(1);\n`endif\nendmodule\n";
    std::vector<std::string> found;
    for (const verif::Mutant& mutant : verif::mutantsOf("rtl/m.v", text)) {
        found.push_back(mutant.text());
        CHECK(text.compare(mutant.place, mutant.from.size(), mutant.from) == 0);
    }
    CHECK(found == std::vector<std::string>{"rtl/m.v:9: `4'd15` -> `4'd0`", "rtl/m.v:9: `+` -> `-`",
                                            "rtl/m.v:11: `!` -> ``", "rtl/m.v:11: `==` -> `!=`",
                                            "rtl/m.v:11: `posedge` -> `negedge`"});
}

TEST_CASE("library: coverage merges instances, leaves other files out, and knows lines that were not reached") {
    const Scratch scratch;
    fs::create_directories(scratch.folder);
    const fs::path file = scratch.folder / "coverage.dat";
    const auto point = [](const char* source, const char* page, const char* lines, const char* place, int count) {
        return std::string("C '\001f\002") + source + "\001l\0027\001n\002" + place + "\001page\002" + page +
               "/m\001o\002if\001S\002" + lines + "\001h\002TOP.a' " + std::to_string(count) + "\n";
    };
    base::writeFileAtomic(file, "# SystemC::Coverage-3\n" + point("rtl/m.v", "v_branch", "7-9", "1", 0) +
                                    point("rtl/m.v", "v_branch", "7-9", "1", 3) +
                                    point("rtl/m.v", "v_line", "11,13", "2", 0) +
                                    point("rtl/m.v", "v_toggle", "", "3", 1) + point("other.v", "v_line", "1", "4", 0));
    verif::Coverage coverage;
    coverage.read(file);
    CHECK(coverage.lines().size() == 1);
    CHECK(coverage.lines().at("rtl/m.v").covered == 3);
    CHECK(coverage.lines().at("rtl/m.v").total == 5);
    CHECK(coverage.unreached().at("rtl/m.v") == std::set<int>{11, 13});
    CHECK(coverage.toggles().total == 1);
}
