// The files of a run don't depend on the width of the registers that the training kernels use.
#include <doctest/doctest.h>

#include <map>

#include "core/autodiff/kernels/dispatch.h"
#include "core/base/file.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> searchAndTrain(const fs::path& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{"cosearch", "--config",   std::string(DNA_SOURCE_DIR) + "/examples/micro.json",
                                     "--out",    out.string(), "--until",
                                     "das"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
}

std::map<std::string, std::string> filesOf(const fs::path& run) {
    std::map<std::string, std::string> hashes;
    for (const auto& entry : fs::recursive_directory_iterator(run))
        if (entry.is_regular_file() && entry.path().filename() != "timing.jsonl")
            hashes[fs::relative(entry.path(), run).generic_string()] = base::sha256File(entry.path());
    return hashes;
}

bool haveLevel(int bits) {
    for (const auto* level : autodiff::kernelLevels())
        if (level->bits == bits) return true;
    return false;
}

}  // namespace

TEST_CASE("levels: registers of 256 and 512 bits end with the same files") {
    if (!haveLevel(512)) DNA_SKIP("this processor has no registers of 512 bits");
    const TemporaryFolder folder;
    const fs::path wide = folder.path / "wide", narrow = folder.path / "narrow";
    REQUIRE(runDna(searchAndTrain(wide), {}, {{"DNA_SIMD", "512"}}).exit_code == 0);
    REQUIRE(runDna(searchAndTrain(narrow), {}, {{"DNA_SIMD", "256"}}).exit_code == 0);
    CHECK(filesOf(wide) == filesOf(narrow));
}

TEST_CASE("levels: a run is not continued where products round differently, unless asked to") {
    if (!haveLevel(256)) DNA_SKIP("this processor has no fused products");
    const TemporaryFolder folder;
    const fs::path run = folder.path / "run";
    REQUIRE(runDna(searchAndTrain(run, {"--stop-after-iterations", "20"}), {}, {{"DNA_SIMD", "256"}}).exit_code == 0);
    const ProgramRun refused = runDna(searchAndTrain(run, {"--resume"}), {}, {{"DNA_SIMD", "128"}});
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("--allow-drift") != std::string::npos);
    CHECK(runDna(searchAndTrain(run, {"--resume", "--allow-drift"}), {}, {{"DNA_SIMD", "128"}}).exit_code == 0);
}

TEST_CASE("levels: an unknown level is refused") {
    const ProgramRun run = runDna({"list", "spaces"}, {}, {{"DNA_SIMD", "1024"}});
    CHECK(run.exit_code == 2);
    CHECK(run.err.find("DNA_SIMD") != std::string::npos);
}
