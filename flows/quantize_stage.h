#pragma once

#include <filesystem>
#include <optional>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/data/source.h"
#include "core/nn/integer/quantize.h"
#include "flows/weight_widths.h"

namespace dna::flows {

/// `dna quantize`: float network -> integer network (network.json and weights.safetensors in `out`).
struct QuantizeStage {
    std::filesystem::path network_json;
    std::optional<data::Source> source;  ///< calibration pictures and test set; none: random calibration
    nn::QuantizeOptions options;
    WeightWidths weight_widths{};
    std::filesystem::path out;
    uint64_t seed = 0;
    int threads = 0;
};
base::Json quantizeStage(const QuantizeStage& options, base::Log& log);

/// Post-training quantisation on the first pictures of a training set.
nn::IntegerNetwork quantizeOn(const data::PictureSet& training, network::TrainedNetwork& trained,
                              const nn::QuantizeOptions& options, autodiff::Workers& workers);

}  // namespace dna::flows
