#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"

namespace dna::verif {

/// One thing that was checked, e.g. one bench with one set of parameters, or one proof.
struct Check {
    std::string name{};
    int64_t checks = 0;  ///< comparisons made; 1 for a proof
    int64_t failed = 0;
    bool skipped = false;
    std::string note{};  ///< the first failure, the depth of a proof, why it was skipped
    double seconds = 0;  ///< CPU time of the tools it ran, where it is known
};

struct LibraryOptions {
    bool full = false;
    std::vector<std::string> only{};  ///< names of stages; empty: all
    uint64_t seed = 1;
    int threads = 2;
    std::map<std::string, std::string> files{};  ///< the library: "rtl/dna_pe.v" -> text
    std::filesystem::path work{};                ///< scratch files
};

/// What a stage gets: its options, and where its results go. `report` may be called from any thread.
struct StageContext {
    const LibraryOptions& options;
    std::filesystem::path work;  ///< a folder of its own
    base::Log& log;
    std::function<void(Check)> report;
};

/// One stage of the verification of the library (hardware.md section 4).
struct Stage {
    std::string name;
    int layer = 0;  ///< V0 to V11: the order they run in
    std::string summary;
    std::vector<std::string> programs;  ///< on the PATH, else the stage is skipped
    std::function<void(StageContext&)> run;
};

/// Each file of verif/library/stages adds one through `void register_<file>(StageRegistry&)`.
class StageRegistry {
public:
    void add(Stage stage) { stages_.push_back(std::move(stage)); }
    const std::vector<Stage>& stages() const { return stages_; }

private:
    std::vector<Stage> stages_;
};

/// Defined in the generated file that calls every register_<file>.
StageRegistry builtinStages();

struct StageResult {
    std::string name;
    int layer = 0;
    std::vector<Check> checks;
    double seconds = 0;  ///< CPU time of all it ran
    int64_t count() const;
    int64_t failed() const;
    int64_t skipped() const;  ///< checks that were not made because a tool is missing
};

struct LibraryResult {
    std::vector<StageResult> stages;
    int64_t failed() const;
    int64_t skipped() const;
};

/// Runs the wanted stages in the order of their layers; every check is a line in the log. Stages whose tools are
/// missing are skipped, with the package to install. Throws InputError for a stage that does not exist.
LibraryResult verifyLibrary(const LibraryOptions& options, const StageRegistry& stages, base::Log& log);

base::Json toJson(const LibraryResult& result);
std::string plainText(const LibraryResult& result);

}  // namespace dna::verif
