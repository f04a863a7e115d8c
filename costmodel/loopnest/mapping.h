#pragma once

#include <array>
#include <string>
#include <vector>

#include "costmodel/loopnest/architecture.h"

namespace dna::costmodel::loopnest {

enum class LoopKind : uint8_t { Temporal, SpatialX, SpatialY };

/// One loop of a nest. T is int64_t in a mapping, double or a differentiable scalar in the analysis.
struct Loop {
    Dim dim = Dim::C;
    LoopKind kind = LoopKind::Temporal;
    int64_t bound = 1;
    bool operator==(const Loop&) const = default;
};

/// The loops of one level, outer to inner: temporal ones first, then the spatial ones that fan out to the level below.
/// Temporal loops at a level step tiles of the level below out of this level.
struct LevelLoops {
    PerTensor<bool> keeps = {true, true, true};  ///< tensors stored at this level; others pass it by
    std::vector<Loop> loops;
    bool operator==(const LevelLoops&) const = default;
};

/// Loop nest of one layer, levels outer to inner.
struct Mapping {
    std::vector<LevelLoops> levels;
    bool operator==(const Mapping&) const = default;
};

constexpr int kMaxLoops = 64;

/// A mapping as flat arrays for the analysis: loops outer to inner, those of bound 1 left out (they are invisible).
struct Nest {
    struct Entry {
        Dim dim;
        LoopKind kind;
        uint8_t level;
    };
    int level_count = 0;
    int loop_count = 0;
    std::array<Entry, kMaxLoops> loops;
    std::array<double, kMaxLoops> bounds;
    std::array<PerTensor<bool>, kMaxLevels> keeps{};
    std::array<uint8_t, kMaxLevels + 1> begin{};  ///< first loop of a level; begin[level_count] = loop_count
};

/// Flattens; the mapping must have passed `validate`.
Nest flatten(const Mapping& mapping);

/// Whether the last tile of a dimension may be short: factors then multiply to at least the layer's bound, and none is
/// larger than the tiles inside it need.
enum class LastTile : uint8_t { Full, Ragged };

/// What is wrong with a mapping for this problem and architecture, one sentence each, empty when nothing: factors that
/// do not multiply to the bounds, spatial loops wider than the fan-out, a tensor the outermost level does not keep,
/// loops or residency of fan-out points. Capacity is checked by `capacityExcess`.
std::vector<std::string> defects(const Problem&, const Architecture&, const Mapping&, LastTile last = LastTile::Full);

/// {"levels": [{"level", "keeps", "loops_outer_to_inner": [{"dim", "bound", "kind"}]}]}
base::Json toJson(const Architecture&, const Mapping&);
/// {"dim", "bound", "kind": temporal | spatial_X | spatial_Y}
Loop readLoop(base::JsonObject& object);
Mapping readMapping(base::JsonObject object, const Architecture&);
/// The nest as indented text, outer to inner, as people know it from Timeloop.
std::string drawNest(const Architecture&, const Mapping&);

}  // namespace dna::costmodel::loopnest
