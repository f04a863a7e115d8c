#include "verif/simulation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/process.h"

namespace dna::verif {

namespace fs = std::filesystem;

const std::map<std::string, std::string_view>& resources();

std::string benchSource() { return std::string(resources().at("bench/bench.cpp")); }
std::string verilogBenchSource() { return std::string(resources().at("bench/bench.v")); }
std::string benchCounters() { return std::string(resources().at("bench/counters.cpp")); }

fs::path cacheFolder() {
    auto from = [](const char* variable) {
        const char* value = std::getenv(variable);
        return value != nullptr && *value != 0 ? fs::path(value) : fs::path();
    };
    if (const fs::path own = from("DNA_CACHE"); !own.empty()) return own;
    if (const fs::path xdg = from("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "dna";
    if (const fs::path home = from("HOME"); !home.empty()) return home / ".cache" / "dna";
    return fs::temp_directory_path() / "dna-cache";
}

namespace {

std::string hashOf(const rtlgen::Chip& chip, bool counters) {
    std::string all = fmt::format("counters {}\n", counters) + benchSource();
    for (const std::string& file : chip.order) all += "\n" + file + "\n" + chip.files.at(file);
    return base::sha256(all).substr(0, 24);
}

std::vector<SimulatedPicture> parse(const fs::path& file) {
    const base::Json json = base::Json::parse(base::readFile(file));
    std::vector<SimulatedPicture> pictures;
    for (const base::Json& p : json) {
        SimulatedPicture picture{p.at("image"), p.at("stalled"), {}};
        for (const base::Json& l : p.at("layers")) {
            SimulatedLayer layer{
                l.at("name"), l.at("done"), l.at("mismatches"), l.at("first"), l.at("found"), l.at("expected"), {}};
            for (size_t i = 0; i < layer.counters.size(); ++i) layer.counters[i] = l.at("counters").at(i);
            picture.layers.push_back(layer);
        }
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

/// Exit codes of the bench: 0 all equal, 1 mismatches (both give a result), others are errors.
std::vector<SimulatedPicture> runJob(const fs::path& simulator, const fs::path& vectors, const fs::path& result,
                                     const SimulationJob& job) {
    const base::ProcessResult run =
        base::runProcess({.command = {simulator.string(), vectors.string(), result.string(), std::to_string(job.first),
                                      std::to_string(job.count), std::to_string(job.stall_seed), std::to_string(job.bus_error)}});
    if (run.interrupted) throw base::Interrupted("the simulation was interrupted");
    if (run.exit_code > 1) throw base::ToolError("the simulation stopped: " + base::lastLines(run.output, 5));
    return parse(result);
}

}  // namespace

fs::path buildSimulator(const rtlgen::Chip& chip, bool counters, base::Log& log) {
    base::requireProgram("verilator");
    const fs::path folder = cacheFolder() / "verilator" / hashOf(chip, counters);
    if (fs::exists(folder / "Vdna_top")) return folder / "Vdna_top";
    const fs::path work = folder.string() + fmt::format(".{}", ::getpid());
    base::makeFolder(work / "rtl");
    log.info("Verilator: building the simulator");
    std::vector<std::string> command{"verilator",
                                     "--cc",
                                     "--exe",
                                     "--build",
                                     "-j",
                                     "2",
                                     "-O3",
                                     "--x-assign",
                                     "fast",
                                     "--x-initial",
                                     "fast",
                                     "--noassert",
                                     "+define+DNA_CHECKS",
                                     "-Wno-fatal",
                                     "--top-module",
                                     "dna_top",
                                     "-CFLAGS",
                                     fmt::format("-O2 -march=native -std=c++17 -DDNA_COUNTERS={}", counters ? 1 : 0),
                                     "--Mdir",
                                     "obj"};
    for (const std::string& file : chip.order) {
        base::writeFileAtomic(work / file, chip.files.at(file));
        command.push_back(file);
    }
    base::writeFileAtomic(work / "bench.cpp", benchSource());
    command.push_back("bench.cpp");
    base::runTool({.command = command, .folder = work});
    // Only the program is kept.
    const fs::path kept = folder.string() + fmt::format(".{}.done", ::getpid());
    base::makeFolder(kept);
    fs::rename(work / "obj" / "Vdna_top", kept / "Vdna_top");
    fs::remove_all(work);
    std::error_code taken;
    fs::rename(kept, folder, taken);
    if (taken) fs::remove_all(kept);  // another process was faster with the same bytes
    return folder / "Vdna_top";
}

std::vector<SimulatedPicture> simulate(const fs::path& simulator, const fs::path& vectors,
                                       const std::vector<SimulationJob>& jobs, int processes, base::Log& log) {
    std::vector<std::vector<SimulatedPicture>> results(jobs.size());
    std::atomic<size_t> next{0};
    std::atomic<size_t> finished{0};
    std::exception_ptr failure;
    std::mutex lock;
    auto work = [&] {
        for (size_t i = next++; i < jobs.size(); i = next++) {
            try {
                results[i] = runJob(simulator, vectors, vectors / fmt::format("result{}.json", i), jobs[i]);
            } catch (...) {
                const std::lock_guard guard(lock);
                if (!failure) failure = std::current_exception();
                return;
            }
            const std::lock_guard guard(lock);
            log.progress("simulation", double(++finished), double(jobs.size()));
        }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < processes; ++i) threads.emplace_back(work);
    work();
    for (std::thread& t : threads) t.join();
    if (failure) std::rethrow_exception(failure);
    std::vector<SimulatedPicture> all;
    for (auto& r : results) all.insert(all.end(), r.begin(), r.end());
    return all;
}

}  // namespace dna::verif
