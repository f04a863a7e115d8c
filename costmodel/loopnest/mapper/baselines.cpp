#include "costmodel/loopnest/mapper/baselines.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "costmodel/loopnest/mapper/nest_builder.h"

namespace dna::costmodel::loopnest {
namespace {

constexpr int kPopulation = 48;
constexpr int kTournament = 4;

/// A mapping as genes: where every prime factor goes, and the order of each level's loops.
struct Genome {
    std::vector<Factors> slots;                  ///< level x (temporal, Y, X)
    std::vector<std::array<Dim, kDims>> orders;  ///< a level each, innermost first
    double objective = std::numeric_limits<double>::infinity();
};

std::vector<int64_t> primesOf(int64_t n) {
    std::vector<int64_t> out;
    for (int64_t p = 2; p * p <= n; ++p)
        while (n % p == 0) out.push_back(p), n /= p;
    if (n > 1) out.push_back(n);
    return out;
}

class Sampler {
public:
    Sampler(const Problem& problem, const Architecture& architecture, const BaselineOptions& options)
        : problem_(problem), architecture_(architecture), options_(options), rng_(options.seed, "mapper baseline") {
        for (int d = 0; d < kDims; ++d) primes_[d] = primesOf(problem.bounds[d]);
    }

    BaselineResult run() {
        result_.best.stopped_by = "work";
        if (options_.kind == Baseline::Evolution)
            evolve();
        else
            while (wanted()) price(randomGenome());
        if (result_.best.mapping) {
            result_.best.evaluation = evaluate(problem_, architecture_, flatten(*result_.best.mapping), options_.rules);
        } else {
            result_.best.infeasible = fmt::format("none of {} drawn mappings was valid", result_.tried);
        }
        return std::move(result_);
    }

private:
    bool wanted() const {
        return result_.best.evaluated < options_.evaluations && result_.tried < 1000 * options_.evaluations;
    }
    bool pruned() const { return options_.kind != Baseline::Random; }
    int slotCount() const { return 3 * architecture_.levelCount(); }

    bool allowed(int slot, int d) const {
        const LevelConstraint& c = architecture_.constraints[slot / 3];
        return slot % 3 == 0 ? c.temporal[d] : slot % 3 == 1 ? c.spatial_y[d] : c.spatial_x[d];
    }
    int width(int slot) const {
        return slot % 3 == 1 ? architecture_.fanoutY(slot / 3) : architecture_.fanoutX(slot / 3);
    }
    /// Whether one more factor may go to a slot; a careless sampler finds out later.
    bool admits(const Genome& genome, int slot, int d, int64_t factor) const {
        if (!allowed(slot, d)) return false;
        return slot % 3 == 0 || !pruned() || product(genome.slots[slot]) * double(factor) <= width(slot);
    }

    int drawSlot(const Genome& genome, int d, int64_t factor) {
        std::vector<int> possible;
        for (int s = 0; s < slotCount(); ++s)
            if (admits(genome, s, d, factor)) possible.push_back(s);
        return possible.empty() ? -1 : possible[rng_.below(possible.size())];
    }

    std::array<Dim, kDims> randomOrder() {
        std::array<Dim, kDims> order;
        for (int d = 0; d < kDims; ++d) order[d] = static_cast<Dim>(d);
        for (int i = kDims - 1; i > 0; --i) std::swap(order[i], order[rng_.below(uint64_t(i) + 1)]);
        return order;
    }

    Genome randomGenome() {
        Genome genome;
        genome.slots.assign(size_t(slotCount()), kOnes);
        for (int l = 0; l < architecture_.levelCount(); ++l) genome.orders.push_back(randomOrder());
        for (int d = 0; d < kDims; ++d)
            for (const int64_t prime : primes_[d])
                if (const int s = drawSlot(genome, d, prime); s >= 0) genome.slots[s][d] *= prime;
        return genome;
    }

    /// Order of a level's loops: as drawn, or for the pruned sampler one of those that no other dominates.
    LoopOrder orderOf(const Genome& genome, int l) {
        const Factors& loops = genome.slots[3 * l];
        if (pruned()) {
            const std::vector<LoopOrder> best = undominatedOrders(loops);
            size_t key = 0;
            for (const Dim d : genome.orders[l]) key = key * kDims + size_t(index(d));
            return best[key % best.size()];
        }
        LoopOrder order;
        for (const Dim d : genome.orders[l])
            if (loops[index(d)] > 1) order.dims[order.count++] = d;
        return order;
    }

    void reject(const std::string& reason) { ++result_.rejected[reason]; }

    /// Complete, inside the meshes and the memories; says otherwise why not.
    bool valid(const Genome& genome, const Nest& nest) {
        Factors all = kOnes;
        for (const Factors& slot : genome.slots) all = times(all, slot);
        for (int d = 0; d < kDims; ++d)
            if (all[d] != problem_.bounds[d]) {
                reject(fmt::format("no level may loop over a factor of {}", kDimNames[d]));
                return false;
            }
        for (int s = 0; s < slotCount(); ++s)
            if (s % 3 != 0 && product(genome.slots[s]) > width(s)) {
                reject(fmt::format("{}: spatial loops along {} are wider than the fan-out of {}",
                                   architecture_.levels[s / 3].name, s % 3 == 1 ? 'Y' : 'X', width(s)));
                return false;
            }
        if (const auto excess = capacityExcess(architecture_, nest, problem_, options_.rules)) {
            const size_t most =
                size_t(std::max_element(excess->words.begin(), excess->words.end()) - excess->words.begin());
            reject(fmt::format("{} is too small, mostly for {}", architecture_.levels[excess->level].name,
                               kTensorNames[most]));
            return false;
        }
        return true;
    }

    void price(Genome genome) {
        ++result_.tried;
        NestBuilder builder(architecture_);
        for (int l = 0; l < architecture_.levelCount(); ++l) {
            builder.temporal(l, orderOf(genome, l), genome.slots[3 * l]);
            builder.spatial(l, genome.slots[3 * l + 2], genome.slots[3 * l + 1]);
        }
        const Nest nest = builder.take();
        if (valid(genome, nest)) {
            ++result_.best.evaluated;
            const Evaluation found = evaluate(problem_, architecture_, nest, options_.rules);
            genome.objective = options_.objective.value(found.energy_pj, found.cycles);
            if (!result_.best.mapping || genome.objective < result_.best.objective) {
                result_.best.objective = genome.objective;
                result_.best.mapping = toMapping(nest);
            }
        }
        last_ = std::move(genome);
    }

    const Genome& tournament() {
        const Genome* best = nullptr;
        for (int i = 0; i < kTournament; ++i) {
            const Genome& one = population_[rng_.below(population_.size())];
            if (!best || one.objective < best->objective) best = &one;
        }
        return *best;
    }

    /// Moves one prime factor to another slot, or draws the order of one level anew.
    void mutate(Genome& genome) {
        if (rng_.uniform() < 0.3) {
            genome.orders[rng_.below(genome.orders.size())] = randomOrder();
            return;
        }
        const int d = int(rng_.below(kDims));
        if (primes_[d].empty()) return;
        const int64_t prime = primes_[d][rng_.below(primes_[d].size())];
        std::vector<int> from;
        for (int s = 0; s < slotCount(); ++s)
            if (genome.slots[s][d] % prime == 0) from.push_back(s);
        if (from.empty()) return;
        const int source = from[rng_.below(from.size())];
        genome.slots[source][d] /= prime;
        const int target = drawSlot(genome, d, prime);
        genome.slots[target >= 0 ? target : source][d] *= prime;
    }

    Genome child() {
        Genome out = tournament();
        const Genome& other = tournament();
        for (int d = 0; d < kDims; ++d)
            if (rng_.uniform() < 0.25)
                for (int s = 0; s < slotCount(); ++s) out.slots[s][d] = other.slots[s][d];
        for (size_t l = 0; l < out.orders.size(); ++l)
            if (rng_.uniform() < 0.25) out.orders[l] = other.orders[l];
        for (uint64_t i = 0, n = 1 + rng_.below(3); i < n; ++i) mutate(out);
        out.objective = std::numeric_limits<double>::infinity();
        return out;
    }

    void evolve() {
        while (population_.size() < kPopulation && wanted()) {
            price(randomGenome());
            population_.push_back(last_);
        }
        while (wanted()) {
            price(child());
            Genome& worst =
                *std::max_element(population_.begin(), population_.end(),
                                  [](const Genome& a, const Genome& b) { return a.objective < b.objective; });
            if (last_.objective <= worst.objective) worst = last_;
        }
    }

    const Problem& problem_;
    const Architecture& architecture_;
    const BaselineOptions& options_;
    base::Rng rng_;
    PerDim<std::vector<int64_t>> primes_;
    std::vector<Genome> population_;
    Genome last_;
    BaselineResult result_;
};

}  // namespace

BaselineResult runBaseline(const Problem& problem, const Architecture& architecture, const BaselineOptions& options) {
    validate(problem, problem.name, "");
    const std::clock_t start = std::clock();
    BaselineResult result = Sampler(problem, architecture, options).run();
    result.best.cpu_seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    return result;
}

}  // namespace dna::costmodel::loopnest
