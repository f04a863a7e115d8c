#pragma once

#include <array>
#include <filesystem>
#include <optional>

#include "core/base/json.h"
#include "core/base/log.h"

namespace dna::flows {

/// `dna import`: an ONNX file -> N.json with weights.safetensors beside it.
struct ImportStage {
    std::filesystem::path model;
    std::filesystem::path out;                             ///< N.json
    std::optional<std::array<double, 3>> mean, deviation;  ///< of colours in [0, 1]
};
base::Json importStage(const ImportStage& options, base::Log& log);

/// `dna export`: N.json with weights.safetensors beside it -> an ONNX file.
struct ExportStage {
    std::filesystem::path network_json;
    std::filesystem::path onnx;
};
base::Json exportStage(const ExportStage& options, base::Log& log);

/// `dna infer`: logits of pictures by a float or integer network, from safetensors to safetensors.
struct InferStage {
    std::filesystem::path network_json;
    std::filesystem::path inputs;   ///< "pictures" (U8) or, of a float network, "input" (F32): [N, C, H, W]
    std::filesystem::path outputs;  ///< gets "logits" (F32): [N, classes]
    int threads = 0;                ///< 0: all cores
};
base::Json inferStage(const InferStage& options, base::Log& log);

}  // namespace dna::flows
