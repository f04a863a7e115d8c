#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/base/rng.h"
#include "core/design/design.h"
#include "core/mapping/mapping_file.h"
#include "core/mapping/program.h"
#include "core/network/network.h"

namespace dna::verif {

/// One experiment: everything that a run of the RTL depends on.
struct FuzzCase {
    design::Design design;
    network::Network network;         ///< without integers: they follow from `weights_seed`
    mapping::NetworkMapping mapping;  ///< one entry a layer
    uint64_t weights_seed = 0;
    uint64_t pictures_seed = 0;
    int pictures = 1;         ///< run one behind the other without a reset
    uint64_t stall_seed = 0;  ///< 0: the normative memory
};

/// The lowered layers; throws InputError when a mapping is not legal or the design can't hold the descriptors.
std::vector<mapping::LayerPlan> plansOf(const FuzzCase& fuzz_case);

/// Cases as files that replay: "dna.fuzz_case".
base::Json toJson(const FuzzCase& fuzz_case);
FuzzCase readFuzzCase(const std::filesystem::path& file);

/// How large the cases of a fuzz run are.
struct FuzzRange {
    int max_rows = 32, max_cols = 16;
    int64_t max_cycles = 60000;             ///< of a picture, by the model
    std::optional<design::Template> array{};  ///< designs of this template only
    bool rom = false;                         ///< designs may read their descriptors from a ROM
};

/// A random design that can run random networks, and a random case on it.
design::Design randomDesign(base::Rng& rng, const FuzzRange& range);
FuzzCase randomCase(const design::Design& design, base::Rng& rng, const FuzzRange& range);

}  // namespace dna::verif
