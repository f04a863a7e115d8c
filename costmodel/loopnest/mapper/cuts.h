#pragma once

#include <vector>

#include "costmodel/loopnest/evaluate.h"
#include "costmodel/loopnest/mapper/mapper.h"
#include "costmodel/loopnest/mapper/spatial.h"

namespace dna::costmodel::loopnest {

/// Traffic of one tensor between a level that keeps it and the next outer one that does.
struct Cut {
    Tensor tensor;
    int parent = 0, child = 1;
};

/// Everything about a layer on an architecture that no mapping changes.
struct MapSpace {
    MapSpace(const Problem& problem, const Architecture& architecture, const MapperOptions& options);

    const Problem& problem;
    const Architecture& architecture;
    const MapperOptions& options;
    double macs = 0;
    PerTensor<double> tensor_words{};  ///< words of each tensor that the MACs touch (no gaps of strides)
    std::vector<Cut> cuts;             ///< of all tensors
    PerTensor<int> innermost_kept;     ///< level that serves the MACs
    int levels() const { return architecture.levelCount(); }
    bool keeps(int l, Tensor t) const { return architecture.constraints[l].keeps[index(t)]; }
    /// Capacity that tiles of a level may take.
    double capacity(int l) const;
    /// Words of the tensors kept at `l` for a tile of these extents.
    double tileWordsKept(int l, PerDim<double> extent) const;
};

/// Energy and cycles of a (partial) mapping, as far as they are known or bounded from below. Words are per instance.
struct PartialCost {
    double energy_pj = 0;
    double compute_cycles = 0;
    std::array<double, kMaxLevels> reads{}, writes{};

    double cycles(const Architecture& architecture) const {
        double most = compute_cycles;
        for (int l = 0; l < architecture.levelCount(); ++l) {
            most = std::max(most, reads[l] / architecture.levels[l].read_bandwidth);
            most = std::max(most, writes[l] / architecture.levels[l].write_bandwidth);
        }
        return most;
    }
    double objective(const MapSpace& space) const {
        return space.options.objective.value(energy_pj, cycles(space.architecture));
    }
};

/// What the spatial factors alone decide.
struct SpatialGeometry {
    SpatialGeometry(const MapSpace& space, const SpatialChoice& choice);

    std::array<double, kMaxLevels + 1> instances;        ///< of each level; last: MACs
    std::array<PerTensor<double>, kMaxLevels> distinct;  ///< different tiles per fan-out; Inputs: at least
    double busy_cycles = 0;                              ///< MACs over PEs
    double compute_cycles = 0;  ///< time steps, at least: more than the above where ragged tiles leave PEs idle
};

/// Price of one word that a cut brings to one child instance, and what it does to the bandwidths.
struct CutRate {
    double energy_pj = 0;       ///< per word
    double offset_pj = 0;       ///< of first reads and fills that do not happen (negative)
    double parent_reads = 0;    ///< words a parent instance reads per word
    double parent_updates = 0;  ///< words a parent instance is given per word
    double child_fills = 0;     ///< words written into the child per word
    double parent_reads_offset = 0, child_fills_offset = 0;
    void add(double words, const Cut& cut, PartialCost& cost) const {
        cost.energy_pj += energy_pj * words + offset_pj;
        cost.reads[cut.parent] += parent_reads * words + parent_reads_offset;
        cost.writes[cut.parent] += parent_updates * words;
        cost.writes[cut.child] += child_fills * words + child_fills_offset;
    }
};
/// What neighbours leave for the sender to read of the inputs it sends: at least `share` of all words, and at least
/// `whole_tiles` tiles of every receiver in full (those that come with a step along an axis no neighbour can help
/// with).
struct Unforwarded {
    double share = 1;
    double whole_tiles = 0;
};
/// For the fan-out `hop` into level `child`, with the product of the temporal loops above it in every dimension and the
/// number of different tiles.
Unforwarded unforwarded(const MapSpace& space, const Factors& hop, int child, const PerDim<double>& temporal_above,
                        double distinct);

/// `distinct` is the product of the different tiles over the fan-outs between parent and child; the parent reads for
/// each of them `share` of the words, and `least_words` more, whatever is sent.
CutRate cutRate(const MapSpace& space, const SpatialGeometry& geometry, const Cut& cut, double distinct,
                double share = 1, double least_words = 0);

/// Words the MACs move at the innermost levels, and the MACs themselves. `inputs_distinct` as in cutRate, for the
/// fan-outs below the level that serves Inputs.
void addMacLevel(const MapSpace& space, const SpatialGeometry& geometry, double inputs_distinct, PartialCost& cost);

}  // namespace dna::costmodel::loopnest
