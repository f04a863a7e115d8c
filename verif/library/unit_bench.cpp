#include "verif/library/unit_bench.h"

#include <fmt/format.h>

#include <regex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/scratch_files.h"
#include "verif/verilator_runtime.h"

namespace dna::verif {

namespace fs = std::filesystem;

/// Embedded files of verif.
const std::map<std::string, std::string_view>& resources();

namespace {

/// The module's parameters, as the bench has them, and the widths of its ports.
std::string parametersHeader(const std::string& verilog, const std::map<std::string, std::string>& set,
                             const std::string& model) {
    std::string text = "#pragma once\nnamespace parameter {\n";
    for (const auto& [name, value] : parametersOf(verilog)) {
        const auto given = set.find(name);
        const std::string& used = given == set.end() ? value : given->second;
        if (used.find('\'') == std::string::npos)  // sized constants are no C++
            text += fmt::format("constexpr int {} = {};\n", name, used);
    }
    text += "}\nnamespace width {\n";
    static const std::regex port(R"(VL_(?:IN|OUT)\w*\(&(\w+),(\d+),\d+)");
    for (auto it = std::sregex_iterator(model.begin(), model.end(), port); it != std::sregex_iterator(); ++it)
        text += fmt::format("constexpr int {} = {};\n", (*it)[1].str(), std::stoi((*it)[2]) + 1);
    return text + "}\n";
}

double verilate(const UnitBench& bench, const Library& library, const std::map<std::string, std::string>& set,
                const fs::path& folder, bool coverage) {
    fs::remove_all(folder);
    base::makeFolder(folder / "rtl");
    for (const std::string& module : modulesBelow(library, bench.module()))
        if (library.count("rtl/" + module + ".v") != 0)
            writeScratch(folder / "rtl" / (module + ".v"), library.at("rtl/" + module + ".v"));
    std::vector<std::string> command{"verilator",
                                     "--cc",
                                     "-O3",
                                     "--x-assign",
                                     "unique",
                                     "--x-initial",
                                     "unique",
                                     "--noassert",
                                     "-y",
                                     "rtl",
                                     "+define+DNA_CHECKS",
                                     "-Wno-fatal",
                                     "--top-module",
                                     bench.module(),
                                     "--prefix",
                                     "Vdut",
                                     "--Mdir",
                                     "obj"};
    for (const std::string& define : bench.harness.values("define")) command.push_back("+define+" + define);
    if (coverage) command.insert(command.end(), {"--coverage-line", "--coverage-toggle"});
    for (const auto& [name, value] : set) command.push_back("-G" + name + "=" + value);
    command.push_back("rtl/" + bench.module() + ".v");
    return base::runTool({.command = command, .folder = folder}).cpu_seconds;
}

/// Builds the program "bench" in the folder; the CPU time.
double build(const UnitBench& bench, const Library& library, const fs::path& folder, const UnitBuild& how) {
    const std::map<std::string, std::string> set = settings(bench.setting);
    double seconds = verilate(bench, library, set, folder, how.coverage);
    const fs::path model = folder / "obj";
    const std::string header = base::readFile(model / "Vdut.h");
    writeScratch(model / "parameters.h", parametersHeader(library.at("rtl/" + bench.module() + ".v"), set, header));
    writeScratch(model / "support.h", std::string(resources().at("library/unit/support.h")));
    writeScratch(model / "main.cc", bench.harness.text);
    writeUnit(model, "#include \"main.cc\"\n");
    const ModelCompiler compiler{how.optimize, how.coverage};
    seconds += compiler.compile(model, "unit.cc", "unit.o");
    seconds += compiler.link(model, {"unit.o"}, folder / "bench");
    fs::remove_all(model);
    return seconds;
}

/// What a bench that stopped says: an assertion of the library, or its last line.
std::string stop(const std::string& output) {
    const size_t place = output.find("%Error");
    return place == std::string::npos ? base::lastLines(output, 1)
                                      : output.substr(place, output.find('\n', place) - place);
}

/// The last lines of a bench: "first: ..." where something differs, "checks N mismatches M".
void read(const base::ProcessResult& run, Check& check) {
    static const std::regex result(R"(checks (\d+) mismatches (\d+))");
    static const std::regex first(R"(first: ([^\n]*))");
    std::smatch match;
    if (std::regex_search(run.output, match, result)) {
        check.checks = std::stoll(match[1]);
        check.failed = std::stoll(match[2]);
    }
    if (std::regex_search(run.output, match, first)) check.note = match[1];
    if (run.ok() && check.checks > 0) return;
    if (check.failed == 0) {
        check.failed = 1;
        check.checks = std::max<int64_t>(check.checks, 1);
        check.note = run.timed_out ? "no end in sight, stopped" : stop(run.output);
    }
}

}  // namespace

std::vector<UnitBench> unitBenches(bool full) {
    std::vector<UnitBench> out;
    for (const Harness& harness : harnesses("unit")) {
        for (const std::string& setting : harness.values("quick")) out.push_back({harness, setting});
        if (full)
            for (const std::string& setting : harness.values("full")) out.push_back({harness, setting});
    }
    return out;
}

Check runUnitBench(const UnitBench& bench, const Library& library, const LibraryOptions& options,
                   const fs::path& folder, const UnitBuild& how, double timeout_seconds) {
    Check check{.name = bench.name()};
    const double building = build(bench, library, folder, how);
    const fs::path program = folder / "bench";
    const base::ProcessResult run =
        base::runProcess({.command = {program.string(), options.full ? "1" : "0", std::to_string(options.seed)},
                          .folder = folder,
                          .timeout_seconds = timeout_seconds});
    if (run.interrupted) throw base::Interrupted("the unit benches were interrupted");
    check.seconds = building + run.cpu_seconds;
    read(run, check);
    if (check.failed == 0) fs::remove(program);
    return check;
}

}  // namespace dna::verif
