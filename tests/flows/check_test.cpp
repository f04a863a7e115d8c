// `dna check` as a user meets it, and the derivations it prints: their arithmetic is read back and worked out.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "core/base/json.h"
#include "core/base/rng.h"
#include "costmodel/loopnest/cases.h"
#include "costmodel/loopnest/explain/explain.h"
#include "costmodel/loopnest/explain/term.h"
#include "costmodel/loopnest/layers.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::costmodel::loopnest;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
std::string lastLine(std::string text) {
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}
const fs::path kExamples = fs::path(DNA_SOURCE_DIR) / "examples";

// ------------------------------------------------------------------------------------------ reading arithmetic back

/// Works out "C 16 x (rows 9 - 1) / 2": words are labels and are skipped, x is a product.
class Arithmetic {
public:
    explicit Arithmetic(const std::string& text) : in_(text) { next(); }
    double value() {
        double sum = product();
        while (token_ == "+" || token_ == "-") {
            const bool minus = token_ == "-";
            next();
            const double part = product();
            sum += minus ? -part : part;
        }
        return sum;
    }

private:
    double product() {
        double all = factor();
        while (token_ == "x" || token_ == "/") {
            const bool divide = token_ == "/";
            next();
            const double part = factor();
            all = divide ? all / part : all * part;
        }
        return all;
    }
    double factor() {
        if (token_ == "(") {
            next();
            const double inside = value();
            REQUIRE(token_ == ")");
            next();
            return inside;
        }
        REQUIRE_MESSAGE(!token_.empty(), "a number is missing");
        const double number = std::stod(token_);
        next();
        return number;
    }
    void next() {
        do {
            token_.clear();
            while (in_.peek() == ' ') in_.get();
            if (in_.peek() == EOF) return;
            if (in_.peek() == '(' || in_.peek() == ')') {
                token_ = char(in_.get());
                return;
            }
            while (in_.peek() != EOF && std::string(" ()").find(char(in_.peek())) == std::string::npos)
                if (const char c = char(in_.get()); c != ',') token_ += c;
        } while (std::isalpha(static_cast<unsigned char>(token_[0])) && token_ != "x");
    }
    std::istringstream in_;
    std::string token_;
};

/// One line "label: expression = value unit; counted as N".
struct Line {
    std::string label;
    double expression = 0, value = 0;
};
std::vector<Line> arithmeticOf(const std::string& text) {
    std::vector<Line> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        const size_t equals = line.find(" = ");
        if (equals == std::string::npos) continue;
        const size_t colon = line.find(": ");
        REQUIRE_MESSAGE(colon < equals, line);
        Line out;
        out.label = line.substr(line.find_first_not_of(' '), colon - line.find_first_not_of(' '));
        out.expression = Arithmetic(line.substr(colon + 2, equals - colon - 2)).value();
        out.value = Arithmetic(line.substr(equals + 3, line.find_first_of(";", equals) - equals - 3)).value();
        CHECK_MESSAGE(std::abs(out.expression - out.value) <= 1e-9 * std::abs(out.value), line);
        if (const size_t whole = line.find("; counted as "); whole != std::string::npos)
            out.value = Arithmetic(line.substr(whole + 13)).value();
        lines.push_back(out);
    }
    return lines;
}

/// The numbers at the end of the lines of an explanation against the analysis: tiles, reads, fills, updates of every
/// tensor and level in the order of the text.
std::string checkExplanation(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
                             const Convention& rules) {
    const Explanation told = explain(problem, architecture, mapping, rules);
    CAPTURE(told.text);
    const Evaluation found = evaluate(problem, architecture, flatten(mapping), rules);
    std::vector<double> expected, written;
    for (int t = 0; t < kTensors; ++t)
        for (int l = architecture.levelCount() - 1; l >= 0; --l) {
            if (!mapping.levels[l].keeps[t]) continue;
            const TensorCounts<double>& count = found.access.counts[l][t];
            const TensorCounts<double>& derived = told.counts[l][t];
            CHECK(derived.tile_words == count.tile_words);
            CHECK(derived.reads == count.reads);
            CHECK(derived.fills == doctest::Approx(count.fills).epsilon(1e-12));  // shares of refills are fractions
            CHECK(derived.updates == count.updates);
            const bool outputs = t == index(Tensor::Outputs);
            if (outputs) expected.push_back(count.updates);
            expected.push_back(count.reads);
            if (l > 0) expected.push_back(count.fills);
        }
    double energy_pj = 0;
    for (const Line& line : arithmeticOf(told.text)) {
        if (line.label == "reads" || line.label == "fills" || line.label == "updates") written.push_back(line.value);
        if (line.label == "all") energy_pj = line.value;
    }
    REQUIRE(written.size() == expected.size());
    for (size_t i = 0; i < written.size(); ++i) CHECK(written[i] == doctest::Approx(expected[i]).epsilon(1e-10));
    CHECK(energy_pj == doctest::Approx(found.energy_pj).epsilon(1e-9));
    CHECK(told.energy_pj == doctest::Approx(found.energy_pj).epsilon(1e-9));
    CHECK(has(told.text, numberText(found.cycles) + " cycles, decided by "));
    return told.text;
}

/// A random layer with a random nest on `architecture`; spatial loops fit the fan-out. Half of them move rows and
/// columns only, so that windows slide and neighbours forward.
std::pair<Problem, Mapping> randomNest(const Architecture& architecture, base::Rng& rng) {
    std::pair<Problem, Mapping> out;
    auto& [problem, mapping] = out;
    problem.name = "random";
    const bool windows = rng.below(2) == 0;
    mapping.levels.resize(architecture.levels.size());
    for (int l = 0; l < architecture.levelCount(); ++l) {
        LevelLoops& level = mapping.levels[l];
        for (int t = 0; t < kTensors; ++t)
            level.keeps[t] = l == 0 || (architecture.levels[l].stores() && rng.below(3) != 0);
        const auto loop = [&](LoopKind kind, uint64_t most) {
            const Dim dim = static_cast<Dim>(windows ? index(Dim::P) + int(rng.below(4)) : int(rng.below(kDims)));
            const Loop added{dim, kind, 1 + int64_t(rng.below(most))};
            level.loops.push_back(added);
            problem.bounds[index(added.dim)] *= added.bound;
        };
        if (architecture.levels[l].stores())
            for (uint64_t n = rng.below(4); n > 0; --n) loop(LoopKind::Temporal, 4);
        if (architecture.fanoutX(l) > 1)
            for (int n = 0; n < 2; ++n) loop(LoopKind::SpatialX, 3);
        if (architecture.fanoutY(l) > 1)
            for (int n = 0; n < 2; ++n) loop(LoopKind::SpatialY, 3);
    }
    problem.stride_p = 1 + int64_t(rng.below(3)), problem.stride_q = 1 + int64_t(rng.below(2));
    problem.dilation_r = 1 + int64_t(rng.below(2)), problem.dilation_s = 1 + int64_t(rng.below(2));
    return out;
}

// ------------------------------------------------------------------------------------------ a case worked out by hand

/// C 2 x M 2 on one PE with one memory of 8 words: the file of one reference case, counts as reckoned below.
///   DRAM [W I O] for M in [0:2), for C in [0:2); RF [W I O] MAC
///   W: 4 words, each once. I: C moves it, M does it again: 4 fills of 1 word. O: 2 words, 2 updates each in the RF, of
///   which the first reads nothing; C does not move it: 2 words go up.
base::Json handCase() {
    const auto level = [](const char* name, const char* kind) {
        return base::Json{{"name", name},
                          {"kind", kind},
                          {"instances", 1},
                          {"capacity_words_per_instance", 8},
                          {"energy_pJ_per_word", {{"read", 2}, {"fill", 3}, {"update", 5}}}};
    };
    const auto tensor = [](int tile, int reads, int fills, int updates) {
        return base::Json{
            {"tile_words", tile}, {"reads_total", reads}, {"fills_total", fills}, {"updates_total", updates}};
    };
    const base::Json all = {"Weights", "Inputs", "Outputs"};
    base::Json layer;
    for (const char d : kDimNames) layer[std::string(1, d)] = d == 'C' || d == 'M' ? 2 : 1;
    for (const char* key : {"Wstride", "Hstride", "Wdilation", "Hdilation"}) layer[key] = 1;
    base::Json one = {
        {"id", "hand"},
        {"arch", "tiny"},
        {"layer", layer},
        {"keeps", {{"DRAM", all}, {"RF", all}}},
        {"loop_nest",
         {{{"level", "DRAM"},
           {"loops_outer_to_inner",
            {{{"dim", "M"}, {"bound", 2}, {"kind", "temporal"}}, {{"dim", "C"}, {"bound", 2}, {"kind", "temporal"}}}}},
          {{"level", "RF"}, {"loops_outer_to_inner", base::Json::array()}}}}};
    one["expected"] = {
        {"cycles", 4},
        {"macs", 4},
        {"levels",
         {{{"level", "RF"},
           {"tensors",
            {{"Weights", tensor(1, 4, 4, 0)}, {"Inputs", tensor(1, 4, 4, 0)}, {"Outputs", tensor(1, 2, 0, 4)}}}},
          {{"level", "DRAM"},
           {"tensors",
            {{"Weights", tensor(4, 4, 0, 0)}, {"Inputs", tensor(2, 4, 0, 0)}, {"Outputs", tensor(2, 0, 0, 2)}}}}}}};
    base::Json json;
    json["format"] = "heldout-loopnest-cost/1";
    json["architectures"]["tiny"] = {{"levels_outer_to_inner", {level("DRAM", "dram"), level("RF", "scratchpad")}},
                                     {"mac", {{"energy_per_mac_pJ", 1}}}};
    json["cases"] = {one};
    return json;
}

struct CaseFile {
    TemporaryFolder folder;
    fs::path file = folder.path / "cases.json";
    explicit CaseFile(const base::Json& json) { base::writeJson(file, json); }
    ProgramRun check(std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"check", file.string()});
        return runDna(more);
    }
};

}  // namespace

TEST_CASE("check: equal counts exit with 0 and say so in the last line") {
    const CaseFile file(handCase());
    const ProgramRun run = file.check();
    CHECK_MESSAGE(run.exit_code == 0, run.err << run.out);
    CHECK(lastLine(run.out) == "1 of 1 equal");
    const base::Json json = base::Json::parse(file.check({"--json"}).out);
    CHECK(json.at("format") == "dna.check");
    CHECK(json.at("version") == 1);
    CHECK(json.at("cases") == 1);
    CHECK(json.at("equal") == 1);
    CHECK(json.at("differences").empty());
}

TEST_CASE("check: every difference is listed with its place and the program exits with 1") {
    base::Json json = handCase();
    base::Json& rf = json["cases"][0]["expected"]["levels"][0]["tensors"];
    rf["Inputs"]["fills_total"] = 5;
    rf["Outputs"]["updates_total"] = 3;
    json["cases"][0]["expected"]["cycles"] = 7;
    const CaseFile file(json);
    const ProgramRun plain = file.check();
    CHECK(plain.exit_code == 1);
    CHECK(lastLine(plain.out) == "0 of 1 equal");
    CHECK(has(plain.out, "hand: RF Inputs fills_total: found 4, expected 5"));
    CHECK(has(plain.out, "hand: cycles: found 4, expected 7"));
    const ProgramRun run = file.check({"--json"});
    CHECK(run.exit_code == 1);
    const base::Json result = base::Json::parse(run.out);
    CHECK(result.at("equal") == 0);
    REQUIRE(result.at("differences").size() == 3);
    const base::Json expected = {{"case", "hand"},         {"level", "RF"}, {"tensor", "Inputs"},
                                 {"field", "fills_total"}, {"found", 4.0},  {"expected", 5.0}};
    bool listed = false;
    for (const base::Json& difference : result.at("differences")) listed |= difference == expected;
    CHECK_MESSAGE(listed, result.dump(2));
}

TEST_CASE("check: --explain derives the case, and an unknown one names the nearest") {
    const CaseFile file(handCase());
    const ProgramRun run = file.check({"--explain", "hand"});
    CHECK_MESSAGE(run.exit_code == 0, run.err);
    CHECK(has(run.out, "for M in [0:2)"));
    CHECK(has(run.out, "C 2 at DRAM does not move the tile: it stays (stationary)"));
    CHECK(has(run.out, "updates: arriving from below 4 = 4 words"));
    CHECK(has(run.out, "reads: 4 - 2 = 2 words"));
    CHECK(lastLine(run.out) == "1 of 1 equal");
    const base::Json json = base::Json::parse(file.check({"--explain", "hand", "--json"}).out);
    CHECK(json.at("explanation").at("case") == "hand");
    const ProgramRun unknown = file.check({"--explain", "hnad"});
    CHECK(unknown.exit_code == 2);
    CHECK(unknown.out.empty());
    CHECK(has(unknown.err, "did you mean \"hand\"?"));
}

TEST_CASE("check: hostile files are refused and never counted") {
    const TemporaryFolder folder;
    const fs::path bad = folder.path / "bad.json";
    const auto refused = [&](const std::string& content, const std::string& what, const std::string& message = "") {
        base::writeFileAtomic(bad, content);
        const ProgramRun run = runDna({"check", bad.string()});
        CHECK_MESSAGE(run.exit_code == 2, what << ": exit " << run.exit_code << "\n" << run.err << run.out);
        CHECK_MESSAGE(run.out.empty(), what);
        CHECK_MESSAGE(has(run.err, "bad.json"), what << "\n" << run.err);
        CHECK_MESSAGE(!has(run.err, "bug in DNA"), what << "\n" << run.err);
        CHECK_MESSAGE(has(run.err, message), what << "\n" << run.err);
    };
    const std::string good = handCase().dump(1);
    for (const char* content : {"", "[]", "12", "null", "{}", "not JSON", "{\"architectures\": {}, \"cases\": 3}"})
        refused(content, content);
    refused(good.substr(0, good.size() / 2), "truncated");
    refused(std::string(100000, '['), "deep");
    const auto changed = [&](const std::string& pointer, const base::Json& value, const std::string& message) {
        base::Json json = handCase();
        json[base::Json::json_pointer(pointer)] = value;
        refused(json.dump(1), pointer + " " + value.dump(), message);
    };
    const std::string one = "/cases/0", loop = one + "/loop_nest/0/loops_outer_to_inner/0";
    changed(one + "/layer/C", 3, "factors of C multiply to 2, the layer has 3");
    changed(one + "/layer/P", 0, "P");
    changed(one + "/layer/P", -1, "P");
    changed(one + "/layer/P", 1.5, "P");
    changed(one + "/layer/C", int64_t{1} << 53, "");
    changed(one + "/layer/Wstride", 0, "Wstride");
    changed(one + "/layer/T", 1, "T");
    changed(one + "/arch", "tony", "tony");
    changed(one + "/expected", 3, "expected");
    changed(one + "/keeps/RF", {"Wights"}, "Wights");
    changed(one + "/keeps/DRAM", {"Weights"}, "the outermost level must keep");
    changed(one + "/loop_nest/0/level", "SRAM", "SRAM");
    changed(loop + "/dim", "K", "dim");
    changed(loop + "/bound", 0, "bound");
    changed(loop + "/kind", "diagonal", "kind");
    changed("/architectures/tiny/levels_outer_to_inner", base::Json::array(), "");
    changed("/architectures/tiny/levels_outer_to_inner/0/energy_pJ_per_word/read", -1, "read");
    changed("/architectures/tiny/levels_outer_to_inner/1/instances", 4, "instances");
    CHECK(runDna({"check", (folder.path / "none.json").string()}).exit_code == 2);
    CHECK(runDna({"check", folder.path.string()}).exit_code == 2);
    CHECK(runDna({"check"}).exit_code == 2);
}

TEST_CASE("explain: what is written multiplies out to the counts, on random nests") {
    for (const char* name : {"flat3", "eyeriss_rs", "simple_os", "simple_ws"}) {
        const Architecture architecture =
            readArchitecture((kExamples / "architectures" / (name + std::string(".json"))).string());
        int forwarding = 0;
        for (uint64_t n = 0; n < 100; ++n) {
            base::Rng rng(7, name, n);
            const auto [problem, mapping] = randomNest(architecture, rng);
            REQUIRE(defects(problem, architecture, mapping).empty());
            CAPTURE(n);
            const std::string text = checkExplanation(problem, architecture, mapping, kTimeloop);
            forwarding += has(text, "find their words at a neighbour");
            checkExplanation(problem, architecture, mapping, kGads);
        }
        CHECK_MESSAGE(forwarding >= 2, std::string(name));
    }
}

TEST_CASE("explain: what is written multiplies out to the counts, on the reference cases") {
    const fs::path file = fs::path(DNA_SOURCE_DIR) / "../shared/reference/loopnest_cases.json";
    if (!fs::exists(file)) DNA_SKIP("reference cases are not here");
    const ReferenceCases all = readReferenceCases(file);
    for (const ReferenceCase& one : all.cases)
        for (const Convention& rules : {kTimeloop, kGads})
            checkExplanation(one.problem, all.architectures[one.architecture], one.mapping, rules);
    const ProgramRun run = runDna({"check", file.string()});
    CHECK_MESSAGE(run.exit_code == 0, run.out);
    CHECK(lastLine(run.out) == fmt::format("{0} of {0} equal", all.cases.size()));
}

TEST_CASE("explain: the arithmetic checker catches a wrong number") {
    CHECK(Arithmetic("C 16 x (rows 9 - 1) / 2").value() == 64);
    CHECK(Arithmetic("1,024 + 2 x 3 - 1.5").value() == 1028.5);
    CHECK(arithmeticOf("  reads: 2 x 3 = 6 words; a comment\nno arithmetic here\n").size() == 1);
    CHECK(numberText(1234567) == "1,234,567");
    CHECK(numberText(-1234.5) == "-1,234.5");
    CHECK(numberText(0) == "0");
    CHECK(numberText(999) == "999");
}

TEST_CASE("the example architectures equal the reference's") {
    const fs::path file = fs::path(DNA_SOURCE_DIR) / "../shared/reference/loopnest_cases.json";
    if (!fs::exists(file)) DNA_SKIP("reference cases are not here");
    for (const char* name : {"flat3", "eyeriss_rs", "simple_os", "simple_ws"}) {
        const Architecture example =
            readArchitecture((kExamples / "architectures" / (name + std::string(".json"))).string());
        const Architecture reference = readArchitecture(file.string() + "#" + name);
        CHECK(example.levels == reference.levels);
        CHECK(example.name == reference.name);
        CHECK(example.mac_mesh_x == reference.mac_mesh_x);
        CHECK(example.mac_mesh_y == reference.mac_mesh_y);
        CHECK(example.mac_energy_pj == reference.mac_energy_pj);
    }
}

TEST_CASE("layer lists: the examples are the published networks") {
    // multiply-accumulates of a 224x224 picture; ResNet-18 1.814e9 in 21 layers, MobileNetV2 300.8e6 in 53
    const auto total = [](const char* name, int64_t layers) {
        double sum = 0;
        int64_t count = 0;
        const LayerList list = readLayers(kExamples / "layers" / name);
        for (const CountedLayer& layer : list.layers) {
            sum += double(layer.count) * macs(layer.problem);
            count += layer.count;
            for (const CountedLayer& other : list.layers)
                CHECK((&layer == &other || !sameShape(layer.problem, other.problem)));
        }
        CHECK(count == layers);
        return sum;
    };
    CHECK(total("resnet18.json", 21) == 1814073344);
    CHECK(total("mobilenetv2.json", 53) == 300774272);
}

TEST_CASE("layer lists: every problem of a file is told") {
    const TemporaryFolder folder;
    const fs::path bad = folder.path / "bad.json";
    base::writeFileAtomic(bad, R"({"format": "dna.layers", "version": 1, "name": "n", "layers": [
        {"name": "a", "C": 0}, {"name": "a", "P": 1.5}, {"name": "b", "K": 3},
        {"name": "c", "C": 4000000000, "M": 4000000000}, {"count": 2}]})");
    try {
        readLayers(bad);
        FAIL("accepted");
    } catch (const base::InputError& error) {
        const std::string text = error.what();
        for (const char* part :
             {"/layers/0/C", "/layers/1/name", "/layers/1/P", "/layers/2/K", "2^53", "/layers/4/name"})
            CHECK_MESSAGE(has(text, part), text);
    }
}

TEST_CASE("layer lists: a network gives its convolutions and linear layers") {
    network::Node input{.name = "input"}, a{.name = "a", .op = network::Op::Conv2d}, b = a, d = a;
    input.shape = {4, 8, 8};
    a.out_channels = 4, a.kernel = 3, a.pad = 1;
    b = a, b.name = "b";
    d.name = "d", d.out_channels = 4, d.kernel = 3, d.pad = 1, d.stride = 2, d.groups = 4;
    const network::Node pool{.name = "pool", .op = network::Op::GlobalAveragePool};
    const network::Node fc{.name = "fc", .op = network::Op::Linear, .out_channels = 10};
    const network::Network net =
        network::makeNetwork("net", {input, a, b, d, pool, fc}, {{}, {"input"}, {"a"}, {"b"}, {"d"}, {"pool"}}, "test");
    const LayerList list = layersOf(net);
    REQUIRE(list.layers.size() == 3);
    CHECK(list.layers[0].count == 2);
    CHECK(list.layers[0].problem.bounds == PerDim<int64_t>{4, 4, 8, 8, 3, 3, 1, 1});
    CHECK(list.layers[1].problem.bounds == PerDim<int64_t>{1, 1, 4, 4, 3, 3, 1, 4});
    CHECK(list.layers[1].problem.stride_p == 2);
    CHECK(list.layers[2].problem.bounds == PerDim<int64_t>{4, 10, 1, 1, 1, 1, 1, 1});
    CHECK(list.skipped == std::vector<std::string>{"pool (global_average_pool)"});
}
