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
    bool resume = false;
    bool allow_drift = false;  ///< go on although the kernels round differently now
    int threads = 0;  ///< 0: all cores; results don't depend on it
    /// Iterations of the search and steps of the training that this call may take; then it stops with a checkpoint. 0:
    /// no bound.
    long stop_after = 0;
    /// Stop after the named phase (empty: run all): search, training, quantization, das, emission, verification,
    /// synthesis.
    std::string until;
};

/// One run. Phases: search -> training -> quantization -> das -> emission -> verification -> synthesis -> report; a run
/// that was stopped at any moment continues where its checkpoint says and ends with the same files.
base::Json cosearchStage(const CosearchStage& options, base::Log& log);

/// One run per lambda in `out`/lambda-<value> and their summary in `out`/front.json: accuracy and EDP of each, and
/// which are on the front.
base::Json cosearchFront(const CosearchStage& options, const std::vector<double>& lambdas, base::Log& log);

}  // namespace dna::flows
