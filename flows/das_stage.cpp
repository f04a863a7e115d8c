#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "core/base/file.h"
#include "core/mapping/fitting_space.h"
#include "core/mapping/mapping_file.h"
#include "core/search/das.h"
#include "costmodel/design_oracle.h"
#include "flows/stages.h"

namespace dna::flows {

using base::Json;
using mapping::Layer;

namespace {

/// Hardware candidates whose mappings are searched to their best: the favourites of the sampled search.
struct Finalist {
    std::vector<int> choice;  ///< of every hardware parameter
    design::Chunk chunk;
    costmodel::NetworkCost cost;
    std::vector<mapping::LayerPlan> plans;
    std::vector<design::Violation> violations;
    double objective = 0;
};

double objectiveOf(const costmodel::NetworkCost& cost, const std::string& objective) {
    if (objective == "energy") return cost.energyMj(true);
    if (objective == "latency") return cost.latencyMs();
    return cost.edp(true);
}

class DasRun {
public:
    DasRun(const DasStage& options, base::Log& log)
        : options_(options),
          log_(log),
          technology_(costmodel::builtinTechnology(options.target.technology)),
          mapper_(technology_, options.target),
          layers_(mapping::extractLayers(network::readNetwork(options.network_json))),
          base_(mapping::baseChunk(layers_)),
          space_(mapping::fittingSpace(options.target.design_space, "target", layers_, base_)) {}

    Json run() {
        costmodel::DesignOracle oracle(layers_, space_, base_, technology_, options_.target);
        base::Rng rng(options_.seed, "final das");
        const auto algorithm = search::makeAlgorithm(options_.algorithm);
        log_.info(fmt::format("DAS ({}): {} evaluations over {:.3g} hardware points", options_.algorithm,
                              options_.evaluations, space_.size()));
        const search::DasResult result = search::searchDesign(*algorithm, oracle, options_.evaluations, rng);
        Finalist best = finish(oracle.hardwareOf(result.best));
        for (bool moved = true; moved;) moved = improve(best);
        best = price(best.choice, mapper_.refine(best.plans, best.chunk));
        return write(result, oracle, best);
    }

private:
    /// The exact cost of a choice with the best mapping of every layer.
    Finalist finish(const std::vector<int>& choice) { return price(choice, mapper_.best(layers_, space_.chunk(choice, base_))); }

    Finalist price(const std::vector<int>& choice, std::vector<mapping::LayerPlan> plans) const {
        Finalist f;
        f.choice = choice;
        f.chunk = space_.chunk(choice, base_);
        f.plans = std::move(plans);
        design::Design design;
        design.chunks = {f.chunk};
        f.cost = costmodel::networkCost(f.plans, design, technology_, options_.target);
        f.violations = costmodel::violations(f.cost, options_.target.limits);
        f.objective = objectiveOf(f.cost, options_.target.objective);
        return f;
    }

    static bool better(const Finalist& a, const Finalist& b) {
        auto excess = [](const Finalist& f) {
            double sum = 0;
            for (const design::Violation& v : f.violations) sum += v.excess;
            return sum;
        };
        const double ea = excess(a), eb = excess(b);
        return ea != eb ? ea < eb : a.objective < b.objective;
    }

    /// One round over all single-parameter neighbours: the search sampled mappings, so the best hardware under best
    /// mappings may lie beside its winner.
    bool improve(Finalist& best) {
        bool moved = false;
        for (size_t p = 0; p < space_.parameters.size(); ++p) {
            for (size_t v = 0; v < space_.parameters[p].values.size(); ++v) {
                std::vector<int> choice = best.choice;
                if (choice[p] == int(v)) continue;
                choice[p] = int(v);
                const design::Chunk chunk = space_.chunk(choice, base_);
                const bool fits = std::all_of(layers_.begin(), layers_.end(), [&](const Layer& layer) {
                    return !mapper_.front(layer, chunk).choices.empty();
                });
                if (!fits) continue;
                Finalist candidate = finish(choice);
                ++polish_evaluations_;
                if (better(candidate, best)) best = std::move(candidate), moved = true;
            }
        }
        return moved;
    }

    Json write(const search::DasResult& result, const costmodel::DesignOracle& oracle, const Finalist& best) {
        design::Design design;
        design.name = "das";
        design.chunks = {best.chunk};
        base::makeFolder(options_.out);
        base::writeJson(options_.out / "design.json", design::toJson(design));
        base::writeJson(options_.out / "mapping.json", mapping::toJson(best.plans));
        const Json cost = costmodel::toJson(best.cost, technology_, options_.target);
        base::writeJson(options_.out / "cost.json", cost);

        Json json = base::makeDocument("search");
        json["algorithm"] = options_.algorithm;
        json["evaluations"] = result.evaluations + polish_evaluations_;
        json["mapping_evaluations"] = oracle.mappingEvaluations() + mapper_.evaluations();
        json["seed"] = options_.seed;
        json["objective"] = options_.target.objective;
        json["best"] = Json{{"design", design::toJson(design)["chunks"][0]}, {"totals", cost["totals"]}};
        json["feasible"] = best.violations.empty();
        json["violations"] = Json::array();
        for (const design::Violation& v : best.violations) json["violations"].push_back(v.text());
        json["curve"] = Json::array();
        for (const search::DasPoint& p : result.curve)
            json["curve"].push_back(Json{p.evaluations, p.mapping_evaluations, p.objective});
        base::writeJson(options_.out / "search.json", json);
        addTimes(json, result);
        log_.info(fmt::format("design: {} x {} PEs, buffers {}/{}/{} words; {:.4g} ms, {:.4g} mJ, EDP {:.4g} mJ ms{}",
                              best.chunk.rows, best.chunk.cols, best.chunk.input_words, best.chunk.weight_words,
                              best.chunk.output_words, best.cost.latencyMs(), best.cost.energyMj(true),
                              best.cost.edp(true), best.violations.empty() ? "" : "; limits are violated"));
        return json;
    }

    /// Times stand in what is printed, not in search.json: files of a run repeat.
    void addTimes(Json& json, const search::DasResult& result) const {
        json["cpu_seconds"] = double(std::clock() - began_) / CLOCKS_PER_SEC;
        json["curve"] = Json::array();
        for (const search::DasPoint& p : result.curve)
            json["curve"].push_back(Json{p.evaluations, p.mapping_evaluations, p.cpu_seconds, p.objective});
    }

    const DasStage& options_;
    base::Log& log_;
    std::clock_t began_ = std::clock();
    costmodel::Technology technology_;
    costmodel::Mapper mapper_;
    std::vector<Layer> layers_;
    design::Chunk base_;
    design::DesignSpace space_;
    int64_t polish_evaluations_ = 0;
};

}  // namespace

Json dasStage(const DasStage& options, base::Log& log) { return DasRun(options, log).run(); }

}  // namespace dna::flows
