#include "verif/quick_build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <mutex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/simulation.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

/// Scratch files: no need to reach the disk before the next one is written.
void writeScratch(const fs::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush()) throw base::ToolError("can't write " + file.string());
}

fs::path includeFolder() {
    static const std::string root = [] {
        std::string text = base::runTool({.command = {"verilator", "--getenv", "VERILATOR_ROOT"}}).output;
        while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
        return text;
    }();
    return fs::path(root) / "include";
}

std::vector<std::string> compiler(const std::string& optimize, bool coverage) {
    std::vector<std::string> command;
    if (!base::findProgram("ccache").empty()) command.push_back("ccache");
    command.insert(command.end(), {"g++", optimize, "-std=c++17", "-w", "-I.", "-I" + includeFolder().string(),
                                   "-I" + (includeFolder() / "vltstd").string(), "-DVERILATOR=1", "-DVM_TRACE=0",
                                   "-DVM_TRACE_VCD=0", "-DVM_TRACE_FST=0", "-DVM_SC=0",
                                   fmt::format("-DVM_COVERAGE={}", int(coverage)), "-DDNA_COUNTERS=2", "-c"});
    return command;
}

void compile(const fs::path& folder, std::vector<std::string> command, const std::string& source,
             const std::string& object) {
    command.insert(command.end(), {source, "-o", object});
    base::runTool({.command = command, .folder = folder});
}

const std::vector<std::string> kRuntime{"verilated", "verilated_threads", "verilated_dpi", "verilated_cov"};

/// Objects that all designs share, compiled against the model in `model`; they depend on its header alone.
fs::path sharedObjects(const fs::path& model, bool coverage) {
    static std::mutex lock;
    const std::lock_guard guard(lock);
    const std::string key =
        base::sha256(benchSource() + base::readFile(model / "Vdna_top.h") +
                     base::readFile(includeFolder() / "verilated_config.h") + fmt::format("coverage {}", coverage));
    const fs::path folder = cacheFolder() / "verilator" / ("shared-" + key.substr(0, 24));
    if (fs::exists(folder / "bench.o")) return folder;
    const fs::path work = folder.string() + fmt::format(".{}", ::getpid());
    base::makeFolder(work);
    writeScratch(work / "bench.cpp", benchSource());
    for (const std::string& name : kRuntime)
        compile(model, compiler("-O2", coverage), (includeFolder() / (name + ".cpp")).string(),
                (work / (name + ".o")).string());
    compile(model, compiler("-O2", coverage), (work / "bench.cpp").string(), (work / "bench.o").string());
    std::error_code taken;
    fs::rename(work, folder, taken);
    if (taken) fs::remove_all(work);  // another process was faster with the same bytes
    return folder;
}

void verilate(const rtlgen::Chip& chip, const fs::path& folder, const QuickBuildOptions& options) {
    base::makeFolder(folder / "rtl");
    std::vector<std::string> command{
        "verilator",          "--cc",       "-O3",          "--x-assign", "fast",   "--x-initial", "fast", "--noassert",
        "+define+DNA_CHECKS", "-Wno-fatal", "--top-module", "dna_top",    "--Mdir", "obj"};
    command.insert(command.end(), options.verilator.begin(), options.verilator.end());
    for (const std::string& file : chip.order) {
        writeScratch(folder / file, chip.files.at(file));
        command.push_back(file);
    }
    base::runTool({.command = command, .folder = folder});
}

/// One translation unit of all that Verilator wrote: headers are read once.
void writeUnit(const fs::path& model) {
    std::vector<std::string> sources;
    for (const auto& entry : fs::directory_iterator(model))
        if (entry.path().extension() == ".cpp") sources.push_back(entry.path().filename().string());
    std::sort(sources.begin(), sources.end());
    std::string unit;
    for (const std::string& source : sources) unit += "#include \"" + source + "\"\n";
    writeScratch(model / "unit.cc", unit + benchCounters());
}

}  // namespace

fs::path buildQuickSimulator(const rtlgen::Chip& chip, const fs::path& folder, const QuickBuildOptions& options) {
    base::requireProgram("verilator");
    const auto& flags = options.verilator;
    const bool coverage = std::any_of(flags.begin(), flags.end(),
                                      [](const std::string& flag) { return flag.rfind("--coverage", 0) == 0; });
    verilate(chip, folder, options);
    const fs::path model = folder / "obj";
    const fs::path shared = sharedObjects(model, coverage);
    writeUnit(model);
    compile(model, compiler(options.optimize, coverage), "unit.cc", "unit.o");
    std::vector<std::string> link{"g++", "unit.o", (shared / "bench.o").string()};
    for (const std::string& name : kRuntime) link.push_back((shared / (name + ".o")).string());
    link.insert(link.end(), {"-pthread", "-latomic", "-o", (folder / "Vdna_top").string()});
    base::runTool({.command = link, .folder = model});
    fs::remove_all(model);
    return folder / "Vdna_top";
}

}  // namespace dna::verif
