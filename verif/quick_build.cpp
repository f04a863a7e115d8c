#include "verif/quick_build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/simulation.h"
#include "verif/scratch_files.h"
#include "verif/verilator_runtime.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kBenchOptions{"-DDNA_COUNTERS=2"};

/// The bench, compiled once against the model in `model`; it depends on the model's header alone.
fs::path sharedBench(const fs::path& model, bool coverage) {
    static std::mutex lock;
    const std::lock_guard guard(lock);
    const std::string key =
        base::sha256(benchSource() + base::readFile(model / "Vdna_top.h") +
                     base::readFile(verilatorInclude() / "verilated_config.h") + fmt::format("coverage {}", coverage));
    const fs::path file = cacheFolder() / "verilator" / ("bench-" + key.substr(0, 24) + ".o");
    if (fs::exists(file)) return file;
    base::makeFolder(file.parent_path());
    writeScratch(model / "bench.cpp", benchSource());
    ModelCompiler{"-O2", coverage}.compile(model, "bench.cpp", "bench.o", kBenchOptions);
    const fs::path work = file.string() + fmt::format(".{}", ::getpid());
    fs::copy_file(model / "bench.o", work, fs::copy_options::overwrite_existing);
    fs::rename(work, file);
    fs::remove(model / "bench.cpp");
    return file;
}

void verilate(const rtlgen::Chip& chip, const fs::path& folder, const QuickBuildOptions& options) {
    std::vector<std::string> command{
        "verilator",          "--cc",       "-O3",          "--x-assign", "fast",   "--x-initial", "fast", "--noassert",
        "+define+DNA_CHECKS", "-Wno-fatal", "--top-module", "dna_top",    "--Mdir", "obj"};
    command.insert(command.end(), options.verilator.begin(), options.verilator.end());
    addFiles(chip, folder, command);
    base::runTool({.command = command, .folder = folder});
}

}  // namespace

fs::path buildQuickSimulator(const rtlgen::Chip& chip, const fs::path& folder, const QuickBuildOptions& options) {
    base::requireProgram("verilator");
    const auto& flags = options.verilator;
    const bool coverage = std::any_of(flags.begin(), flags.end(),
                                      [](const std::string& flag) { return flag.rfind("--coverage", 0) == 0; });
    const ModelCompiler compiler{options.optimize, coverage};
    const fs::path model = folder / "obj";
    verilate(chip, folder, options);
    const fs::path bench = sharedBench(model, coverage);
    writeUnit(model, benchCounters());
    compiler.compile(model, "unit.cc", "unit.o", kBenchOptions);
    compiler.link(model, {"unit.o", bench.string()}, folder / "Vdna_top");
    fs::remove_all(model);
    return folder / "Vdna_top";
}

}  // namespace dna::verif
