#include "flows/loopnest_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/base/error.h"
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
Totals totalsOf(const MappedNetwork& network) {
    Totals totals;
    for (const MappedLayer& mapped : network.layers) {
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

std::string objectiveText(const Objective& objective) {
    switch (objective.kind) {
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
const char* objectiveUnit(const Objective& objective) {
    if (objective.kind == Objective::Kind::Latency) return "cycles";
    return objective.kind == Objective::Kind::Edp ? "pJ cycles" : "pJ";
}

}  // namespace

bool MappedNetwork::feasible() const {
    return std::all_of(layers.begin(), layers.end(), [](const MappedLayer& l) { return l.result.mapping.has_value(); });
}

const MappedLayer& MappedNetwork::find(const std::string& layer) const {
    std::vector<std::string> names;
    for (const MappedLayer& mapped : layers) {
        if (mapped.layer.problem.name == layer) return mapped;
        names.push_back(mapped.layer.problem.name);
    }
    const std::string near = base::nearest(layer, names);
    throw base::InputError(
        name, "", fmt::format("no layer \"{}\"{}", layer, near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

MappedNetwork readLoopNestMapInputs(const LoopNestMapStage& stage, base::Log& log) {
    const LayerList list = readLayerList(stage, log);
    MappedNetwork network{list.name, readArchitecture(stage.architecture), stage.mapper, {}};
    if (stage.architecture.find('#') != std::string::npos)
        log.warn(fmt::format("{}: constraints written in words are not applied; every loop may stand at every level",
                             stage.architecture));
    if (stage.energy_table)
        for (const std::string& unused : applyEnergyTable(*stage.energy_table, network.architecture))
            log.info(fmt::format("{}: {} is no level of {}; its prices are not used", stage.energy_table->string(),
                                 unused, network.architecture.name));
    for (const CountedLayer& layer : list.layers) network.layers.push_back({layer, {}});
    return network;
}

void mapLayers(const LoopNestMapStage& stage, MappedNetwork& network, base::Log& log) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    const double total = double(network.layers.size());
    for (size_t i = 0; i < network.layers.size(); ++i) {
        MappedLayer& mapped = network.layers[i];
        log.progress("mapping", double(i), total, mapped.layer.problem.name);
        const auto same = std::find_if(
            network.layers.begin(), network.layers.begin() + std::ptrdiff_t(i),
            [&](const MappedLayer& before) { return sameShape(before.layer.problem, mapped.layer.problem); });
        if (same != network.layers.begin() + std::ptrdiff_t(i)) {
            mapped.result = same->result;
            mapped.result.cpu_seconds = 0;
            continue;
        }
        MapperOptions options = network.mapper;
        if (stage.budget_seconds > 0) {
            const double left = stage.budget_seconds - std::chrono::duration<double>(Clock::now() - start).count();
            options.seconds = std::max(1e-3, left / (total - double(i)));
        }
        mapped.result = mapLayer(mapped.layer.problem, network.architecture, options);
        if (base::stopRequested()) throw base::Interrupted("stopped before all layers were mapped");
    }
    log.progress("mapping", total, total);
}

base::Json mapReport(const MappedNetwork& network) {
    base::Json json = base::makeDocument("map_report");
    json["network"] = network.name;
    json["architecture"] = network.architecture.name;
    json["objective"] = objectiveText(network.mapper.objective);
    if (network.mapper.objective.kind == Objective::Kind::Weighted) json["weight"] = network.mapper.objective.weight;
    json["layers"] = base::Json::array();
    for (const MappedLayer& mapped : network.layers) {
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

std::string mapTable(const MappedNetwork& network) {
    size_t width = 5;
    for (const MappedLayer& mapped : network.layers) width = std::max(width, mapped.layer.problem.name.size());
    const char* unit = objectiveUnit(network.mapper.objective);
    std::string text = fmt::format("{:<{}} {:>5} {:>11} {:>12} {:>11} {:>11} {:>7} {:>7} {:>8}\n", "layer", width,
                                   "count", "energy pJ", "cycles", "EDP pJ cyc", "bound", "proven", "gap", "CPU s");
    double cpu_seconds = 0;
    size_t proven = 0;
    for (const MappedLayer& mapped : network.layers) {
        const MapperResult& result = mapped.result;
        cpu_seconds += result.cpu_seconds;
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
                        network.name, network.architecture.name, proven, network.layers.size(),
                        objectiveText(network.mapper.objective), unit, cpu_seconds);
    if (!network.feasible()) return text;
    text += fmt::format(
        "energy {:.6g} uJ, {:.0f} cycles, EDP {:.6g} J cycles; sum of the layers' EDPs {:.6g} J cycles\n",
        totals.energy_pj * 1e-6, totals.cycles, totals.energy_pj * totals.cycles * 1e-12, totals.sum_layer_edp * 1e-12);
    return text;
}

std::string mapSpreadsheet(const MappedNetwork& network) {
    Spreadsheet sheet;
    for (const MappedLayer& mapped : network.layers)
        if (mapped.result.mapping)
            sheet.add(mapped.layer.problem.name, mapped.layer.count, network.architecture, *mapped.result.mapping,
                      mapped.result.evaluation);
    sheet.addTotal(network.name);
    return sheet.text();
}

base::Json mapCases(const MappedNetwork& network) {
    base::Json json = base::makeDocument("loopnest_cases");
    json["network"] = network.name;
    json["convention"] = network.mapper.rules == kGads ? "gads" : "timeloop";
    json["architectures"][network.architecture.name] = toJson(network.architecture);
    json["cases"] = base::Json::array();
    for (const MappedLayer& mapped : network.layers) {
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
                                   {"macs", found.macs()},
                                   {"energy_pJ", found.energy_pj},
                                   {"edp_pJ_cycles", found.edp()}}}});
    }
    return json;
}

}  // namespace dna::flows
