#include "flows/loopnest_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "core/base/error.h"
#include "costmodel/loopnest/mapper/front.h"
#include "costmodel/loopnest/tables.h"

namespace dna::flows {
namespace {

using namespace costmodel::loopnest;

LayerList readLayerList(const LoopNestMapStage& stage, base::Log& log) {
    if (stage.network_json.has_value() == stage.layers_json.has_value())
        throw base::InputError("--network, --layers", "", "exactly one of them is wanted");
    if (stage.layers_json) return readLayers(*stage.layers_json);
    LayerList list = layersOf(network::readNetwork(*stage.network_json));
    if (list.layers.empty())
        throw base::InputError(stage.network_json->string(), "", "no convolution and no linear layer to map");
    if (!list.skipped.empty())
        log.info(fmt::format("not mapped, no multiply-accumulates: {}", fmt::join(list.skipped, ", ")));
    return list;
}

/// The totals of a network; layers count as often as they are there.
struct Totals {
    double energy_pj = 0, cycles = 0, sum_layer_edp = 0;
};
Totals totalsOf(const NetworkNests& network) {
    Totals totals;
    for (const LayerNest& mapped : network.layers) {
        if (!mapped.result.mapping) continue;
        const double count = double(mapped.layer.count);
        totals.energy_pj += count * mapped.result.evaluation.energy_pj;
        totals.cycles += count * mapped.result.evaluation.cycles;
        totals.sum_layer_edp += count * mapped.result.evaluation.edp();
    }
    return totals;
}

/// How far the bound is from what was found, as a share.
double gapOf(const MapperResult& result) {
    return result.objective > 0 ? std::max(0.0, 1 - result.bound / result.objective) : 0;
}

std::string objectiveText(const NetworkNests& network) {
    if (network.network_edp) return "network-edp";
    switch (network.mapper.objective.kind) {
        case Objective::Kind::Energy:
            return "energy";
        case Objective::Kind::Latency:
            return "latency";
        case Objective::Kind::Edp:
            return "edp";
        case Objective::Kind::Weighted:
            return "energy+w*latency";
    }
    return "";
}
const char* objectiveUnit(const NetworkNests& network) {
    const Objective& objective = network.mapper.objective;
    if (network.network_edp) return "pJ";
    if (objective.kind == Objective::Kind::Latency) return "cycles";
    return objective.kind == Objective::Kind::Edp ? "pJ cycles" : "pJ";
}

}  // namespace

bool NetworkNests::feasible() const {
    return std::all_of(layers.begin(), layers.end(), [](const LayerNest& l) { return l.result.mapping.has_value(); });
}

const LayerNest& NetworkNests::find(const std::string& layer) const {
    std::vector<std::string> names;
    for (const LayerNest& mapped : layers) {
        if (mapped.layer.problem.name == layer) return mapped;
        names.push_back(mapped.layer.problem.name);
    }
    const std::string near = base::nearest(layer, names);
    throw base::InputError(
        name, "", fmt::format("no layer \"{}\"{}", layer, near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

NetworkNests readLoopNestMapInputs(const LoopNestMapStage& stage, base::Log& log) {
    const LayerList list = readLayerList(stage, log);
    NetworkNests network{list.name, readArchitecture(stage.architecture), stage.mapper, {}, stage.network_edp, 0, 0};
    if (stage.architecture.find('#') != std::string::npos)
        log.warn(fmt::format("{}: constraints written in words are not applied; every loop may stand at every level",
                             stage.architecture));
    if (stage.energy_table)
        for (const std::string& unused : applyEnergyTable(*stage.energy_table, network.architecture))
            log.info(fmt::format("{}: {} is no level of {}; its prices are not used", stage.energy_table->string(),
                                 unused, network.architecture.name));
    for (const CountedLayer& layer : list.layers) network.layers.emplace_back().layer = layer;
    return network;
}

namespace {

using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Index of the first layer of the same shape.
size_t firstAlike(const NetworkNests& network, size_t i) {
    size_t first = 0;
    while (!sameShape(network.layers[first].layer.problem, network.layers[i].layer.problem)) ++first;
    return first;
}

void mapByBaseline(const LoopNestMapStage& stage, NetworkNests& network, LayerNest& mapped) {
    const BaselineOptions options{*stage.baseline, network.mapper.objective, network.mapper.rules, stage.evaluations,
                                  stage.seed};
    BaselineResult found = runBaseline(mapped.layer.problem, network.architecture, options);
    mapped.result = std::move(found.best);
    mapped.drawn = found.tried;
    mapped.rejected = std::move(found.rejected);
    network.cpu_seconds += mapped.result.cpu_seconds;
    if (base::stopRequested()) throw base::Interrupted("stopped before all layers were mapped");
}

void mapOneByOne(const LoopNestMapStage& stage, NetworkNests& network, base::Log& log) {
    const Clock::time_point start = Clock::now();
    const double total = double(network.layers.size());
    for (size_t i = 0; i < network.layers.size(); ++i) {
        LayerNest& mapped = network.layers[i];
        log.progress("mapping", double(i), total, mapped.layer.problem.name);
        if (const size_t first = firstAlike(network, i); first < i) {
            mapped.result = network.layers[first].result;
            mapped.result.cpu_seconds = 0;
            mapped.drawn = network.layers[first].drawn, mapped.rejected = network.layers[first].rejected;
            continue;
        }
        if (stage.baseline) {
            mapByBaseline(stage, network, mapped);
            continue;
        }
        MapperOptions options = network.mapper;
        if (stage.budget_seconds > 0)
            options.seconds = std::max(1e-3, (stage.budget_seconds - secondsSince(start)) / (total - double(i)));
        mapped.result = mapLayer(mapped.layer.problem, network.architecture, options);
        network.cpu_seconds += mapped.result.cpu_seconds;
        if (base::stopRequested()) throw base::Interrupted("stopped before all layers were mapped");
    }
    log.progress("mapping", total, total);
}

/// All layers with one common price of a cycle. A layer's objective is its energy plus that price; a proven mapping is
/// the best for it.
bool mapTogether(NetworkNests& network) {
    std::vector<CountedLayer> shapes;
    std::vector<size_t> shape_of;
    for (size_t i = 0; i < network.layers.size(); ++i) {
        const size_t first = firstAlike(network, i);
        shape_of.push_back(first < i ? shape_of[first] : shapes.size());
        if (first < i)
            shapes[shape_of[i]].count += network.layers[i].layer.count;
        else
            shapes.push_back(network.layers[i].layer);
    }
    const std::clock_t start = std::clock();
    const NetworkMapping found = mapNetwork(shapes, network.architecture, network.mapper);
    network.cpu_seconds += double(std::clock() - start) / CLOCKS_PER_SEC;
    if (!found.infeasible.empty()) return false;
    network.weight = found.weight;
    for (size_t i = 0; i < network.layers.size(); ++i) {
        MapperResult& result = network.layers[i].result = found.layers[shape_of[i]];
        result.optimal &= found.proven;
        result.objective = result.evaluation.energy_pj + found.weight * result.evaluation.cycles;
        result.bound = result.optimal ? result.objective : 0;
    }
    return true;
}

}  // namespace

void mapLayers(const LoopNestMapStage& stage, NetworkNests& network, base::Log& log) {
    if (network.network_edp && mapTogether(network)) return;
    mapOneByOne(stage, network, log);  // also where a layer is infeasible: every reason is told
}

base::Json mapReport(const NetworkNests& network) {
    base::Json json = base::makeDocument("map_report");
    json["network"] = network.name;
    json["architecture"] = network.architecture.name;
    json["objective"] = objectiveText(network);
    if (network.network_edp)
        json["weight"] = network.weight;
    else if (network.mapper.objective.kind == Objective::Kind::Weighted)
        json["weight"] = network.mapper.objective.weight;
    json["layers"] = base::Json::array();
    for (const LayerNest& mapped : network.layers) {
        const MapperResult& result = mapped.result;
        base::Json layer = {{"name", mapped.layer.problem.name}, {"count", mapped.layer.count}};
        if (result.mapping) {
            layer["energy_pj"] = result.evaluation.energy_pj;
            layer["cycles"] = result.evaluation.cycles;
            layer["edp"] = result.evaluation.edp();
            layer["objective"] = result.objective;
        }
        layer["bound"] = result.bound;
        layer["optimal"] = result.optimal;
        layer["evaluated"] = result.evaluated;
        layer["stopped_by"] = result.stopped_by;
        layer["cpu_seconds"] = result.cpu_seconds;
        if (mapped.drawn > 0) {
            layer["drawn"] = mapped.drawn;
            layer["rejected"] = base::Json(mapped.rejected);
        }
        if (result.mapping)
            layer["mapping"] = toJson(network.architecture, *result.mapping);
        else
            layer["mapping"] = nullptr, layer["infeasible"] = result.infeasible;
        json["layers"].push_back(std::move(layer));
    }
    const Totals totals = totalsOf(network);
    json["totals"] = {{"energy_pj", totals.energy_pj},
                      {"cycles", totals.cycles},
                      {"edp", totals.energy_pj * totals.cycles},
                      {"sum_layer_edp", totals.sum_layer_edp}};
    return json;
}

std::string mapTable(const NetworkNests& network) {
    size_t width = 5;
    for (const LayerNest& mapped : network.layers) width = std::max(width, mapped.layer.problem.name.size());
    const char* unit = objectiveUnit(network);
    std::string text = fmt::format("{:<{}} {:>5} {:>11} {:>12} {:>11} {:>11} {:>7} {:>7} {:>8}\n", "layer", width,
                                   "count", "energy pJ", "cycles", "EDP pJ cyc", "bound", "proven", "gap", "CPU s");
    size_t proven = 0;
    for (const LayerNest& mapped : network.layers) {
        const MapperResult& result = mapped.result;
        proven += result.optimal;
        if (!result.mapping) {
            const bool budget = result.infeasible.rfind("the budget", 0) == 0;
            text += fmt::format("{:<{}} {:>5} {} {}\n", mapped.layer.problem.name, width, mapped.layer.count,
                                budget ? "not mapped:" : "infeasible because", result.infeasible);
            continue;
        }
        text += fmt::format("{:<{}} {:>5} {:>11.5g} {:>12.0f} {:>11.5g} {:>11.5g} {:>7} {:>6.1f}% {:>8.2f}\n",
                            mapped.layer.problem.name, width, mapped.layer.count, result.evaluation.energy_pj,
                            result.evaluation.cycles, result.evaluation.edp(), result.bound,
                            result.optimal ? "yes" : "no", 100 * gapOf(result), result.cpu_seconds);
    }
    const Totals totals = totalsOf(network);
    text += fmt::format("\n{} on {}: {} of {} layers proven optimal for {} (bounds in {}), {:.2f} CPU s\n",
                        network.name, network.architecture.name, proven, network.layers.size(), objectiveText(network),
                        unit, network.cpu_seconds);
    if (!network.feasible()) return text;
    text += fmt::format(
        "energy {:.6g} uJ, {:.0f} cycles, EDP {:.6g} J cycles; sum of the layers' EDPs {:.6g} J cycles\n",
        totals.energy_pj * 1e-6, totals.cycles, totals.energy_pj * totals.cycles * 1e-12, totals.sum_layer_edp * 1e-12);
    return text;
}

std::string mapSpreadsheet(const NetworkNests& network) {
    Spreadsheet sheet;
    for (const LayerNest& mapped : network.layers)
        if (mapped.result.mapping)
            sheet.add(mapped.layer.problem.name, mapped.layer.count, network.architecture, *mapped.result.mapping,
                      mapped.result.evaluation);
    sheet.addTotal(network.name);
    return sheet.text();
}

base::Json mapCases(const NetworkNests& network) {
    base::Json json = base::makeDocument("loopnest_cases");
    json["network"] = network.name;
    json["convention"] = network.mapper.rules == kGads ? "gads" : "timeloop";
    if (network.mapper.ragged) json["ragged"] = true;
    json["architectures"][network.architecture.name] = toJson(network.architecture);
    json["cases"] = base::Json::array();
    for (const LayerNest& mapped : network.layers) {
        if (!mapped.result.mapping) continue;
        const Problem& problem = mapped.layer.problem;
        base::Json layer, keeps = base::Json::object(), nest = base::Json::array();
        for (int d = 0; d < kDims; ++d) layer[std::string(1, kDimNames[d])] = problem.bounds[d];
        layer["Wstride"] = problem.stride_p;
        layer["Hstride"] = problem.stride_q;
        layer["Wdilation"] = problem.dilation_r;
        layer["Hdilation"] = problem.dilation_s;
        const base::Json mapping = toJson(network.architecture, *mapped.result.mapping);
        for (const base::Json& level : mapping.at("levels")) {
            keeps[level.at("level").get<std::string>()] = level.at("keeps");
            nest.push_back({{"level", level.at("level")}, {"loops_outer_to_inner", level.at("loops_outer_to_inner")}});
        }
        const Evaluation& found = mapped.result.evaluation;
        json["cases"].push_back({{"id", problem.name},
                                 {"arch", network.architecture.name},
                                 {"count", mapped.layer.count},
                                 {"layer", layer},
                                 {"keeps", keeps},
                                 {"loop_nest", nest},
                                 {"expected",
                                  {{"cycles", found.cycles},
                                   {"compute_cycles", found.access.compute_cycles},
                                   {"pes_used", found.access.pes},
                                   {"macs", found.macs},
                                   {"energy_pJ", found.energy_pj},
                                   {"edp_pJ_cycles", found.edp()}}}});
    }
    return json;
}

}  // namespace dna::flows
