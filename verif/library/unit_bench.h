#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "verif/library/harness.h"
#include "verif/library/stage.h"

namespace dna::verif {

/// A bench of one library module with one set of parameters.
struct UnitBench {
    Harness harness;      ///< verif/library/unit/<name>.cpp
    std::string setting;  ///< "BITS=8 DEPTH=4"
    const std::string& module() const { return harness.value("module"); }
    std::string name() const { return harness.name + (setting == "-" ? "" : " " + setting); }
};

/// All benches; those marked `full` in their head only when asked for.
std::vector<UnitBench> unitBenches(bool full);

struct UnitBuild {
    bool coverage = false;         ///< line and toggle coverage, written to coverage.dat
    std::string optimize = "-O1";  ///< of the C++ compiler
};

/// Builds the bench in `folder` and runs it there. A bench that stops (an assertion of the library, no progress within
/// `timeout_seconds`) has failed. Throws ToolError when Verilator does not take the module.
Check runUnitBench(const UnitBench& bench, const Library& library, const LibraryOptions& options,
                   const std::filesystem::path& folder, const UnitBuild& build = {}, double timeout_seconds = 600);

}  // namespace dna::verif
