#include "flows/design_map.h"

#include <fmt/format.h>

#include <ctime>
#include <map>

#include "core/base/error.h"
#include "core/mapping/cycles.h"
#include "core/mapping/mapping_file.h"
#include "core/network/network.h"

namespace dna::flows {

using costmodel::LayerObjective;
using costmodel::MappedLayer;
using mapping::LayerPlan;

namespace {

double cpuSeconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// Maps all layers for one objective, equal ones once.
void mapAll(DesignMap& map, const costmodel::ChunkPrices& prices, const costmodel::LayerMapperOptions& options,
            base::Log& log) {
    std::map<std::string, MappedLayer> done;
    for (size_t i = 0; i < map.layers.size(); ++i) {
        DesignMap::Entry& entry = map.layers[i];
        const auto [place, is_new] = done.try_emplace(entry.layer.shapeKey());
        if (is_new) {
            if (base::stopRequested()) throw base::Interrupted("mapping");
            const double start = cpuSeconds();
            place->second = costmodel::mapLayer(entry.layer, map.chunk, prices, options);
            entry.cpu_seconds += cpuSeconds() - start;
            log.progress("mapping", double(i + 1), double(map.layers.size()));
        }
        entry.result = place->second;
    }
}

struct Sums {
    double energy_pj = 0, cycles = 0, sum_layer_edp = 0;
};

Sums sumsOf(const DesignMap& map) {
    Sums sums;
    for (const DesignMap::Entry& entry : map.layers) {
        sums.energy_pj += entry.result.energy_pj, sums.cycles += entry.result.cycles;
        sums.sum_layer_edp += entry.result.energy_pj * entry.result.cycles;
    }
    return sums;
}

/// For the product of the network's sums every layer minimises E + w L with one w, iterated to its fixed point
/// (cost.md).
void mapNetworkEdp(DesignMap& map, const costmodel::ChunkPrices& prices, costmodel::LayerMapperOptions options,
                   base::Log& log) {
    constexpr int kRounds = 20;
    options.objective = {LayerObjective::Kind::Edp};
    mapAll(map, prices, options, log);
    for (int round = 0; round < kRounds && map.feasible(); ++round) {
        const Sums sums = sumsOf(map);
        const double weight = sums.energy_pj / sums.cycles;
        if (weight == map.weight) return;
        map.weight = weight;
        options.objective = {LayerObjective::Kind::Weighted, weight};
        mapAll(map, prices, options, log);
    }
}

LayerPlan lowered(const DesignMap& map, const DesignMap::Entry& entry) {
    return std::get<LayerPlan>(mapping::lower(entry.layer, map.chunk, *entry.result.mapping));
}

std::vector<LayerPlan> plansOf(const DesignMap& map) {
    std::vector<LayerPlan> plans;
    for (const DesignMap::Entry& entry : map.layers) plans.push_back(lowered(map, entry));
    return plans;
}

double gapOf(const MappedLayer& r) { return r.objective > 0 ? 1 - r.bound / r.objective : 0; }

}  // namespace

bool DesignMap::feasible() const {
    for (const Entry& entry : layers)
        if (!entry.result.mapping) return false;
    return true;
}

bool DesignMap::optimal() const {
    for (const Entry& entry : layers)
        if (!entry.result.optimal) return false;
    return true;
}

DesignMap mapOnDesign(const DesignMapStage& stage, base::Log& log) {
    const network::Network network = network::readNetwork(stage.network_json);
    const design::Design design = design::readDesign(stage.design_json);
    const costmodel::Technology technology = costmodel::builtinTechnology(stage.target.technology);
    DesignMap map;
    map.network = network.name, map.design = design.name, map.chunk = design.chunk();
    for (const mapping::Layer& layer : mapping::extractLayers(network, design.chunk().operand_bits)) map.layers.push_back({layer, {}, 0});
    const costmodel::ChunkPrices prices = pricesOf(map.chunk, technology, stage.target.dram, stage.target.clock_mhz);
    if (stage.network_edp)
        mapNetworkEdp(map, prices, stage.mapper, log);
    else
        mapAll(map, prices, stage.mapper, log);
    if (!map.feasible()) return map;
    const costmodel::NetworkCost cost = costmodel::networkCost(plansOf(map), design, technology, stage.target);
    map.network_cycles = cost.latencyCycles();
    map.network_energy_pj = cost.energyMj(true) * 1e9;
    return map;
}

base::Json mapReport(const DesignMap& map) {
    base::Json json = base::makeDocument("map_report");
    json["network"] = map.network;
    json["design"] = map.design;
    json["layers"] = base::Json::array();
    for (const DesignMap::Entry& entry : map.layers) {
        const MappedLayer& r = entry.result;
        base::Json layer{{"name", entry.layer.name}, {"count", 1}};
        if (r.mapping) {
            layer["energy_pj"] = r.energy_pj;
            layer["cycles"] = r.cycles;
            layer["edp"] = r.energy_pj * r.cycles;
            layer["objective"] = r.objective;
        }
        layer["bound"] = r.bound;
        layer["optimal"] = r.optimal;
        layer["evaluated"] = r.evaluated;
        layer["bounded"] = r.bounded;
        layer["stopped_by"] = r.stopped_by;
        layer["cpu_seconds"] = entry.cpu_seconds;
        if (r.mapping)
            layer["mapping"] = mapping::toJson(lowered(map, entry));
        else
            layer["mapping"] = nullptr, layer["infeasible"] = r.refusal.reason;
        json["layers"].push_back(std::move(layer));
    }
    const Sums sums = sumsOf(map);
    json["totals"] = {{"energy_pj", sums.energy_pj},          {"cycles", sums.cycles},
                      {"edp", sums.energy_pj * sums.cycles},  {"sum_layer_edp", sums.sum_layer_edp},
                      {"network_cycles", map.network_cycles}, {"network_energy_pj", map.network_energy_pj}};
    return json;
}

std::string mapTable(const DesignMap& map) {
    size_t width = 5;
    for (const DesignMap::Entry& entry : map.layers) width = std::max(width, entry.layer.name.size());
    std::string text =
        fmt::format("{:<{}} {:>11} {:>11} {:>11} {:>8} {:>9} {:>7} {:>7} {:>9}\n", "layer", width, "energy pJ",
                    "cycles", "EDP pJ cyc", "mappings", "evaluated", "proven", "gap", "CPU ms");
    double seconds = 0;
    for (const DesignMap::Entry& entry : map.layers) {
        const MappedLayer& r = entry.result;
        seconds += entry.cpu_seconds;
        if (!r.mapping) {
            text += fmt::format("{:<{}} infeasible because {}\n", entry.layer.name, width, r.refusal.reason);
            continue;
        }
        text += fmt::format("{:<{}} {:>11.5g} {:>11.0f} {:>11.5g} {:>8} {:>9} {:>7} {:>6.2f}% {:>9.2f}\n",
                            entry.layer.name, width, r.energy_pj, r.cycles, r.energy_pj * r.cycles, r.bounded,
                            r.evaluated, r.optimal ? "yes" : "no", 100 * gapOf(r), 1e3 * entry.cpu_seconds);
    }
    text += fmt::format("\n{} on {}: {:.2f} CPU s\n", map.network, map.design, seconds);
    if (!map.feasible()) return text;
    const Sums sums = sumsOf(map);
    text += fmt::format("sum of layers: energy {:.6g} uJ, {:.0f} cycles, EDP {:.6g} J cycles\n", sums.energy_pj * 1e-6,
                        sums.cycles, sums.energy_pj * sums.cycles * 1e-12);
    text += fmt::format("exact, layers overlapping: energy {:.6g} uJ, {:.0f} cycles, EDP {:.6g} J cycles\n",
                        map.network_energy_pj * 1e-6, map.network_cycles,
                        map.network_energy_pj * map.network_cycles * 1e-12);
    return text;
}

base::Json mappingFile(const DesignMap& map) { return mapping::toJson(plansOf(map)); }

}  // namespace dna::flows
