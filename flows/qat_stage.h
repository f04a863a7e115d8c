#pragma once

#include <filesystem>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/data/source.h"
#include "core/nn/integer/quantize.h"
#include "flows/train.h"
#include "flows/weight_widths.h"

namespace dna::flows {

/// Rates of a network that is trained already: it only has to get used to being rounded.
TrainRecipe qatRecipe();

/// `dna train --qat`: trained network -> integer network (`out`/network.json and weights.safetensors) whose weights were
/// trained on under rounding; resumable.
struct QatStage {
    std::filesystem::path network_json;  ///< with its weights beside it
    data::Source source;
    TrainRecipe recipe = qatRecipe();
    nn::QuantizeOptions quantization;
    WeightWidths weight_widths{};
    std::filesystem::path out;
    uint64_t seed = 0;
    int threads = 0;
    bool resume = false;
    bool allow_drift = false;  ///< go on although the kernels round differently now
    long stop_after = 0;
};
base::Json qatStage(const QatStage& options, base::Log& log);

}  // namespace dna::flows
