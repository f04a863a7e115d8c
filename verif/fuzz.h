#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "verif/fuzz_case.h"
#include "verif/fuzz_run.h"
#include "verif/pair_table.h"
#include "verif/quick_build.h"

namespace dna::verif {

struct FuzzOptions {
    int cases = 200;
    int designs = 0;  ///< 0: one for eight cases, at least 25
    uint64_t seed = 1;
    FuzzRange range;
    int threads = 2;
    int shrink_attempts = 150;                   ///< runs spent on the first failing case of a design
    std::filesystem::path work;                  ///< failing cases are written here; scratch files while it runs
    std::map<std::string, std::string> library;  ///< files that take the place of the library's ("rtl/dna_pe.v")
    QuickBuildOptions build;
    bool stop_at_first = false;  ///< end with the first failing design
};

struct FailingCase {
    int design = 0, number = 0;
    Verdict verdict;
    std::filesystem::path file;  ///< the shrunk case
};

struct FuzzResult {
    int cases = 0, designs = 0;
    int64_t mismatches = 0, writes_outside = 0, cycle_differences = 0, access_differences = 0;
    int stopped = 0;
    int64_t cycles = 0;  ///< predicted, of all pictures
    bool interrupted = false;  ///< only designs that were finished by then are counted
    std::vector<FailingCase> failing{};
    PairTable pairs{};
    bool passed() const { return failing.empty(); }
};

/// Random cases on random designs, RTL against the reference and the model. Case n stands on design n mod designs and
/// depends on (seed, n) alone: results do not depend on the threads. An interrupted run tells what it has.
FuzzResult fuzz(const FuzzOptions& options, base::Log& log);

/// One case from a file, on the RTL of its design. Where it fails and `shrunk` is given, that becomes the smallest case
/// found that fails too.
Verdict replay(const FuzzCase& fuzz_case, const FuzzOptions& options, FuzzCase* shrunk = nullptr);

/// Verilog files of a folder, as `FuzzOptions::library` wants them.
std::map<std::string, std::string> readLibrary(const std::filesystem::path& folder);

}  // namespace dna::verif
