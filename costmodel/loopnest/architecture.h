#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "costmodel/loopnest/problem.h"

namespace dna::costmodel::loopnest {

constexpr int kMaxLevels = 8;
constexpr double kUnlimited = std::numeric_limits<double>::infinity();

/// Price of one word of a memory level in pJ. A fill writes a word that comes from the parent, an update one from
/// below.
struct WordEnergy {
    double read_pj = 0, fill_pj = 0, update_pj = 0;
    bool operator==(const WordEnergy&) const = default;
};

/// One memory level. Instances are spread over mesh_x x mesh_y; the fan-out of a level is the ratio of its child's mesh
/// to its own. A level of kind fanout_only stores nothing.
struct MemoryLevel {
    std::string name;
    std::string kind = "scratchpad";  ///< dram | global_buffer | scratchpad | fanout_only
    int word_bits = 16;
    double capacity_words = kUnlimited;  ///< of one instance
    int mesh_x = 1, mesh_y = 1;
    double read_bandwidth = kUnlimited, write_bandwidth = kUnlimited;  ///< words per cycle of one instance
    WordEnergy energy;
    bool stores() const { return kind != "fanout_only"; }
    bool operator==(const MemoryLevel&) const = default;
};

/// What a mapper may do at one level. Loops listed at a level step the tiles of the level below.
struct LevelConstraint {
    PerTensor<bool> keeps = {true, true, true};  ///< tensors stored here
    PerDim<bool> temporal = {true, true, true, true, true, true, true, true};
    PerDim<bool> spatial_x = {true, true, true, true, true, true, true, true};
    PerDim<bool> spatial_y = {true, true, true, true, true, true, true, true};
    bool operator==(const LevelConstraint&) const = default;
};

/// A generic accelerator: memory levels outer to inner, then the MACs.
struct Architecture {
    std::string name;
    std::vector<MemoryLevel> levels;
    std::vector<LevelConstraint> constraints;  ///< one a level
    int mac_mesh_x = 1, mac_mesh_y = 1;
    double mac_energy_pj = 0;

    int levelCount() const { return static_cast<int>(levels.size()); }
    /// Fan-out of level `l` to level l + 1 (to the MACs for the innermost).
    int fanoutX(int l) const;
    int fanoutY(int l) const;
    /// Index of the level, or -1.
    int find(std::string_view name) const;
    bool operator==(const Architecture&) const = default;
};

/// Reads a `dna.architecture` file, or, as FILE#NAME, one architecture of a file of reference cases.
/// Throws InputError with every problem.
Architecture readArchitecture(const std::string& file_and_name);
/// One entry of `architectures` of a file of reference cases.
Architecture readReferenceArchitecture(base::JsonObject object, const std::string& name);
base::Json toJson(const Architecture& architecture);

}  // namespace dna::costmodel::loopnest
