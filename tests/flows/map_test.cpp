// `dna map` as a user meets it, spreadsheets and energy tables.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/network/space.h"
#include "costmodel/loopnest/tables.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"

using namespace dna;
using namespace dna::costmodel::loopnest;
namespace fs = std::filesystem;

namespace {

const fs::path kExamples = fs::path(DNA_SOURCE_DIR) / "examples";
std::string architectureFile(const std::string& name) {
    return (kExamples / "architectures" / (name + ".json")).string();
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Two layers of equal shape, a small convolution and a fully connected layer.
constexpr const char* kLayers = R"({"format": "dna.layers", "version": 1, "name": "small", "layers": [
    {"name": "a", "count": 2, "C": 8, "M": 8, "P": 8, "Q": 8, "R": 3, "S": 3},
    {"name": "again", "C": 8, "M": 8, "P": 8, "Q": 8, "R": 3, "S": 3},
    {"name": "fc", "C": 64, "M": 10}]})";

struct Inputs {
    TemporaryFolder folder;
    std::string layers = write("layers.json", kLayers);
    std::string write(const std::string& name, const std::string& text) const {
        base::writeFileAtomic(folder.path / name, text);
        return (folder.path / name).string();
    }
    std::string path(const std::string& name) const { return (folder.path / name).string(); }
    ProgramRun map(std::vector<std::string> more,
                   const std::string& architecture = architectureFile("simple_ws")) const {
        std::vector<std::string> command{"map", "--layers", layers, "--architecture", architecture};
        command.insert(command.end(), more.begin(), more.end());
        return runDna(command);
    }
};

/// A report without the only numbers that differ from run to run.
base::Json withoutTimes(const std::string& report) {
    base::Json json = base::Json::parse(report);
    for (base::Json& layer : json["layers"]) layer.erase("cpu_seconds");
    return json;
}

std::vector<std::vector<std::string>> rowsOf(const std::string& csv) {
    std::vector<std::vector<std::string>> rows(1);
    std::string field;
    bool quoted = false;
    for (size_t i = 0; i < csv.size(); ++i) {
        if (quoted && csv[i] == '"' && csv[i + 1] == '"')
            field += csv[i++];
        else if (csv[i] == '"')
            quoted = !quoted;
        else if (!quoted && csv[i] == ',')
            rows.back().push_back(std::exchange(field, ""));
        else if (!quoted && csv[i] == '\r')
            continue;
        else if (!quoted && csv[i] == '\n') {
            rows.back().push_back(std::exchange(field, ""));
            rows.emplace_back();
        } else
            field += csv[i];
    }
    CHECK(rows.back().empty());
    rows.pop_back();
    return rows;
}

std::string refusal(const std::string& yaml, const std::string& architecture = "flat3") {
    const TemporaryFolder folder;
    base::writeFileAtomic(folder.path / "ERT.yaml", yaml);
    Architecture changed = readArchitecture(architectureFile(architecture));
    const Architecture before = changed;
    try {
        applyEnergyTable(folder.path / "ERT.yaml", changed);
    } catch (const base::InputError& error) {
        CHECK(changed == before);
        return error.what();
    }
    return "";
}

constexpr const char* kTable = R"(ERT:
    version: '0.4'
    tables:
      - name: system_top_level.DRAM[1..1]
        actions:
          - {name: read, arguments: {global_cycle_seconds: 1e-09}, energy: 512.0}
          - {name: write, arguments: {}, energy: 500.0}
          - {name: update, arguments: {}, energy: 510.0}
          - {name: leak, arguments: {}, energy: 0.0}
      - name: system_top_level.GLB[1..1]
        actions:
          - {name: read, arguments: {data_delta: 0}, energy: 1.5}
          - {name: read, arguments: {data_delta: 1}, energy: 18.25}
          - {name: write, arguments: {}, energy: 14.125}
      - name: system_top_level.PE[1..256].RF
        actions:
          - {name: read, energy: 0.5}
          - {name: fill, energy: 0.25}
          - {name: update, energy: 0.75}
          - {name: write, energy: 9}
      - name: system_top_level.mac[1..256]
        actions:
          - {name: compute, arguments: {}, energy: 0.207692}
      - name: system_top_level.router[1..256]
        actions:
          - {name: transfer, arguments: {}, energy: 0.1}
)";

std::string changedTable(const std::string& from, const std::string& to) {
    std::string text = kTable;
    REQUIRE(has(text, from));
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("map: every layer gets its best mapping with proof") {
    const Inputs inputs;
    const ProgramRun plain = inputs.map({"--draw", "fc"});
    REQUIRE_MESSAGE(plain.exit_code == 0, plain.err);
    CHECK(has(plain.out, "3 of 3 layers proven optimal for edp"));
    CHECK(has(plain.out, "(Spatial-X)"));
    const ProgramRun run = inputs.map({"--json"});
    const base::Json json = base::Json::parse(run.out);
    CHECK(json.at("format") == "dna.map_report");
    double energy = 0, cycles = 0, edp = 0;
    for (const base::Json& layer : json.at("layers")) {
        CHECK(layer.at("optimal") == true);
        CHECK(layer.at("stopped_by") == "proof");
        CHECK(layer.at("bound") == layer.at("objective"));
        CHECK(layer.at("objective").get<double>() ==
              doctest::Approx(layer.at("energy_pj").get<double>() * layer.at("cycles").get<double>()));
        CHECK(layer.at("mapping").at("levels").size() == 4);
        const double count = layer.at("count").get<double>();
        energy += count * layer.at("energy_pj").get<double>();
        cycles += count * layer.at("cycles").get<double>();
        edp += count * layer.at("edp").get<double>();
    }
    CHECK(json.at("totals").at("energy_pj").get<double>() == doctest::Approx(energy));
    CHECK(json.at("totals").at("cycles").get<double>() == cycles);
    CHECK(json.at("totals").at("sum_layer_edp").get<double>() == doctest::Approx(edp));
    CHECK(json.at("layers")[0].at("mapping") == json.at("layers")[1].at("mapping"));
    CHECK(json.at("layers")[1].at("cpu_seconds") == 0);
}

TEST_CASE("map: the number of threads changes nothing, other objectives do better at what they ask for") {
    const Inputs inputs;
    const auto report = [&](std::vector<std::string> more) {
        more.push_back("--json");
        const ProgramRun run = inputs.map(more);
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        return withoutTimes(run.out);
    };
    const base::Json edp = report({});
    CHECK(report({"--threads", "2"}) == edp);
    const base::Json energy = report({"--objective", "energy"}), latency = report({"--objective", "latency"});
    const base::Json weighted = report({"--objective", "energy+w*latency", "--weight", "1000"});
    const auto of = [](const base::Json& json, const char* what) { return json.at("totals").at(what).get<double>(); };
    CHECK(of(energy, "energy_pj") <= of(edp, "energy_pj"));
    CHECK(of(latency, "cycles") <= of(edp, "cycles"));
    CHECK(of(edp, "sum_layer_edp") <= of(energy, "sum_layer_edp") * (1 + 1e-12));
    CHECK(of(edp, "sum_layer_edp") <= of(latency, "sum_layer_edp") * (1 + 1e-12));
    CHECK(of(weighted, "energy_pj") + 1000 * of(weighted, "cycles") <=
          (of(edp, "energy_pj") + 1000 * of(edp, "cycles")) * (1 + 1e-12));
    CHECK(weighted.at("weight") == 1000);
}

TEST_CASE("map: network EDP is the least product of the sums") {
    const Inputs inputs;
    const auto edp = [&](std::vector<std::string> more) {
        more.push_back("--json");
        const ProgramRun run = inputs.map(more);
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        const base::Json json = base::Json::parse(run.out);
        return json.at("totals").at("edp").get<double>();
    };
    const double best = edp({"--objective", "network-edp"});
    for (const char* objective : {"edp", "energy", "latency"})
        CHECK(best <= edp({"--objective", objective}) * (1 + 1e-12));
    const base::Json json = base::Json::parse(inputs.map({"--objective", "network-edp", "--json"}).out);
    CHECK(json.at("objective") == "network-edp");
    for (const char* weight : {"0.5", "1", "2"})  // no other weight does better either
        CHECK(best <= edp({"--objective", "energy+w*latency", "--weight",
                           std::to_string(json.at("weight").get<double>() * std::stod(weight))}) *
                          (1 + 1e-12));
    CHECK(inputs.map({"--objective", "network-edp", "--budget-seconds", "5"}).exit_code == 2);
}

TEST_CASE("map: what it writes, check reads") {
    const Inputs inputs;
    for (const char* convention : {"timeloop", "gads"}) {
        const ProgramRun run = inputs.map({"--convention", convention, "--out", inputs.path("nests.json"), "--csv",
                                           inputs.path("counts.csv"), "--explain", "a"});
        REQUIRE_MESSAGE(run.exit_code == 0, run.err);
        const ProgramRun check =
            runDna({"check", inputs.path("nests.json"), "--explain", "a", "--csv", inputs.path("again.csv")});
        CHECK_MESSAGE(check.exit_code == 0, check.out << check.err);
        CHECK(has(check.out, "3 of 3 equal"));
        // The derivation is the same, and so are the counts but for how often the network has the layer.
        const std::string derivation = check.out.substr(0, check.out.find("3 of 3 equal") - 1);
        CHECK(has(run.out, derivation));
        auto mapped = rowsOf(base::readFile(inputs.path("counts.csv"))),
             checked = rowsOf(base::readFile(inputs.path("again.csv")));
        REQUIRE(mapped.size() == checked.size() + 1);
        CHECK(mapped.back()[3] == "total");
        mapped.pop_back();
        for (auto* rows : {&mapped, &checked})
            for (auto& row : *rows) {
                CHECK(row.size() == 14);
                row[1].clear();
            }
        CHECK(mapped == checked);
    }
}

TEST_CASE("map: ragged tiles are never worse than perfect ones, and check reads them") {
    const Inputs in;
    const std::string layers = in.write("odd.json", R"({"format": "dna.layers", "version": 1, "name": "odd", "layers": [
        {"name": "odd", "C": 7, "M": 11, "P": 13, "Q": 5, "R": 3, "S": 3}]})");
    const auto run = [&](std::vector<std::string> more) {
        std::vector<std::string> command{
            "map",    "--layers",     layers, "--architecture", architectureFile("simple_os"),
            "--json", "--convention", "gads"};
        command.insert(command.end(), more.begin(), more.end());
        const ProgramRun done = runDna(command);
        REQUIRE(done.exit_code == 0);
        return base::Json::parse(done.out).at("layers").at(0);
    };
    const base::Json perfect = run({}), ragged = run({"--ragged", "--out", in.path("nests.json")});
    CHECK(ragged.at("optimal") == true);
    CHECK(ragged.at("edp").get<double>() < perfect.at("edp").get<double>());
    const ProgramRun check = runDna({"check", in.path("nests.json")});
    CHECK(check.exit_code == 0);
    CHECK(has(check.out, "1 of 1 equal"));
    const ProgramRun refused = in.map({"--ragged"});
    CHECK(refused.exit_code == 2);
    CHECK(has(refused.err, "--convention gads"));
}

TEST_CASE("map: samplers repeat themselves, count what they reject, and prove nothing") {
    const Inputs in;
    const base::Json best = base::Json::parse(in.map({"--json"}).out);
    for (const char* algorithm : {"random", "random_pruned", "evolution"}) {
        const std::vector<std::string> options{"--json", "--algorithm", algorithm, "--evaluations",
                                               "200",    "--seed",      "3"};
        const ProgramRun first = in.map(options);
        REQUIRE(first.exit_code == 0);
        CHECK(withoutTimes(first.out) == withoutTimes(in.map(options).out));
        const base::Json report = base::Json::parse(first.out);
        for (size_t i = 0; i < report.at("layers").size(); ++i) {
            const base::Json& layer = report.at("layers").at(i);
            int64_t rejected = 0;
            for (const auto& [reason, count] : layer.at("rejected").items()) rejected += count.get<int64_t>();
            CHECK(rejected + layer.at("evaluated").get<int64_t>() == layer.at("drawn").get<int64_t>());
            CHECK(layer.at("optimal") == false);
            CHECK(layer.at("edp").get<double>() >= best.at("layers").at(i).at("edp").get<double>() * (1 - 1e-12));
        }
    }
}

TEST_CASE("map: layers that cannot be mapped say why") {
    const Inputs inputs;
    std::string text = base::readFile(architectureFile("flat3"));
    text.replace(text.find("128,"), 3, "2");
    const std::string small = inputs.write("small.json", text);
    const ProgramRun plain = inputs.map({}, small);
    CHECK_MESSAGE(plain.exit_code == 1, plain.err);
    CHECK(has(plain.out, "infeasible because RF holds 2 words; tiles need 3"));
    const ProgramRun run = inputs.map({"--json", "--out", inputs.path("nests.json")}, small);
    CHECK(run.exit_code == 1);
    const base::Json json = base::Json::parse(run.out);
    CHECK(json.at("layers")[0].at("mapping").is_null());
    CHECK(has(json.at("layers")[0].at("infeasible"), "1 over"));
}

TEST_CASE("map: a small budget gives a bound, not a wrong proof") {
    const Inputs inputs;
    const base::Json best = base::Json::parse(inputs.map({"--json"}, architectureFile("flat3")).out);
    for (const std::vector<std::string>& budget : std::vector<std::vector<std::string>>{
             {"--work", "1"}, {"--work", "1000"}, {"--budget-seconds", "0.001"}, {"--gap", "0.5"}}) {
        std::vector<std::string> more = budget;
        more.push_back("--json");
        const base::Json json = base::Json::parse(inputs.map(more, architectureFile("flat3")).out);
        for (size_t i = 0; i < 3; ++i) {
            const base::Json &found = json.at("layers")[i], &optimum = best.at("layers")[i];
            CHECK(found.at("bound").get<double>() <= optimum.at("objective").get<double>() * (1 + 1e-12));
            if (found.at("mapping").is_null()) continue;
            CHECK(found.at("objective").get<double>() >= optimum.at("objective").get<double>() * (1 - 1e-12));
            if (found.at("optimal") == true) CHECK(found.at("objective") == optimum.at("objective"));
        }
    }
}

TEST_CASE("map: networks, and architectures of a file of reference cases") {
    const Inputs inputs;
    const network::NetworkSpace space = network::readSpace("micro");
    const fs::path file = inputs.folder.path / "network.json";
    base::writeJson(file, network::toJson(network::buildNetwork(space, std::vector<int>(space.blocks.size(), 2), "n")));
    base::Json cases;
    cases["architectures"]["ws"] = base::Json::parse(base::readFile(architectureFile("simple_ws")));
    base::writeJson(inputs.folder.path / "cases.json", cases);
    const ProgramRun run = runDna(
        {"map", "--network", file.string(), "--architecture", inputs.path("cases.json") + "#ws", "--work", "100000"});
    CHECK_MESSAGE(run.exit_code == 0, run.err);
    CHECK(has(run.err, "constraints written in words are not applied"));
    CHECK(has(run.err, "not mapped, no multiply-accumulates"));
    const ProgramRun unknown =
        runDna({"map", "--network", file.string(), "--architecture", inputs.path("cases.json") + "#wss"});
    CHECK(unknown.exit_code == 2);
    CHECK(has(unknown.err, "did you mean \"ws\"?"));
}

TEST_CASE("map: wrong options and files are refused") {
    const Inputs inputs;
    const auto refused = [](const ProgramRun& run, const std::string& message) {
        CHECK_MESSAGE(run.exit_code == 2, run.err);
        CHECK_MESSAGE(run.out.empty(), run.out);
        CHECK_MESSAGE(has(run.err, message), run.err);
        CHECK_MESSAGE(!has(run.err, "bug in DNA"), run.err);
    };
    refused(runDna({"map"}), "--architecture");
    refused(runDna({"map", "--architecture", architectureFile("flat3")}), "exactly one");
    refused(inputs.map({"--network", inputs.layers}), "exactly one");
    refused(inputs.map({"--objective", "area"}), "area");
    refused(inputs.map({"--objective", "energy+w*latency"}), "weight");
    refused(inputs.map({"--weight", "3"}), "--weight");
    refused(inputs.map({"--objective", "energy+w*latency", "--weight", "-1"}), "--weight");
    refused(inputs.map({"--objective", "energy+w*latency", "--weight", "nan"}), "--weight");
    refused(inputs.map({"--draw", "fcc"}), "did you mean \"fc\"?");
    refused(inputs.map({"--explain", "conv"}), "no layer \"conv\"");
    refused(inputs.map({"--work", "0"}), "--work");
    refused(inputs.map({"--convention", "maestro"}), "maestro");
    refused(inputs.map({}, inputs.layers), "layers.json");
    refused(inputs.map({}, inputs.path("none.json")), "none.json");
    refused(inputs.map({"--energy-table", inputs.layers}), "layers.json");
    CHECK(inputs.map({"--csv", inputs.layers + "/x.csv"}).exit_code == 3);
}

TEST_CASE("energy tables: prices of an Accelergy table replace the architecture's") {
    const Inputs inputs;
    const std::string table = inputs.write("ERT.yaml", kTable);
    Architecture architecture = readArchitecture(architectureFile("flat3"));
    const std::vector<std::string> unused = applyEnergyTable(table, architecture);
    CHECK(unused == std::vector<std::string>{"system_top_level.router[1..256]"});
    CHECK(architecture.levels[0].energy == WordEnergy{512, 500, 510});
    CHECK(architecture.levels[1].energy == WordEnergy{18.25, 14.125, 14.125});
    CHECK(architecture.levels[2].energy == WordEnergy{0.5, 0.25, 0.75});
    CHECK(architecture.mac_energy_pj == 0.207692);
    const ProgramRun run = inputs.map({"--energy-table", table, "--json"}, architectureFile("flat3"));
    CHECK_MESSAGE(run.exit_code == 0, run.err);
    CHECK(has(run.err, "system_top_level.router"));
    const base::Json plain = base::Json::parse(inputs.map({"--json"}, architectureFile("flat3")).out);
    CHECK(base::Json::parse(run.out).at("totals").at("energy_pj") != plain.at("totals").at("energy_pj"));
}

TEST_CASE("energy tables: what is wrong is told with its place") {
    CHECK(refusal(kTable).empty());
    CHECK(has(refusal("ERT: [a"), "line"));
    CHECK(has(refusal(""), "ERT"));
    CHECK(has(refusal("- 1"), "ERT"));
    CHECK(has(refusal("ERT: 3"), "ERT"));
    CHECK(has(refusal("ERT: {version: 0.4}"), "tables"));
    CHECK(has(refusal(changedTable("'0.4'", "'0.2'")), "expected 0.3 or 0.4, found 0.2"));
    CHECK(has(refusal(changedTable(".GLB[1..1]", ".GLBB[1..1]")),
              "no table for GLB of architecture flat3; did you mean \"GLBB\"?"));
    CHECK(refusal(changedTable(".mac[1..256]", ".alu")).empty());  // the only one that computes
    CHECK(has(refusal(changedTable("name: compute", "name: idle")), "no action for a MAC"));
    CHECK(has(refusal(changedTable("{name: read, energy: 0.5}", "{name: reed, energy: 0.5}")), "no action for read"));
    CHECK(has(refusal(changedTable("energy: 14.125", "energy: -14.125")), "at least 0 pJ, found -14.125"));
    CHECK(has(refusal(changedTable("energy: 14.125", "energy: lots")), "found lots"));
    CHECK(has(refusal(changedTable("energy: 14.125", "energy: .nan")), "found .nan"));
    CHECK(has(refusal(changedTable("energy: 14.125", "energy: .inf")), "found .inf"));
    CHECK(has(refusal(changedTable("energy: 14.125", "energie: 14.125")), "energy is missing"));
    CHECK(has(refusal(changedTable("data_delta: 0", "data_delta: 1")), "twice with the same arguments"));
    CHECK(has(refusal(changedTable("system_top_level.router", "system_top_level.GLB")), "a second table for GLB"));
    CHECK(has(refusal(changedTable("energy: 14.125", "energy: 14.125, energy: 2")), "energy"));
    CHECK(has(refusal(changedTable("name: system_top_level.mac[1..256]", "title: mac")), "without a name"));
    // several at once
    std::string many = changedTable("energy: 14.125", "energy: -1");
    many.replace(many.find("energy: 512.0"), 13, "energy: -2   ");
    const std::string text = refusal(many);
    CHECK(has(text, "found -1"));
    CHECK(has(text, "found -2"));
    CHECK(has(refusal(std::string(100000, '[')), "ERT.yaml"));
}

TEST_CASE("spreadsheets: fields are quoted as RFC 4180 wants, words and energies add up") {
    Architecture architecture = readArchitecture(architectureFile("flat3"));
    Problem problem;
    problem.bounds[index(Dim::C)] = 4;
    Mapping mapping;
    mapping.levels.resize(3);
    mapping.levels[0].loops = {{Dim::C, LoopKind::Temporal, 4}};
    const Evaluation found = evaluate(problem, architecture, flatten(mapping), kTimeloop);
    Spreadsheet sheet;
    sheet.add("a \"b\", c\nd", 3, architecture, mapping, found);
    sheet.addTotal("=all");
    const auto rows = rowsOf(sheet.text());
    REQUIRE(rows.size() == 1 + 3 * 3 + 2 + 1);
    CHECK(rows[1][0] == "a \"b\", c\nd");
    CHECK(has(sheet.text(), "\"a \"\"b\"\", c\nd\",3,flat3,DRAM,Weights,4,1,4,0,0,,512,"));
    double energy = 0;
    for (size_t i = 1; i <= 10; ++i) energy += std::stod(rows[i][11]);
    CHECK(energy == doctest::Approx(found.energy_pj));
    CHECK(std::stod(rows[11][11]) == found.energy_pj);
    CHECK(std::stod(rows[12][11]) == 3 * found.energy_pj);
    CHECK(std::stod(rows[12][13]) == doctest::Approx(9 * found.edp()));
}
