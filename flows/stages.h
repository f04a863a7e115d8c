#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/design/design.h"

namespace dna::flows {

/// Stages that turn a run folder with `network.json` + `weights.safetensors` (quantised) into hardware. Each reads and
/// writes files of the run folder only, so that it can be repeated alone; verbs and `cosearch` call the same functions.
/// Every stage returns the JSON that its verb prints with --json.

struct DasStage {
    std::filesystem::path network_json;
    design::Target target;
    std::filesystem::path out;  ///< gets design.json, mapping.json, cost.json, search.json
    std::string algorithm = "gumbel";
    int evaluations = 2000;
    uint64_t seed = 0;
};
base::Json dasStage(const DasStage& options, base::Log& log);

struct EstimateStage {
    std::filesystem::path network_json, design_json;
    std::optional<std::filesystem::path> mapping_json;
    design::Target target;
};
base::Json estimateStage(const EstimateStage& options, base::Log& log);

struct EmitStage {
    std::filesystem::path network_json, design_json;
    std::optional<std::filesystem::path> mapping_json;
    std::filesystem::path out;  ///< the rtl folder
};
base::Json emitStage(const EmitStage& options, base::Log& log);

struct CompileStage {
    std::filesystem::path chip;  ///< run folder or emitted folder
    std::filesystem::path network_json;
    std::optional<std::filesystem::path> mapping_json;
    std::filesystem::path out;  ///< program folder
};
/// The program of another network for a chip that is emitted already.
base::Json compileStage(const CompileStage& options, base::Log& log);

struct VerifyStage {
    std::filesystem::path folder;  ///< run folder or emitted folder
    std::optional<std::filesystem::path> program;  ///< folder of `compile`; default: the network the chip was emitted with
    int images = 16;
    int stalled_images = 4;  ///< of them with random AXI stalls (last ones)
    uint64_t stall_seed = 1;
    std::optional<std::filesystem::path> data;  ///< pictures: a set or its folder; default: the run's
    int processes = 2;
};
base::Json verifyStage(const VerifyStage& options, base::Log& log);

struct SynthStage {
    std::filesystem::path folder;  ///< run folder or emitted folder
    std::string platform = "osu018";
    std::optional<std::filesystem::path> pdk_root;
    std::optional<double>
        clock_mhz{};  ///< target clock; default: the model's when made for this platform, else the platform's
};
base::Json synthStage(const SynthStage& options, base::Log& log);

/// Writes report.html of a run folder; returns {"report": path}.
base::Json reportStage(const std::filesystem::path& run, base::Log& log);

}  // namespace dna::flows
