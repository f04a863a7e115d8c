#include "costmodel/loopnest/mapper/front.h"

#include <algorithm>

namespace dna::costmodel::loopnest {
namespace {

double energyOf(const MapperResult& r) { return r.evaluation.energy_pj; }
double cyclesOf(const MapperResult& r) { return r.evaluation.cycles; }
bool samePoint(const MapperResult& a, const MapperResult& b) {
    return energyOf(a) == energyOf(b) && cyclesOf(a) == cyclesOf(b);
}

class FrontSearch {
public:
    FrontSearch(const Problem& problem, const Architecture& architecture, const MapperOptions& options, Front& out)
        : problem_(problem), architecture_(architecture), options_(options), out_(out) {}

    void run(double least, double most) {
        MapperResult fast = at(most);
        if (!fast.mapping) {
            out_.infeasible = fast.infeasible;
            return;
        }
        MapperResult frugal = at(least);
        vertices_.push_back(fast);
        if (!samePoint(fast, frugal)) {
            between(fast, frugal);
            vertices_.push_back(frugal);
        }
        for (size_t i = 0; i < vertices_.size(); ++i) {
            FrontPoint point{vertices_[i], least, most};
            if (i > 0) point.most_weight = slope(vertices_[i - 1], vertices_[i]);
            if (i + 1 < vertices_.size()) point.least_weight = slope(vertices_[i], vertices_[i + 1]);
            out_.points.push_back(std::move(point));
        }
    }

private:
    /// Weight at which both are equally good; the first is faster and needs more energy.
    static double slope(const MapperResult& fast, const MapperResult& frugal) {
        return (energyOf(fast) - energyOf(frugal)) / (cyclesOf(frugal) - cyclesOf(fast));
    }

    MapperResult at(double weight) {
        MapperOptions options = options_;
        options.objective = {Objective::Kind::Weighted, weight};
        MapperResult result = mapLayer(problem_, architecture_, options);
        out_.proven &= result.optimal;
        out_.cpu_seconds += result.cpu_seconds;
        out_.evaluated += result.evaluated;
        return result;
    }

    void between(const MapperResult& fast, const MapperResult& frugal) {
        const double weight = slope(fast, frugal);
        MapperResult middle = at(weight);
        const double on_edge = energyOf(fast) + weight * cyclesOf(fast);
        if (energyOf(middle) + weight * cyclesOf(middle) >= on_edge * (1 - 1e-12)) return;
        between(fast, middle);
        vertices_.push_back(middle);
        between(middle, frugal);
    }

    const Problem& problem_;
    const Architecture& architecture_;
    const MapperOptions& options_;
    Front& out_;
    std::vector<MapperResult> vertices_;
};

/// Least energy, least latency and some product of a network: they bound the weight at the best product.
struct Extremes {
    double energy = 0, cycles = 0;            ///< least possible sums
    double some_energy = 0, some_cycles = 0;  ///< of one set of mappings
};

/// A step down the common weight: the layer moves on to its next vertex.
struct Step {
    double weight;
    size_t layer, to;
};

}  // namespace

Front supportedFront(const Problem& problem, const Architecture& architecture, const MapperOptions& options,
                     double least_weight, double most_weight) {
    Front out;
    FrontSearch(problem, architecture, options, out).run(least_weight, most_weight);
    return out;
}

NetworkMapping mapNetwork(const std::vector<CountedLayer>& layers, const Architecture& architecture,
                          const MapperOptions& options) {
    NetworkMapping out;
    Extremes extremes;
    for (const CountedLayer& layer : layers) {
        for (const Objective::Kind kind : {Objective::Kind::Energy, Objective::Kind::Latency, Objective::Kind::Edp}) {
            MapperOptions one = options;
            one.objective = {kind, 0};
            const MapperResult result = mapLayer(layer.problem, architecture, one);
            if (!result.mapping) {
                out.infeasible = layer.problem.name + ": " + result.infeasible;
                return out;
            }
            const double n = double(layer.count);
            if (kind == Objective::Kind::Energy) extremes.energy += n * result.bound;
            if (kind == Objective::Kind::Latency) extremes.cycles += n * result.bound;
            if (kind != Objective::Kind::Edp) continue;
            extremes.some_energy += n * energyOf(result), extremes.some_cycles += n * cyclesOf(result);
        }
    }
    // At the best product w = E / L; E and L are at least the extremes and E L is at most `product`.
    const double product = extremes.some_energy * extremes.some_cycles;
    const double least = extremes.energy * extremes.energy / product,
                 most = product / (extremes.cycles * extremes.cycles);

    std::vector<Front> fronts;
    std::vector<Step> steps;
    std::vector<size_t> now(layers.size(), 0);
    out.proven = true;
    for (size_t i = 0; i < layers.size(); ++i) {
        fronts.push_back(supportedFront(layers[i].problem, architecture, options, least, most));
        out.proven &= fronts[i].proven;
        const FrontPoint& fastest = fronts[i].points.front();
        out.energy_pj += double(layers[i].count) * energyOf(fastest.result);
        out.cycles += double(layers[i].count) * cyclesOf(fastest.result);
        for (size_t k = 1; k < fronts[i].points.size(); ++k) steps.push_back({fronts[i].points[k].most_weight, i, k});
    }
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.weight > b.weight; });

    double energy = out.energy_pj, cycles = out.cycles;
    std::vector<size_t> best = now;
    out.weight = most;
    for (const Step& step : steps) {
        const MapperResult& from = fronts[step.layer].points[now[step.layer]].result;
        const MapperResult& to = fronts[step.layer].points[step.to].result;
        const double n = double(layers[step.layer].count);
        energy += n * (energyOf(to) - energyOf(from)), cycles += n * (cyclesOf(to) - cyclesOf(from));
        now[step.layer] = step.to;
        if (energy * cycles < out.edp())
            out.energy_pj = energy, out.cycles = cycles, out.weight = step.weight, best = now;
    }
    out.energy_pj = out.cycles = 0;  // summed anew: the sweep's running sums carry rounding
    for (size_t i = 0; i < layers.size(); ++i) {
        out.layers.push_back(fronts[i].points[best[i]].result);
        out.energy_pj += double(layers[i].count) * energyOf(out.layers.back());
        out.cycles += double(layers[i].count) * cyclesOf(out.layers.back());
    }
    return out;
}

}  // namespace dna::costmodel::loopnest
