#include "verif/fuzz.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/process.h"
#include "rtlgen/chip.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

/// A work folder of its own, gone at the end.
struct Scratch {
    fs::path folder = fs::temp_directory_path() / ("dna-fuzz-test-" + std::to_string(::getpid()));
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    }
};

verif::FuzzOptions smallRun(const fs::path& work, int cases, int designs) {
    verif::FuzzOptions options;
    options.cases = cases, options.designs = designs, options.work = work;
    options.range = {.max_rows = 8, .max_cols = 8, .max_cycles = 15000};
    return options;
}

/// The library's file with one piece of text replaced.
std::map<std::string, std::string> broken(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = rtlgen::emitChip(design::Design{}).files.at(file);
    const size_t place = text.find(from);
    REQUIRE(place != std::string::npos);
    text.replace(place, from.size(), to);
    return {{file, text}};
}

}  // namespace

TEST_CASE("200 random cases on 25 designs: RTL equals reference and model") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Scratch scratch;
    base::SilentLog log;
    const verif::FuzzResult result = verif::fuzz(smallRun(scratch.folder, 200, 25), log);
    for (const verif::FailingCase& failing : result.failing) {
        fs::copy_file(failing.file, fs::temp_directory_path() / failing.file.filename(),
                      fs::copy_options::overwrite_existing);
        FAIL_CHECK(failing.verdict.first << "; dna fuzz --replay "
                                         << (fs::temp_directory_path() / failing.file.filename()).string());
    }
    CHECK(result.cases == 200);
    CHECK(result.designs == 25);
    CHECK(result.mismatches == 0);
    CHECK(result.writes_outside == 0);
    CHECK(result.cycle_differences == 0);
    CHECK(result.access_differences == 0);
    CHECK(result.stopped == 0);
    CHECK(result.pairs.covered() > result.pairs.possible() / 2);
}

TEST_CASE("cases that once failed") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Scratch scratch;
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(DNA_SOURCE_DIR) / "tests" / "verif" / "cases")) {
        CAPTURE(entry.path().filename().string());
        const verif::Verdict verdict = verif::replay(verif::readFuzzCase(entry.path()), smallRun(scratch.folder, 1, 1));
        CHECK_MESSAGE(verdict.passed(), verdict.first);
        ++cases;
    }
    CHECK(cases >= 1);
}

TEST_CASE("a broken library is found, shrunk and replayed") {
    if (base::findProgram("verilator").empty()) DNA_SKIP("verilator is not installed");
    const Scratch scratch;
    base::SilentLog log;
    verif::FuzzOptions options = smallRun(scratch.folder, 18, 3);
    options.threads = 1;
    options.stop_at_first = true;
    options.shrink_attempts = 40;
    SUBCASE("wrong bytes: the upper clamp is another") {
        options.library = broken("rtl/dna_requantize.v", "rounded > high ? high_i", "rounded > high ? low_i");
    }
    SUBCASE("wrong cycles: one read burst at a time") {
        options.library =
            broken("rtl/dna_load.v", "LIMIT = OUTSTANDING[3:0]", "LIMIT = OUTSTANDING[3:0] & 4'd1 | 4'd1");
    }
    SUBCASE("a write outside: the last channel block is forgotten") {
        options.library = broken("rtl/dna_store.v", "channel_last ? blocks_last : blocks_full", "blocks_full + 10'd1");
    }
    const verif::FuzzResult result = verif::fuzz(options, log);
    REQUIRE(!result.failing.empty());
    const verif::FuzzCase shrunk = verif::readFuzzCase(result.failing[0].file);
    CHECK(shrunk.pictures == 1);
    CHECK(shrunk.network.nodes.size() <= 6);
    CHECK(verif::replay(shrunk, options).kind == result.failing[0].verdict.kind);
    options.library.clear();
    CHECK(verif::replay(shrunk, options).passed());
}
