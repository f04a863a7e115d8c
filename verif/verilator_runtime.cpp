#include "verif/verilator_runtime.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/scratch_files.h"
#include "verif/simulation.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kRuntime{"verilated", "verilated_threads", "verilated_dpi", "verilated_cov"};

}  // namespace

fs::path verilatorInclude() {
    static const std::string root = [] {
        std::string text = base::runTool({.command = {"verilator", "--getenv", "VERILATOR_ROOT"}}).output;
        while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
        return text;
    }();
    return fs::path(root) / "include";
}

double ModelCompiler::compile(const fs::path& folder, const std::string& source, const std::string& object,
                              const std::vector<std::string>& options) const {
    std::vector<std::string> command;
    if (!base::findProgram("ccache").empty()) command.push_back("ccache");
    const fs::path include = verilatorInclude();
    command.insert(command.end(),
                   {"g++", optimize, "-std=c++17", "-w", "-I.", "-I" + include.string(),
                    "-I" + (include / "vltstd").string(), "-DVERILATOR=1", "-DVM_TRACE=0", "-DVM_TRACE_VCD=0",
                    "-DVM_TRACE_FST=0", "-DVM_SC=0", fmt::format("-DVM_COVERAGE={}", int(coverage))});
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"-c", source, "-o", object});
    return base::runTool({.command = command, .folder = folder}).cpu_seconds;
}

std::vector<fs::path> ModelCompiler::runtime() const {
    static std::mutex lock;
    const std::lock_guard guard(lock);
    const std::string key =
        base::sha256(base::readFile(verilatorInclude() / "verilated_config.h") + fmt::format("coverage {}", coverage));
    const fs::path folder = cacheFolder() / "verilator" / ("runtime-" + key.substr(0, 24));
    if (!fs::exists(folder)) {
        const fs::path work = folder.string() + fmt::format(".{}", ::getpid());
        base::makeFolder(work);
        for (const std::string& name : kRuntime)
            ModelCompiler{"-O2", coverage}.compile(work, (verilatorInclude() / (name + ".cpp")).string(), name + ".o");
        std::error_code taken;
        fs::rename(work, folder, taken);
        if (taken) fs::remove_all(work);  // another process was faster with the same bytes
    }
    std::vector<fs::path> objects;
    for (const std::string& name : kRuntime) objects.push_back(folder / (name + ".o"));
    return objects;
}

double ModelCompiler::link(const fs::path& folder, const std::vector<std::string>& objects,
                           const fs::path& program) const {
    std::vector<std::string> command{"g++"};
    command.insert(command.end(), objects.begin(), objects.end());
    for (const fs::path& object : runtime()) command.push_back(object.string());
    command.insert(command.end(), {"-pthread", "-latomic", "-o", program.string()});
    return base::runTool({.command = command, .folder = folder}).cpu_seconds;
}

void writeUnit(const fs::path& model, const std::string& more) {
    std::vector<std::string> sources;
    for (const auto& entry : fs::directory_iterator(model))
        if (entry.path().extension() == ".cpp") sources.push_back(entry.path().filename().string());
    std::sort(sources.begin(), sources.end());
    std::string unit;
    for (const std::string& source : sources) unit += "#include \"" + source + "\"\n";
    writeScratch(model / "unit.cc", unit + more);
}

}  // namespace dna::verif
