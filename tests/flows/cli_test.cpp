// The program as a user meets it: exit codes, messages, --json, and input that is broken in every way.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/network/space.h"
#include "flows/cli/verb.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A quantised micro network with random integers, and a design and mapping for it: what most verbs read.
struct Prepared {
    TemporaryFolder folder;
    std::string network, design, mapping;
    Prepared() {
        const network::NetworkSpace space = network::readSpace("micro");
        const fs::path plain = folder.path / "plain.json";
        base::writeJson(plain, network::toJson(network::buildNetwork(space, std::vector<int>(space.blocks.size(), 2), "n")));
        const ProgramRun quantized = runDna({"quantize", "--network", plain.string(), "--random-calibration", "--out", (folder.path / "int8").string()});
        REQUIRE_MESSAGE(quantized.exit_code == 0, quantized.err);
        network = (folder.path / "int8" / "network.json").string();
        const ProgramRun das = runDna({"das", "--network", network, "--evaluations", "20", "--out", (folder.path / "das").string()});
        REQUIRE_MESSAGE(das.exit_code == 0, das.err);
        design = (folder.path / "das" / "design.json").string();
        mapping = (folder.path / "das" / "mapping.json").string();
    }
};

/// The names below a folder: nothing may be added by a command that failed.
std::set<std::string> namesBelow(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) names.insert(fs::relative(entry.path(), folder).string());
    return names;
}

/// The ways in which a JSON file is broken on purpose; `text` is a valid one.
std::vector<std::pair<std::string, std::string>> brokenVariants(const std::string& text) {
    std::vector<std::pair<std::string, std::string>> out{{"empty", ""},
                                                         {"blank", "  \n"},
                                                         {"array", "[]"},
                                                         {"number", "12"},
                                                         {"null", "null"},
                                                         {"text", "not JSON at all"},
                                                         {"binary", std::string("\0\x01\xff\xfe", 4)},
                                                         {"empty object", "{}"},
                                                         {"wrong format", R"({"format": "dna.other", "version": 1})"},
                                                         {"deep", std::string(100000, '[')}};
    for (const size_t share : {4u, 2u}) out.emplace_back("truncated", text.substr(0, text.size() / share));
    const size_t brace = text.find('{');
    out.emplace_back("unknown key", text.substr(0, brace + 1) + "\"colums\": 3, " + text.substr(brace + 1));
    out.emplace_back("duplicate key", text.substr(0, brace + 1) + "\"version\": 1, " + text.substr(brace + 1));
    return out;
}

/// Every integer of the text, one after the other, replaced by something that cannot be right.
std::vector<std::pair<std::string, std::string>> wrongNumbers(const std::string& text, size_t limit) {
    std::vector<std::pair<std::string, std::string>> out;
    for (size_t at = 0; at + 1 < text.size() && out.size() < limit * 3; ++at) {
        if (text[at] != ' ' || !std::isdigit(static_cast<unsigned char>(text[at + 1]))) continue;
        size_t end = at + 1;
        while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
        for (const char* wrong : {"-1000000", "1.5", "\"x\""}) out.emplace_back(wrong, text.substr(0, at + 1) + wrong + text.substr(end));
        at = end;
    }
    return out;
}

void checkRefused(const ProgramRun& run, const std::string& what) {
    CHECK_MESSAGE(run.exit_code == 2, what << ": exit " << run.exit_code << "\n" << run.err);
    CHECK_MESSAGE(!run.err.empty(), what);
    CHECK_MESSAGE(run.out.empty(), what);
    CHECK_MESSAGE(!has(run.err, "bug in DNA"), what << "\n" << run.err);
}

}  // namespace

TEST_CASE("cli: usage errors exit with 2 and help with 0") {
    CHECK(runDna({}).exit_code == 2);
    const ProgramRun typo = runDna({"cosaerch"});
    CHECK(typo.exit_code == 2);
    CHECK(has(typo.err, "did you mean \"cosearch\"?"));
    CHECK(runDna({"list", "--nonsense"}).exit_code == 2);
    CHECK(runDna({"estimate"}).exit_code == 2);
    CHECK(runDna({"synth", "x", "--platform"}).exit_code == 2);
    CHECK(runDna({"--help"}).exit_code == 0);
    const flows::VerbRegistry registry = flows::builtinVerbs();
    for (const flows::Verb& verb : registry.verbs()) {
        const ProgramRun help = runDna({verb.name, "--help"});
        CHECK_MESSAGE(help.exit_code == 0, verb.name);
        CHECK_MESSAGE(has(help.out, "Example:\n  dna " + verb.name), verb.name);
    }
}

TEST_CASE("cli: all verbs of the first release are there") {
    std::set<std::string> names;
    const flows::VerbRegistry registry = flows::builtinVerbs();
    for (const flows::Verb& verb : registry.verbs()) names.insert(verb.name);
    for (const char* name : {"demo", "test", "cosearch", "train", "quantize", "das", "estimate", "emit", "verify", "synth", "report", "list"})
        CHECK_MESSAGE(names.count(name) == 1, name);
}

TEST_CASE("cli: --json prints one JSON object and nothing else") {
    const Prepared prepared;
    const std::vector<std::vector<std::string>> commands{
        {"list", "--json"},
        {"--json", "list", "platforms"},
        {"estimate", "--network", prepared.network, "--design", prepared.design, "--json"},
        {"estimate", "--network", prepared.network, "--design", prepared.design, "--mapping", prepared.mapping, "--json"},
        {"emit", "--network", prepared.network, "--design", prepared.design, "--out", (prepared.folder.path / "chip").string(), "--json"},
        {"das", "--network", prepared.network, "--evaluations", "5", "--out", (prepared.folder.path / "das2").string(), "--json"}};
    for (const auto& command : commands) {
        const ProgramRun run = runDna(command);
        CHECK_MESSAGE(run.exit_code == 0, command[0] << "\n" << run.err);
        const base::Json json = base::Json::parse(run.out, nullptr, false);
        CHECK_MESSAGE(json.is_object(), command[0]);
        CHECK_MESSAGE(json.value("format", "").rfind("dna.", 0) == 0, command[0]);
    }
}

TEST_CASE("cli: energies of the levels sum to the total") {
    const Prepared prepared;
    const base::Json cost = base::Json::parse(runDna({"estimate", "--network", prepared.network, "--design", prepared.design, "--json"}).out);
    double sum = 0;
    for (const auto& layer : cost.at("layers"))
        for (const auto& level : layer.at("levels")) sum += level.at("energy_pj").get<double>();
    CHECK(sum * 1e-9 == doctest::Approx(cost.at("totals").at("energy_mj").at("system").get<double>()));
}

TEST_CASE("cli: broken JSON is refused with every problem and leaves nothing behind") {
    const Prepared prepared;
    const fs::path folder = prepared.folder.path;
    const fs::path bad = folder / "bad.json";
    const auto estimate = [&](const std::string& network, const std::string& design, const std::string& mapping) {
        return std::vector<std::string>{"estimate", "--network", network, "--design", design, "--mapping", mapping};
    };
    const std::vector<std::pair<std::string, std::vector<std::string>>> readers{
        {prepared.design, estimate(prepared.network, bad.string(), prepared.mapping)},
        {prepared.network, estimate(bad.string(), prepared.design, prepared.mapping)},
        {prepared.mapping, estimate(prepared.network, prepared.design, bad.string())},
        {std::string(DNA_SOURCE_DIR) + "/examples/target.json", {"das", "--network", prepared.network, "--evaluations", "5", "--target", bad.string(), "--out", (folder / "new").string()}},
        {std::string(DNA_SOURCE_DIR) + "/examples/micro.json", {"cosearch", "--config", bad.string(), "--out", (folder / "new").string()}}};
    for (const auto& [good, command] : readers) {
        const std::string text = base::readFile(good);
        for (const auto& [what, content] : brokenVariants(text)) {
            // Objects without required keys may be whole: defaults are allowed where a file says so.
            if (what == "empty object" && command[0] != "estimate") continue;
            base::writeFileAtomic(bad, content);
            const auto before = namesBelow(folder);
            const ProgramRun run = runDna(command);
            checkRefused(run, good + " " + what);
            CHECK_MESSAGE(has(run.err, "bad.json"), what << "\n" << run.err);
            CHECK(namesBelow(folder) == before);
        }
        fs::remove(bad);
        checkRefused(runDna(command), good + " missing");
    }
}

TEST_CASE("cli: wrong numbers in designs and mappings are refused, never run") {
    const Prepared prepared;
    const fs::path bad = prepared.folder.path / "bad.json";
    for (const bool design : {true, false}) {
        const std::string text = base::readFile(design ? prepared.design : prepared.mapping);
        for (const auto& [what, content] : wrongNumbers(text, 10)) {
            base::writeFileAtomic(bad, content);
            const ProgramRun run = runDna({"estimate", "--network", prepared.network, "--design", design ? bad.string() : prepared.design, "--mapping",
                                           design ? prepared.mapping : bad.string()});
            checkRefused(run, std::string(design ? "design " : "mapping ") + what);
        }
    }
}

TEST_CASE("cli: several problems of one file are told at once, with the nearest key") {
    const Prepared prepared;
    std::string text = base::readFile(prepared.design);
    text.replace(text.find("\"rows\""), 6, "\"rowz\"");
    const size_t cols = text.find("\"cols\": ") + 8;
    text.replace(cols, text.find_first_of(",\n", cols) - cols, "3.5");
    const fs::path bad = prepared.folder.path / "bad.json";
    base::writeFileAtomic(bad, text);
    const ProgramRun run = runDna({"estimate", "--network", prepared.network, "--design", bad.string()});
    CHECK(run.exit_code == 2);
    CHECK(has(run.err, "unknown key; did you mean \"rows\"?"));
    CHECK(has(run.err, "/cols: expected an integer"));
    CHECK(std::count(run.err.begin(), run.err.end(), '\n') >= 2);
}

TEST_CASE("cli: a design that is too small or violates limits says by how much") {
    const Prepared prepared;
    const fs::path target = prepared.folder.path / "target.json";
    base::writeFileAtomic(target, R"({"format": "dna.target", "version": 1, "limits": {"max_area_um2": 1000}})");
    const ProgramRun run = runDna({"das", "--network", prepared.network, "--target", target.string(), "--evaluations", "10", "--out", (prepared.folder.path / "d").string()});
    CHECK(run.exit_code == 1);
    CHECK(has(run.out + run.err, "max_area_um2"));
}

TEST_CASE("cli: a technology or DRAM that nobody has prices of is named with its file") {
    const Prepared prepared;
    const fs::path target = prepared.folder.path / "target.json";
    const auto refused = [&](const std::string& field, const std::string& place) {
        base::writeFileAtomic(target, R"({"format": "dna.target", "version": 1, )" + field + "}");
        const ProgramRun run = runDna({"das", "--network", prepared.network, "--target", target.string(), "--out", (prepared.folder.path / "d").string()});
        CHECK(run.exit_code == 2);
        CHECK(has(run.err, "target.json: " + place));
        CHECK_FALSE(fs::exists(prepared.folder.path / "d"));
    };
    refused(R"("technology": "nangate4")", "/technology: there is no built-in technology \"nangate4\", did you mean \"nangate45\"");
    refused(R"("dram": "hbm9")", "/dram: technology osu018 has no DRAM \"hbm9\"; known: ");
}

TEST_CASE("cli: an unquantised network is not emitted") {
    const Prepared prepared;
    const ProgramRun run = runDna({"emit", "--network", (prepared.folder.path / "plain.json").string(), "--design", prepared.design, "--out", (prepared.folder.path / "x").string()});
    CHECK(run.exit_code == 2);
    CHECK(has(run.err, "quantize"));
    CHECK_FALSE(fs::exists(prepared.folder.path / "x"));
}

TEST_CASE("cli: missing and truncated data are refused") {
    const TemporaryFolder folder;
    const std::string config = std::string(DNA_SOURCE_DIR) + "/examples/micro.json";
    const std::string out = (folder.path / "run").string();
    checkRefused(runDna({"cosearch", "--config", config, "--data", (folder.path / "none").string(), "--out", out}), "missing data");
    fs::create_directories(folder.path / "cifar");
    checkRefused(runDna({"cosearch", "--config", config, "--data", (folder.path / "cifar").string(), "--out", out}), "empty data folder");
    for (const char* name : {"data_batch_1.bin", "test_batch.bin"}) base::writeFileAtomic(folder.path / "cifar" / name, std::string(3073 * 2 + 17, '\1'));
    checkRefused(runDna({"cosearch", "--config", config, "--data", (folder.path / "cifar").string(), "--out", out}), "truncated data");
    checkRefused(runDna({"report", (folder.path / "none").string()}), "missing run");
    checkRefused(runDna({"synth", folder.path.string()}), "folder without Verilog");
    checkRefused(runDna({"verify", folder.path.string()}), "folder without Verilog");
    checkRefused(runDna({"synth", folder.path.string(), "--platform", "osu081"}), "unknown platform");
}

TEST_CASE("cli: tools that are not on the PATH are named with their package") {
    const Prepared prepared;
    const std::string chip = (prepared.folder.path / "chip").string();
    REQUIRE(runDna({"emit", "--network", prepared.network, "--design", prepared.design, "--out", chip}).exit_code == 0);
    const auto before = namesBelow(prepared.folder.path);
    const ProgramRun synth = runDna({"synth", chip}, {}, {{"PATH", "/nonexistent"}});
    CHECK(synth.exit_code == 3);
    CHECK(has(synth.err, "yosys is not on the PATH; install it with: apt-get install yosys"));
    const std::string cache = (prepared.folder.path / "cache").string();
    const ProgramRun verify = runDna({"verify", chip, "--images", "1"}, {}, {{"PATH", "/nonexistent"}, {"XDG_CACHE_HOME", cache}, {"HOME", cache}});
    CHECK(verify.exit_code == 3);
    CHECK(has(verify.err, "verilator"));
    fs::remove_all(cache);
    CHECK(namesBelow(prepared.folder.path) == before);
}

TEST_CASE("cli: out folders that cannot be written") {
    const Prepared prepared;
    const std::string below_file = prepared.network + "/out";
    for (const std::string& out : {below_file, std::string("/proc/dna-out")}) {
        const ProgramRun das = runDna({"das", "--network", prepared.network, "--evaluations", "5", "--out", out});
        CHECK_MESSAGE(das.exit_code == 3, das.err);
        const ProgramRun emit = runDna({"emit", "--network", prepared.network, "--design", prepared.design, "--out", out});
        CHECK_MESSAGE(emit.exit_code == 3, emit.err);
        const ProgramRun cosearch = runDna({"cosearch", "--config", std::string(DNA_SOURCE_DIR) + "/examples/micro.json", "--out", out});
        CHECK_MESSAGE((cosearch.exit_code == 3 || cosearch.exit_code == 2), cosearch.err);
    }
}

TEST_CASE("cli: a full disk is told and leaves nothing half-written") {
    const Prepared prepared;
    const fs::path disk = prepared.folder.path / "disk";
    fs::create_directories(disk);
    // A file system of 32 KiB in a mount namespace of its own: emitted weights do not fit.
    const std::string script = "mount -t tmpfs -o size=32k none " + disk.string() + " || exit 77; \"$0\" emit --network " + prepared.network + " --design " +
                               prepared.design + " --out " + (disk / "chip").string() + "; code=$?; find " + disk.string() + " -mindepth 1 -printf 'left behind: %p\\n'; exit $code";
    if (base::findProgram("unshare").empty()) DNA_SKIP("unshare is not installed");
    const base::ProcessResult run = base::runProcess({.command = {"unshare", "-rm", "sh", "-c", script, DNA_PROGRAM}, .timeout_seconds = 60});
    if (run.exit_code == 77 || has(run.output, "unshare:")) DNA_SKIP("this machine allows no mount namespaces");
    CHECK_MESSAGE(run.exit_code == 3, run.output);
    CHECK(has(run.output, "No space left on device"));
    CHECK_MESSAGE(!has(run.output, "left behind:"), run.output);
}

TEST_CASE("cli: a misspelt option is answered with the nearest one, not with the required one that it left out") {
    const ProgramRun run = runDna({"cosearch", "--confg", "x.json", "--out", "y"});
    CHECK(run.exit_code == 2);
    CHECK(run.err.find("unknown option \"--confg\"; did you mean \"--config\"?") != std::string::npos);
}
