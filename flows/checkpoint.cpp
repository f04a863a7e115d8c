#include "flows/checkpoint.h"

#include <algorithm>

#include "core/autodiff/kernels/dispatch.h"
#include "core/base/file.h"

namespace dna::flows {

namespace {
constexpr const char* kState = "state";
constexpr const char* kRounding = "rounding";

std::string roundingOfKernels() { return autodiff::kernels<float>().fused ? "fused" : "separate"; }
}  // namespace

std::optional<CheckpointContent> Checkpoint::read() const {
    if (!std::filesystem::exists(file_)) return {};
    CheckpointContent content;
    content.tensors = nn::readSafetensors(file_);
    const auto found = content.tensors.find(kState);
    if (found == content.tensors.end())
        throw base::InputError(file_.string(), kState, "tensor is missing: not a checkpoint of dna");
    base::JsonDocument document = base::JsonDocument::parse(found->second.bytes, file_.string());
    content.state = document.json();
    const std::string rounding = content.state.value(kRounding, roundingOfKernels());
    if (rounding != roundingOfKernels() && !allow_drift_)
        throw base::InputError(file_.string(), kRounding,
                               "the run was computed with " + rounding +
                                   " rounding of products, this machine (or DNA_SIMD) rounds " + roundingOfKernels() +
                                   ": it would end with other files. Continue on a machine of the first kind, or pass "
                                   "--allow-drift");
    return content;
}

void Checkpoint::write(CheckpointContent content) {
    const auto began = std::chrono::steady_clock::now();
    base::makeFolder(file_.parent_path());
    content.state[kRounding] = roundingOfKernels();
    const std::string text = content.state.dump();
    content.tensors[kState] =
        nn::fromValues(std::vector<int8_t>(text.begin(), text.end()), {static_cast<int64_t>(text.size())});
    nn::writeSafetensors(file_, content.tensors);
    written_ = std::chrono::steady_clock::now();
    write_seconds_ = std::chrono::duration<double>(written_ - began).count();
}

bool Checkpoint::due(double seconds) const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - written_).count() >
           std::max(seconds, 20 * write_seconds_);
}

void appendTiming(const std::filesystem::path& run, const std::string& phase, double seconds, base::Json details) {
    base::Json line{{"phase", phase}, {"seconds", seconds}};
    line.update(details);
    base::appendLine(run / "timing.jsonl", line.dump());
}

void truncateFile(const std::filesystem::path& file, uint64_t bytes) {
    std::error_code error;
    const uint64_t size = std::filesystem::exists(file) ? std::filesystem::file_size(file) : 0;
    if (size < bytes)
        throw base::InputError(file.string(), "",
                               "is shorter than the checkpoint says (" + std::to_string(size) + " of " +
                                   std::to_string(bytes) + " bytes); start the run again in another folder");
    if (size == bytes) return;
    std::filesystem::resize_file(file, bytes, error);
    if (error) throw base::ToolError(file.string() + ": " + error.message());
}

}  // namespace dna::flows
