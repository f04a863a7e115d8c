#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/base/process.h"
#include "core/design/design.h"
#include "core/network/network.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"
#include "verif/fuzz_case.h"

using namespace dna;
namespace fs = std::filesystem;

TEST_CASE("an emitted folder's Icarus bench passes, writes waveforms, and notices a wrong byte") {
    if (base::findProgram("iverilog").empty() || base::findProgram("make").empty()) DNA_SKIP("iverilog or make is not installed");
    const TemporaryFolder folder;
    base::Rng rng(1, "emitted bench test");
    const design::Design design;
    const verif::FuzzCase small = verif::randomCase(design, rng, {.max_rows = 8, .max_cols = 8, .max_cycles = 4000});
    const fs::path plain = folder.path / "plain.json", design_file = folder.path / "design.json", chip = folder.path / "chip";
    base::writeJson(plain, network::toJson(small.network));
    base::writeJson(design_file, design::toJson(design));
    REQUIRE(runDna({"quantize", "--network", plain.string(), "--random-calibration", "--out", folder.path / "int8"}).exit_code == 0);
    REQUIRE(runDna({"emit", "--network", folder.path / "int8" / "network.json", "--design", design_file.string(), "--out", chip.string()}).exit_code == 0);
    const auto make = [&](const char* target) { return base::runProcess({.command = {"make", "-C", (chip / "tb").string(), target}}); };
    const base::ProcessResult passed = make("vcd");
    CHECK_MESSAGE(passed.exit_code == 0, passed.output);
    CHECK(passed.output.find("0 mismatches, 0 unknown values, 0 errors") != std::string::npos);
    CHECK(fs::file_size(chip / "tb" / "obj" / "dna.vcd") > 100000);
    const fs::path expected = chip / "tb" / "vectors" / "expected.bin";
    std::string bytes = base::readFile(expected);
    bytes[0] = char(bytes[0] ^ 1);
    base::writeFileAtomic(expected, bytes);
    CHECK(make("icarus").exit_code != 0);
}
