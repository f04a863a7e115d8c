#pragma once

#include <optional>
#include <string>

#include "costmodel/loopnest/analysis.h"

namespace dna::costmodel::loopnest {

/// Bandwidths and prices as scalars that gradients may run through.
template <class T>
struct Rates {
    struct Level {
        T read_bandwidth = kUnlimited, write_bandwidth = kUnlimited;  ///< words per cycle of one instance
        T read_pj = 0.0, fill_pj = 0.0, update_pj = 0.0;
    };
    std::array<Level, kMaxLevels> levels;
    T mac_pj = 0.0;
};
template <class T>
Rates<T> ratesOf(const Architecture& architecture) {
    Rates<T> rates;
    for (int l = 0; l < architecture.levelCount(); ++l) {
        const MemoryLevel& level = architecture.levels[l];
        rates.levels[l] = {level.read_bandwidth, level.write_bandwidth, level.energy.read_pj, level.energy.fill_pj,
                           level.energy.update_pj};
    }
    rates.mac_pj = architecture.mac_energy_pj;
    return rates;
}

/// Energy of one tensor at one level in pJ: words of all instances times the price of a word.
template <class T>
T wordsEnergyPj(const TensorCounts<T>& count, const T& instances, const typename Rates<T>::Level& price) {
    return instances * (count.reads * price.read_pj + count.fills * price.fill_pj + count.updates * price.update_pj);
}

/// Energy (pJ) and latency (cycles) of counts; the latency is throughput only, as in the reference, and not rounded.
template <class T>
struct Cost {
    T energy_pj = 0.0;
    T cycles = 0.0;
};
template <class T>
Cost<T> costOf(const AccessAnalysis<T>& access, const Rates<T>& rates) {
    Cost<T> cost;
    cost.energy_pj = access.compute_cycles * access.pes * rates.mac_pj;
    cost.cycles = access.compute_cycles;
    for (int l = 0; l < access.level_count; ++l) {
        const auto& level = rates.levels[l];
        T reads = 0.0, writes = 0.0;
        for (const TensorCounts<T>& count : access.counts[l]) {
            cost.energy_pj = cost.energy_pj + wordsEnergyPj(count, access.instances[l], level);
            reads = reads + count.reads;
            writes = writes + count.fills + count.updates;
        }
        cost.cycles = maximum(cost.cycles, T(reads / level.read_bandwidth));
        cost.cycles = maximum(cost.cycles, T(writes / level.write_bandwidth));
    }
    return cost;
}

/// A memory that is too small for the tiles it is to keep.
struct CapacityExcess {
    int level = 0;
    PerTensor<double> words{};  ///< tile of each kept tensor
    double capacity_words = 0;  ///< what is there for them
    double over() const { return words[0] + words[1] + words[2] - capacity_words; }
};
/// "GLB holds 65536 words; tiles need 70000 (Weights 30000, Inputs 40000): 4464 over"
std::string describe(const CapacityExcess& excess, const Architecture& architecture);

/// Values of one mapping.
struct Evaluation {
    AccessAnalysis<double> access;
    std::array<double, kMaxLevels> level_cycles{};  ///< each level's own, were it alone with the MACs
    double cycles = 0;                              ///< exact, rounded up
    double energy_pj = 0;
    double macs = 0;
    double edp() const { return energy_pj * cycles; }
};

/// Cycles of a level whose instance must serve these reads and writes at its bandwidth; at least `compute_cycles`.
double levelCycles(const PerTensor<TensorCounts<double>>& counts, const MemoryLevel& level, double compute_cycles);
/// Averages over instances as the reference reports them: whole words, except for a refill of Outputs that one of a
/// reducing group gets; what neighbours handed over is rounded down on its own.
void roundAverages(TensorCounts<double>& count, Tensor tensor, const Convention& rules);

/// Counts, energy and cycles from scratch. No check of capacity; allocates nothing.
Evaluation evaluate(const Problem& problem, const Architecture& architecture, const Nest& nest,
                    const Convention& rules);
/// The innermost memory whose tiles do not fit.
std::optional<CapacityExcess> capacityExcess(const Architecture& architecture, const Nest& nest, const Problem& problem,
                                             const Convention& rules);
/// Throws InputError naming the problem when a count exceeds 2^53 and so is not exact.
void checkExact(const Evaluation& evaluation, const Problem& problem);

}  // namespace dna::costmodel::loopnest
