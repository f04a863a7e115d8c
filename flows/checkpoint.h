#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "core/base/json.h"
#include "core/nn/safetensors.h"

namespace dna::flows {

/// The state of a long run in one file, `checkpoint/state.safetensors`: numbers as tensors, the rest as JSON text in
/// the tensor "state". One file, replaced by a rename, can't be half new.
struct CheckpointContent {
    base::Json state;
    nn::TensorMap tensors;
};

class Checkpoint {
public:
    /// A state records how the training kernels round ("fused" at 256 and 512 bits, "separate" at 128): to go on with the
    /// other rounding would end with other files, so it is refused unless `allow_drift`.
    explicit Checkpoint(const std::filesystem::path& run, bool allow_drift = false)
        : file_(run / "checkpoint" / "state.safetensors"), allow_drift_(allow_drift) {}

    const std::filesystem::path& file() const { return file_; }
    /// The last state written, if any. Throws InputError when the file is damaged or was computed with other rounding.
    std::optional<CheckpointContent> read() const;
    void write(CheckpointContent content);
    /// True when the last write is longer ago than `seconds`, and than 20 times what it took: large states are written
    /// less often.
    bool due(double seconds = 5) const;

private:
    std::filesystem::path file_;
    bool allow_drift_;
    std::chrono::steady_clock::time_point written_ = std::chrono::steady_clock::now();
    double write_seconds_ = 0;
};

/// Wall times go to timing.jsonl, the only file of a run that differs from one run to the next.
void appendTiming(const std::filesystem::path& run, const std::string& phase, double seconds,
                  base::Json details = base::Json::object());

/// Measures the wall time of a scope.
class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Lines of a file that belong to the run up to a checkpoint: `search.jsonl` is cut back to the bytes the checkpoint
/// knows.
void truncateFile(const std::filesystem::path& file, uint64_t bytes);

}  // namespace dna::flows
