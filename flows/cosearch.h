#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"
#include "flows/cosearch_config.h"

namespace dna::flows {

/// `dna cosearch`: pictures, spaces and limits in; searched network, accelerator, verified Verilog and report out.
struct CosearchStage {
    CosearchConfig config;
    std::filesystem::path out;
    std::string mode = "joint";  ///< joint | network_first | hardware_first
    bool resume = false;
    int threads = 0;  ///< 0: all cores; results don't depend on it
    /// Stop after the named phase (empty: run all): search, training, quantization, das, emission, verification,
    /// synthesis.
    std::string until;
};

/// One run. Phases: search -> training -> quantization -> das -> emission -> verification -> synthesis -> report; a run
/// that was stopped at any moment continues where its checkpoint says and ends with the same files.
base::Json cosearchStage(const CosearchStage& options, base::Log& log);

/// One run per lambda in `out`/lambda-<value> and their summary in `out`/front.json.
base::Json cosearchFront(const CosearchStage& options, const std::vector<double>& lambdas, base::Log& log);

}  // namespace dna::flows
