// One emitted chip, two networks: `dna compile` writes the second one's program, `dna verify --program` runs it on the
// Verilog of the first.
#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/design/design.h"
#include "core/network/network.h"
#include "core/network/space.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

struct Files {
    TemporaryFolder folder;
    std::string file(const std::string& name) const { return (folder.path / name).string(); }

    /// Random integers for a graph, in `name`/network.json.
    std::string quantized(const network::Network& graph, const std::string& name) const {
        base::writeJson(file(name + ".json"), network::toJson(graph));
        const auto done =
            runDna({"quantize", "--network", file(name + ".json"), "--random-calibration", "--out", file(name)});
        REQUIRE_MESSAGE(done.exit_code == 0, done.err);
        return file(name + "/network.json");
    }

    void emit(const std::string& network, const design::Design& design, const std::string& name) const {
        base::writeJson(file(name + "_design.json"), design::toJson(design));
        const auto done =
            runDna({"emit", "--network", network, "--design", file(name + "_design.json"), "--out", file(name)});
        REQUIRE_MESSAGE(done.exit_code == 0, done.err);
    }
};

/// One picture of a program on a chip: no wrong byte, the cycles of the model.
void checkVerified(const Files& files, const char* chip, const char* program) {
    CAPTURE(program);
    std::vector<std::string> arguments{"verify", files.file(chip), "--images", "1", "--stalled", "0", "--json"};
    if (*program) arguments.insert(arguments.end(), {"--program", files.file(program)});
    const auto verified = runDna(arguments, {}, {}, 600);
    REQUIRE_MESSAGE(verified.exit_code == 0, verified.err);
    const base::Json json = base::Json::parse(verified.out);
    CHECK(json.at("mismatches") == 0);
    CHECK(json.at("totals").at("cycles_rtl") == json.at("totals").at("cycles_model"));
    CHECK(json.at("totals").at("cycles_rtl") > 100);
}

/// A program with another bit in a byte of one of its files is not run.
void checkNoticed(const Files& files, const char* file, size_t byte) {
    std::string bytes = base::readFile(files.file(file));
    bytes.at(byte) = char(bytes.at(byte) ^ 1);
    base::writeFileAtomic(files.file(file), bytes);
    const auto refused = runDna({"verify", files.file("chip"), "--program", files.file("program")});
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("compile again") != std::string::npos);
}

}  // namespace

TEST_CASE("one emitted chip runs a second network bit for bit, in the cycles of the model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Files files;
    const fs::path examples = fs::path(DNA_SOURCE_DIR) / "examples";
    design::Design design = design::readDesign(examples / "design-16x16-large.json");
    design.chunks.front().rows = 8;
    const network::Network first = network::buildNetwork(network::readSpace("micro"), {1, 7, 8}, "first");
    files.emit(files.quantized(first, "first"), design, "chip");
    const std::string rtl = base::readFile(files.file("chip/files.f"));

    const network::Network second = network::readNetwork(examples / "networks/every-operator.json");
    const auto compiled = runDna({"compile", "--chip", files.file("chip"), "--network",
                                  files.quantized(second, "second"), "--out", files.file("program")});
    REQUIRE_MESSAGE(compiled.exit_code == 0, compiled.err);
    CHECK_FALSE(fs::exists(files.file("program/rtl")));
    for (const char* program : {"", "program"}) checkVerified(files, "chip", program);
    CHECK(fs::exists(files.file("program/verify.json")));
    CHECK(base::readFile(files.file("chip/files.f")) == rtl);

    {  // a program of another chip is refused
        design.chunks.front().input_words *= 2;
        files.emit(files.quantized(first, "again"), design, "other");
        const auto refused = runDna({"verify", files.file("other"), "--program", files.file("program")});
        CHECK(refused.exit_code == 2);
        CHECK(refused.err.find("compile it for that chip") != std::string::npos);
    }
    {  // a folder without a program
        const auto refused = runDna({"verify", files.file("chip"), "--program", files.file("second")});
        CHECK(refused.exit_code == 2);
        CHECK(refused.err.find("dna compile writes such folders") != std::string::npos);
    }
    {  // the same folder again, under names that end with a slash or are the working directory's
        base::makeFolder(files.file("here"));
        for (const char* name : {"../program/", "./", "."}) {
            CAPTURE(name);
            const auto again = runDna({"compile", "--chip", files.file("chip"), "--network", files.file("second/network.json"),
                                       "--out", name}, files.file("here"));
            REQUIRE_MESSAGE(again.exit_code == 0, again.err);
        }
        CHECK(base::readFile(files.file("here/program/image.bin")) == base::readFile(files.file("program/program/image.bin")));
        CHECK_FALSE(fs::exists(files.file("here.partial")));
    }
    {  // a folder of somebody else is not replaced
        base::makeFolder(files.file("mine"));
        base::writeFileAtomic(files.file("mine/notes"), "mine");
        const auto refused = runDna({"compile", "--chip", files.file("chip"), "--network", files.file("second/network.json"),
                                     "--out", files.file("mine")});
        CHECK(refused.exit_code == 2);
        CHECK(base::readFile(files.file("mine/notes")) == "mine");
    }
    checkNoticed(files, "program/program/image.bin", 400);
}

namespace {

/// A design that holds the networks of space "micro", descriptors from `source`.
design::Design microDesign(design::DescriptorSource source) {
    design::Design design = design::readDesign(fs::path(DNA_SOURCE_DIR) / "examples" / "design-16x16-large.json");
    design.chunks.front().rows = 4;
    design.chunks.front().descriptors = source;
    return design;
}

network::Network micro(int last, const std::string& name) {
    return network::buildNetwork(network::readSpace("micro"), {1, 7, last}, name);
}

}  // namespace

TEST_CASE("a chip with a descriptor RAM runs a second network; programs that do not fit the RAM are refused") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Files files;
    design::Design design = microDesign(design::DescriptorSource::Ram);
    const std::string first = files.quantized(micro(8, "first"), "first"), second = files.quantized(micro(3, "second"), "second");
    files.emit(first, design, "chip");
    const auto compiled = runDna({"compile", "--chip", files.file("chip"), "--network", second, "--out", files.file("program")});
    REQUIRE_MESSAGE(compiled.exit_code == 0, compiled.err);
    checkVerified(files, "chip", "program");

    checkNoticed(files, "program/program/descriptors.bin", 40);

    design.chunks.front().descriptor_slots = 2;
    base::writeJson(files.file("small.json"), design::toJson(design));
    const auto refused = runDna({"emit", "--network", first, "--design", files.file("small.json"), "--out", files.file("small")});
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("small.json: /chunks/0/descriptor_slots: expected at least the ") != std::string::npos);
    CHECK_FALSE(fs::exists(files.file("small")));
}

TEST_CASE("a chip with a descriptor ROM runs its own program and refuses every other") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Files files;
    const design::Design design = microDesign(design::DescriptorSource::Rom);
    const std::string first = files.quantized(micro(8, "first"), "first"), second = files.quantized(micro(3, "second"), "second");
    files.emit(first, design, "chip");
    const auto compile = [&](const std::string& network, const char* out) {
        return runDna({"compile", "--chip", files.file("chip"), "--network", network, "--out", files.file(out)});
    };
    const auto same = compile(first, "same");
    REQUIRE_MESSAGE(same.exit_code == 0, same.err);
    checkVerified(files, "chip", "same");
    const auto refused = compile(second, "other");
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("expected the program in the ROM of the chip in ") != std::string::npos);
    CHECK_FALSE(fs::exists(files.file("other")));
    // A chip of the same design with another program: the design's hash does not tell them apart.
    files.emit(second, design, "second_chip");
    const auto wrong = runDna({"verify", files.file("second_chip"), "--program", files.file("same")});
    CHECK(wrong.exit_code == 2);
    CHECK(wrong.err.find("expected the program in the ROM of the chip in ") != std::string::npos);
}
