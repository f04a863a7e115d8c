#pragma once

#include <filesystem>
#include <string>

#include "core/base/json.h"
#include "flows/checkpoint.h"

namespace dna::flows {

/// The folder of a long run: `config.json` says what runs, the checkpoint how far it is. A run is never overwritten by
/// another one, and continued only with the configuration it began with.
class RunFolder {
public:
    /// Without `resume` the folder must be missing or empty; with it, it must hold a run of the same `config` (or
    /// nothing yet: the run was stopped before its first file). Left-over temporary files of a killed process are
    /// removed.
    RunFolder(const std::filesystem::path& folder, const base::Json& config, bool resume, bool allow_drift = false);

    const std::filesystem::path& path() const { return folder_; }
    Checkpoint& checkpoint() { return checkpoint_; }
    const Checkpoint& checkpoint() const { return checkpoint_; }

    /// Appends one line to search.jsonl.
    void record(const base::Json& line);
    uint64_t recordedBytes() const;
    /// Cuts search.jsonl back to what a checkpoint knows.
    void truncateRecords(uint64_t bytes);
    /// Removes what a stage that was interrupted left behind: it starts from nothing.
    void removeOutput(const std::filesystem::path& name);

private:
    std::filesystem::path folder_;
    Checkpoint checkpoint_;
};

/// Without the keys that hold times: what is left is the same in every run.
base::Json withoutTimes(base::Json json);

}  // namespace dna::flows
