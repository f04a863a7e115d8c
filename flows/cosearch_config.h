#pragma once

#include <filesystem>
#include <string>

#include "core/data/source.h"
#include "core/design/design.h"
#include "core/nn/integer/quantize.h"
#include "core/search/dns.h"
#include "flows/train.h"

namespace dna::flows {

/// A whole co-search as its file says it (`dna.search_config`): data, network space, recipes, target, checks.
struct CosearchConfig {
    std::string name = "cosearch";
    data::Source source;
    std::string space = "mini";
    std::string mode = "joint";                             ///< joint | network_first | hardware_first
    base::Json input_sha256 = base::Json::object();  ///< what a run's config.json says of its pictures
    uint64_t seed = 0;
    search::DnsOptions search;
    TrainRecipe training;
    nn::QuantizeOptions quantization;
    design::Target target;
    int final_das_evaluations = 2000;
    int verify_images = 16;
    int verify_stalled_images = 4;
    std::string platform = "osu018";
};

/// Reads a configuration; every missing key has a default. A data folder is looked for as written, then beside the
/// file. Throws InputError with every problem.
CosearchConfig readCosearchConfig(const std::filesystem::path& file);

/// Everything resolved, as it is written to a run's config.json, which is a configuration too.
base::Json toJson(const CosearchConfig& config);

}  // namespace dna::flows
