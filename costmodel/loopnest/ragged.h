#pragma once

#include <optional>
#include <string>

#include "costmodel/loopnest/evaluate.h"

namespace dna::costmodel::loopnest {

/// Values of a nest whose factors need not divide the layer: of every dimension the last tile may be short. Counted
/// for conventions that fetch whole tiles (no sliding window, no forwarding, true last iterations), e.g. `kGads`.
struct RaggedEvaluation {
    int level_count = 0;
    /// Words of all instances together; `tile_words` is the largest tile of one instance. Exact.
    std::array<PerTensor<TensorCounts<double>>, kMaxLevels> totals;
    /// Words of the busiest instance: the first one of all spatial loops, as every tile of another one lies further on
    /// and is no larger. Fills of Outputs where one of each reducing group is refilled are shares, see
    /// `evaluateRagged`.
    std::array<PerTensor<TensorCounts<double>>, kMaxLevels> busiest;
    std::array<double, kMaxLevels> instances{};     ///< of a level that ever work
    std::array<double, kMaxLevels> level_cycles{};  ///< each level's own, were it alone with the MACs
    double macs = 0;                                ///< multiply-accumulates that are done
    double pes = 0;                                 ///< MACs that ever work
    double compute_cycles = 0;                      ///< time steps in which some MAC works
    double cycles = 0;                              ///< rounded up
    double energy_pj = 0;
    double edp() const { return energy_pj * cycles; }
};

/// Why a nest cannot be counted with ragged tiles: rules with sliding windows, forwarding or extrapolated last
/// iterations; a fan-out that spreads Inputs along one axis by two dimensions (P and R, or Q and S) of which one is
/// ragged. Nothing when it can.
std::optional<std::string> raggedDefect(const Problem& problem, const Architecture& architecture, const Nest& nest,
                                        const Convention& rules);

/// Counts, energy and cycles in closed form, O(loops) for each level and tensor; allocates nothing. The nest must have
/// passed `defects` with `LastTile::Ragged` and `raggedDefect`. With perfect factors the counts are those of `analyse`
/// (totals: times instances). No check of capacity.
///
/// When one of each reducing group is refilled, the members that are active share every refill evenly. The busiest
/// fills are the largest share, rounded up: whole words can always be handed out so that nobody gets more. It is exact,
/// but an upper bound where first reads are elided and a ragged reduced dimension is also spread above the group.
RaggedEvaluation evaluateRagged(const Problem& problem, const Architecture& architecture, const Nest& nest,
                                const Convention& rules);

/// Throws InputError naming the problem when a count exceeds 2^53 and so is not exact.
void checkExact(const RaggedEvaluation& evaluation, const Problem& problem);

/// The same values as averages over the instances that work.
Evaluation averages(const RaggedEvaluation& evaluation);

}  // namespace dna::costmodel::loopnest
