#include "costmodel/loopnest/evaluate.h"

#include <fmt/format.h>

namespace dna::costmodel::loopnest {

// The order of operations is the reference's: a slowdown against compute alone, whose rounding decides about the last
// cycle.
double levelCycles(const PerTensor<TensorCounts<double>>& counts, const MemoryLevel& level, double compute_cycles) {
    double reads = 0, writes = 0;
    for (const TensorCounts<double>& count : counts) {
        reads += count.reads / compute_cycles;
        writes += (count.updates + count.fills) / compute_cycles;
    }
    double slowdown = 1;
    if (level.read_bandwidth < reads) slowdown = std::min(slowdown, level.read_bandwidth / reads);
    if (level.write_bandwidth < writes) slowdown = std::min(slowdown, level.write_bandwidth / writes);
    return std::ceil(compute_cycles / slowdown);
}

void roundAverages(TensorCounts<double>& count, Tensor tensor, const Convention& rules) {
    constexpr double kFuzz = 1e-6;  // of slabs, which are shares of tiles
    const double handed = std::floor(count.forwarded + kFuzz), share = count.fills - count.forwarded;
    count.reads = std::round(count.reads - count.forwarded + handed);
    count.updates = std::round(count.updates);
    if (count.forwarded > 0)
        count.fills = std::floor(share + handed + kFuzz);
    else if (tensor != Tensor::Outputs || rules.refill_every_reducer)
        count.fills = std::round(count.fills);
    count.forwarded = handed;
}

Evaluation evaluate(const Problem& problem, const Architecture& architecture, const Nest& nest,
                    const Convention& rules) {
    Evaluation out;
    out.access = analyse<double>(problem, architecture, nest, nest.bounds, rules);
    out.cycles = out.access.compute_cycles;
    out.macs = out.access.compute_cycles * out.access.pes;
    out.energy_pj = out.macs * architecture.mac_energy_pj;
    for (int l = 0; l < nest.level_count; ++l) {
        const MemoryLevel& level = architecture.levels[l];
        const Rates<double>::Level price{0, 0, level.energy.read_pj, level.energy.fill_pj, level.energy.update_pj};
        for (int t = 0; t < kTensors; ++t) {
            TensorCounts<double>& count = out.access.counts[l][t];
            roundAverages(count, static_cast<Tensor>(t), rules);
            out.energy_pj += wordsEnergyPj(count, out.access.instances[l], price);
        }
        out.level_cycles[l] = levelCycles(out.access.counts[l], level, out.access.compute_cycles);
        out.cycles = std::max(out.cycles, out.level_cycles[l]);
    }
    return out;
}

std::optional<CapacityExcess> capacityExcess(const Architecture& architecture, const Nest& nest, const Problem& problem,
                                             const Convention& rules) {
    PerDim<double> extent;
    extent.fill(1);
    for (int l = nest.level_count - 1; l >= 0; --l) {
        for (int i = nest.begin[l]; i < nest.begin[l + 1]; ++i) {
            double& along = extent[index(nest.loops[i].dim)];  // ragged factors may exceed the layer
            along = std::min(along * nest.bounds[i], double(problem.bound(nest.loops[i].dim)));
        }
        const double capacity = architecture.levels[l].capacity_words;
        if (capacity == kUnlimited) continue;
        CapacityExcess excess{l, {}, rules.double_buffered ? std::floor(capacity / 2) : capacity};
        for (int t = 0; t < kTensors; ++t)
            if (nest.keeps[l][t]) excess.words[t] = tileWords(problem, static_cast<Tensor>(t), extent);
        if (excess.over() > 0) return excess;
    }
    return std::nullopt;
}

std::string describe(const CapacityExcess& excess, const Architecture& architecture) {
    std::string parts;
    for (int t = 0; t < kTensors; ++t)
        if (excess.words[t] > 0)
            parts += fmt::format("{}{} {:.0f}", parts.empty() ? "" : ", ", kTensorNames[t], excess.words[t]);
    return fmt::format("{} holds {:.0f} words; tiles need {:.0f} ({}): {:.0f} over",
                       architecture.levels[excess.level].name, excess.capacity_words,
                       excess.over() + excess.capacity_words, parts, excess.over());
}

void checkExact(const Evaluation& evaluation, const Problem& problem) {
    const double limit = double(base::kMaxInteger);
    for (int l = 0; l < evaluation.access.level_count; ++l)
        for (const TensorCounts<double>& count : evaluation.access.counts[l])
            for (const double words : {count.reads, count.fills, count.updates})
                if (words * evaluation.access.instances[l] > limit)
                    throw base::InputError(problem.name, "",
                                           fmt::format("counts exceed 2^53 ({:.3g} words) and would not be exact",
                                                       words * evaluation.access.instances[l]));
}

}  // namespace dna::costmodel::loopnest
