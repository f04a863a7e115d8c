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

namespace {

/// An emitted chip of a design with a small random network of its own.
class SmallChip {
public:
    explicit SmallChip(const design::Design& design) {
        base::Rng rng(1, "emitted bench test");
        const verif::FuzzCase small = verif::randomCase(design, rng, {.max_rows = 8, .max_cols = 8, .max_cycles = 4000});
        const fs::path plain = folder_.path / "plain.json", design_file = folder_.path / "design.json";
        base::writeJson(plain, network::toJson(small.network));
        base::writeJson(design_file, design::toJson(design));
        REQUIRE(runDna({"quantize", "--network", plain.string(), "--random-calibration", "--out", folder_.path / "int8"}).exit_code == 0);
        REQUIRE(runDna({"emit", "--network", folder_.path / "int8" / "network.json", "--design", design_file.string(), "--out",
                        folder().string()}).exit_code == 0);
    }

    fs::path folder() const { return folder_.path / "chip"; }
    fs::path bench() const { return folder() / "tb"; }
    base::ProcessResult make(const char* target) const { return base::runProcess({.command = {"make", "-C", bench().string(), target}}); }

    /// Another bit in a byte of a file of the bench.
    void damage(const char* file, size_t byte) const {
        std::string bytes = base::readFile(bench() / file);
        bytes.at(byte) = char(bytes.at(byte) ^ 1);
        base::writeFileAtomic(bench() / file, bytes);
    }

private:
    TemporaryFolder folder_;
};

design::Design withDescriptors(design::DescriptorSource source) {
    design::Design design;
    design.chunks.front().descriptors = source;
    return design;
}

constexpr const char* kClean = "0 mismatches, 0 unknown values, 0 errors";

}  // namespace

TEST_CASE("an emitted folder's Icarus bench passes, writes waveforms, and notices a wrong byte") {
    if (base::findProgram("iverilog").empty() || base::findProgram("make").empty()) DNA_SKIP("iverilog or make is not installed");
    const SmallChip chip{design::Design{}};
    const base::ProcessResult passed = chip.make("vcd");
    CHECK_MESSAGE(passed.exit_code == 0, passed.output);
    CHECK(passed.output.find(kClean) != std::string::npos);
    CHECK(fs::file_size(chip.bench() / "obj" / "dna.vcd") > 100000);
    chip.damage("vectors/expected.bin", 0);
    CHECK(chip.make("icarus").exit_code != 0);
}

TEST_CASE("an emitted folder of a chip with descriptors of its own: both benches pass, every file is clean") {
    for (const char* tool : {"iverilog", "verilator", "yosys", "make"})
        if (base::findProgram(tool).empty()) DNA_SKIP("iverilog, verilator, yosys or make is not installed");
    for (const design::DescriptorSource source : {design::DescriptorSource::Ram, design::DescriptorSource::Rom}) {
        CAPTURE(design::sourceName(source));
        const SmallChip chip(withDescriptors(source));
        const bool rom = source == design::DescriptorSource::Rom;
        CHECK(fs::exists(chip.folder() / "rtl" / "dna_desc_rom0.v") == rom);
        CHECK(fs::file_size(chip.folder() / "program" / "descriptors.bin") % 256 == 0);
        CHECK((fs::file_size(chip.bench() / "vectors" / "descriptors.bin") == 0) == rom);
        CHECK((base::readFile(chip.folder() / "README.md").find("| 0x18 |") == std::string::npos) == rom);
        for (const char* target : {"run", "icarus", "lint"}) {
            CAPTURE(target);
            const base::ProcessResult passed = chip.make(target);
            CHECK_MESSAGE(passed.exit_code == 0, passed.output);
            if (std::string(target) == "icarus") CHECK(passed.output.find(kClean) != std::string::npos);
        }
        if (rom) continue;
        chip.damage("vectors/descriptors.bin", 4 * 50 + 1);  // word S2: the first map is stored 256 bytes elsewhere
        CHECK(chip.make("icarus").exit_code != 0);
    }
}
