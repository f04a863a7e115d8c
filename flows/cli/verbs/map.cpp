#include <fmt/format.h>

#include <memory>

#include "core/base/file.h"
#include "costmodel/loopnest/explain/explain.h"
#include "flows/cli/verb.h"
#include "flows/design_map.h"
#include "flows/loopnest_map.h"
#include "flows/target_file.h"

namespace dna::flows {
namespace {

using namespace costmodel::loopnest;
using costmodel::LayerObjective;

struct Options {
    LoopNestMapStage stage;
    std::optional<std::filesystem::path> design, target;
    std::string objective = "edp", convention = "timeloop", algorithm = "exact";
    std::optional<double> weight;
    std::string draw, explain;
    std::optional<std::filesystem::path> csv, out;
};

Objective readObjective(const Options& options) {
    using Kind = Objective::Kind;
    static const std::vector<std::pair<std::string, Kind>> kinds = {{"energy", Kind::Energy},
                                                                    {"latency", Kind::Latency},
                                                                    {"edp", Kind::Edp},
                                                                    {"network-edp", Kind::Edp},
                                                                    {"energy+w*latency", Kind::Weighted}};
    if (options.objective == "network-edp" && options.stage.budget_seconds > 0)
        throw base::InputError("--budget-seconds", "",
                               "network-edp needs many searches a layer; limit them with --work");
    const auto at =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.first == options.objective; });
    if (at == kinds.end())
        throw base::InputError(
            "--objective", "",
            fmt::format("expected energy, latency, edp, network-edp or energy+w*latency, found \"{}\"",
                        options.objective));
    if (at->second == Kind::Weighted && !options.weight)
        throw base::InputError("--weight", "", "energy+w*latency needs a weight in pJ per cycle");
    if (at->second != Kind::Weighted && options.weight)
        throw base::InputError("--weight", "", "belongs to --objective energy+w*latency only");
    if (options.weight && !(std::isfinite(*options.weight) && *options.weight >= 0))
        throw base::InputError("--weight", "", "expected a number of at least 0");
    return {at->second, options.weight.value_or(0)};
}

/// What is printed below the table for one layer.
std::string details(const NetworkNests& network, const std::string& name, bool all) {
    const LayerNest& mapped = network.find(name);
    if (!mapped.result.mapping) return "";
    if (!all) return fmt::format("\n{}\n{}", name, drawNest(network.architecture, *mapped.result.mapping));
    return "\n" +
           explain(mapped.layer.problem, network.architecture, *mapped.result.mapping, network.mapper.rules).text;
}

LayerObjective designObjective(const Objective& objective) {
    using Kind = LayerObjective::Kind;
    switch (objective.kind) {
        case Objective::Kind::Energy:
            return {Kind::Energy};
        case Objective::Kind::Latency:
            return {Kind::Latency};
        case Objective::Kind::Weighted:
            return {Kind::Weighted, objective.weight};
        default:
            return {Kind::Edp};
    }
}

/// `--design`: generated hardware instead of an architecture.
int mapDesign(const Options& options, VerbContext& context) {
    if (!options.stage.architecture.empty())
        throw base::InputError("--design", "", "stands instead of --architecture, not beside it");
    if (!options.stage.network_json) throw base::InputError("--network", "", "--design maps a network: name it");
    if (options.algorithm != "exact" || !options.draw.empty() || !options.explain.empty() || options.csv ||
        options.stage.mapper.ragged || options.stage.budget_seconds > 0 || options.stage.energy_table)
        throw base::InputError("--design", "",
                               "goes with --network, --target, --objective, --weight, --work, --gap and --out only");
    const DesignMap result = mapOnDesign({.network_json = *options.stage.network_json,
                                          .design_json = *options.design,
                                          .target = readTargetFile(options.target),
                                          .mapper = {.objective = designObjective(options.stage.mapper.objective),
                                                     .gap = options.stage.mapper.gap,
                                                     .work = options.stage.mapper.work,
                                                     .start = {}},
                                          .network_edp = options.stage.network_edp},
                                         context.log);
    if (options.out && result.feasible()) base::writeJson(*options.out, mappingFile(result));
    context.print(mapReport(result), mapTable(result));
    return result.feasible() ? kDone : kCheckFailed;
}

int map(Options& options, VerbContext& context) {
    options.stage.mapper.objective = readObjective(options);
    options.stage.network_edp = options.objective == "network-edp";
    if (options.design) return mapDesign(options, context);
    if (options.stage.architecture.empty())
        throw base::InputError("--architecture", "", "map needs memory levels (--architecture) or hardware (--design)");
    if (options.target) throw base::InputError("--target", "", "goes with --design only");
    options.stage.mapper.rules = options.convention == "gads" ? kGads : kTimeloop;
    if (options.stage.mapper.ragged && options.convention != "gads")
        throw base::InputError("--ragged", "", "short last tiles are counted with --convention gads only");
    if (options.stage.mapper.ragged && !options.explain.empty())
        throw base::InputError("--explain", "", "derivations are written for perfect factors only, not with --ragged");
    using costmodel::loopnest::Baseline;
    if (options.algorithm == "random") options.stage.baseline = Baseline::Random;
    if (options.algorithm == "random_pruned") options.stage.baseline = Baseline::RandomPruned;
    if (options.algorithm == "evolution") options.stage.baseline = Baseline::Evolution;
    if (options.stage.baseline && (options.stage.network_edp || options.stage.mapper.ragged))
        throw base::InputError("--algorithm", "", "samplers take perfect factors and an objective of each layer");
    NetworkNests network = readLoopNestMapInputs(options.stage, context.log);
    for (const std::string& name : {options.draw, options.explain})
        if (!name.empty()) network.find(name);
    mapLayers(options.stage, network, context.log);
    if (options.csv) base::writeFileAtomic(*options.csv, mapSpreadsheet(network));
    if (options.out) base::writeJson(*options.out, mapCases(network));
    std::string plain = mapTable(network);
    if (!options.draw.empty()) plain += details(network, options.draw, false);
    if (!options.explain.empty()) plain += details(network, options.explain, true);
    context.print(mapReport(network), plain);
    return network.feasible() ? kDone : kCheckFailed;
}

void declareInputs(CLI::App& app, Options& options) {
    app.add_option("--network", options.stage.network_json, "network.json: its convolutions and linear layers");
    app.add_option("--layers", options.stage.layers_json, "layers with counts (dna.layers)");
    app.add_option("--architecture", options.stage.architecture,
                   "memory levels (dna.architecture), or FILE#NAME of a file of reference cases");
    app.add_option("--design", options.design, "generated hardware (dna.design) instead of memory levels");
    app.add_option("--target", options.target, "technology and clock of the hardware (dna.target)");
    app.add_option("--energy-table", options.stage.energy_table, "prices of the levels: ERT.yaml of Accelergy");
    app.add_option("--convention", options.convention, "how accesses are counted: timeloop or gads")
        ->check(CLI::IsMember({"timeloop", "gads"}))
        ->capture_default_str();
    app.add_flag("--ragged", options.stage.mapper.ragged, "factors need not divide: last tiles may be short");
}

void declareSearch(CLI::App& app, Options& options) {
    app.add_option("--objective", options.objective,
                   "of every layer: energy, latency, edp or energy+w*latency; of the network: network-edp")
        ->capture_default_str();
    app.add_option("--weight", options.weight, "w of energy+w*latency, pJ per cycle");
    app.add_option("--work", options.stage.mapper.work, "most nodes of the search tree of a layer")
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 53))
        ->capture_default_str();
    app.add_option("--budget-seconds", options.stage.budget_seconds,
                   "most seconds for all layers together; the result then depends on the machine")
        ->check(CLI::Range(0.001, 1e9));
    app.add_option("--gap", options.stage.mapper.gap, "stop at a mapping proven to be within this share of the best")
        ->check(CLI::Range(0.0, 0.99));
    app.add_option("--threads", options.stage.mapper.threads, "never changes the result")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    app.add_option("--algorithm", options.algorithm,
                   "exact, or a sampler to compare with: random, random_pruned, evolution")
        ->check(CLI::IsMember({"exact", "random", "random_pruned", "evolution"}))
        ->capture_default_str();
    app.add_option("--evaluations", options.stage.evaluations, "valid mappings a sampler prices for each layer")
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
        ->capture_default_str();
    app.add_option("--seed", options.stage.seed, "of a sampler");
}

void declareOutputs(CLI::App& app, Options& options) {
    app.add_option("--draw", options.draw, "print the loop nest of this layer");
    app.add_option("--explain", options.explain, "derive every count of this layer in words");
    app.add_option("--csv", options.csv, "gets every count as comma-separated values");
    app.add_option("--out", options.out,
                   "gets the loop nests for `dna check`; with --design the mapping for estimate and emit");
}

}  // namespace

void register_map(VerbRegistry& verbs) {
    verbs.add({"map", "the best mapping of every layer on memory levels or on a design, with proof or bound",
               "dna map --layers examples/layers/resnet18.json --architecture examples/architectures/flat3.json",
               [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   declareInputs(app, *options);
                   declareSearch(app, *options);
                   declareOutputs(app, *options);
                   return [options](VerbContext& context) { return map(*options, context); };
               }});
}

}  // namespace dna::flows
