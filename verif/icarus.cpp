#include "verif/icarus.h"

#include <fmt/format.h>

#include <regex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/simulation.h"
#include "verif/scratch_files.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

/// The number of a line of program.txt: "dram 65536".
std::string fieldOf(const std::string& program, const std::string& name) {
    std::smatch match;
    DNA_CHECK(std::regex_search(program, match, std::regex(name + R"( (\d+))")), "program.txt has no " + name);
    return match[1];
}

IcarusRun read(const std::string& output) {
    static const std::regex layer(R"(picture \d+ layer \S+ cycles (-?\d+) mismatches \d+)");
    static const std::regex total(R"(\d+ pictures, (\d+) mismatches, (\d+) unknown values, (\d+) errors)");
    static const std::regex complaint(R"(bench: ([^\n]*))");
    IcarusRun run;
    for (auto it = std::sregex_iterator(output.begin(), output.end(), layer); it != std::sregex_iterator(); ++it)
        run.cycles.push_back(std::stoll((*it)[1]));
    std::smatch match;
    if (std::regex_search(output, match, complaint)) run.first = match[1];
    if (std::regex_search(output, match, total)) {
        run.mismatches = std::stoll(match[1]), run.unknown = std::stoll(match[2]), run.errors = std::stoll(match[3]);
    } else {
        run.errors = 1;
        if (run.first.empty()) run.first = base::lastLines(output, 1);
    }
    return run;
}

}  // namespace

IcarusRun simulateIcarus(const rtlgen::Chip& chip, const fs::path& folder, int pictures, uint64_t stall_seed) {
    std::vector<std::string> command{"iverilog", "-g2005", "-s", "bench", "-o", "bench.vvp"};
    const std::string program = base::readFile(folder / "vectors" / "program.txt");
    command.push_back("-Pbench.DRAM_BYTES=" + fieldOf(program, "dram"));
    command.push_back("-Pbench.BYTES=" + fieldOf(program, "beat"));
    writeScratch(folder / "bench.v", verilogBenchSource());
    command.push_back("bench.v");
    addFiles(chip, folder, command);
    const double compiling = base::runTool({.command = command, .folder = folder}).cpu_seconds;
    const base::ProcessResult result =
        base::runProcess({.command = {"vvp", "bench.vvp", fmt::format("+pictures={}", pictures),
                                      fmt::format("+stall={}", stall_seed & 0x7fffffff)},
                          .folder = folder,
                          .timeout_seconds = 3600});
    if (result.interrupted) throw base::Interrupted("the simulation was interrupted");
    IcarusRun run = read(result.output);
    run.seconds = compiling + result.cpu_seconds;
    return run;
}

}  // namespace dna::verif
