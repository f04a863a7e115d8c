#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"
#include "costmodel/loopnest/layers.h"
#include "costmodel/loopnest/mapper/baselines.h"
#include "costmodel/loopnest/mapper/mapper.h"

namespace dna::flows {

/// What `dna map` is asked for. Exactly one of network and layers.
struct LoopNestMapStage {
    std::optional<std::filesystem::path> network_json, layers_json;
    std::string architecture;  ///< FILE of a dna.architecture, or FILE#NAME of a file of reference cases
    std::optional<std::filesystem::path> energy_table;      ///< Accelergy ERT that replaces the architecture's prices
    costmodel::loopnest::MapperOptions mapper;              ///< of one layer; `seconds` is set from the budget
    double budget_seconds = 0;                              ///< of all layers together; 0: none
    std::optional<costmodel::loopnest::Baseline> baseline;  ///< instead of the exact mapper
    int64_t evaluations = 10'000;                           ///< of a baseline, a layer
    uint64_t seed = 0;                                      ///< of a baseline
    bool network_edp = false;  ///< minimise the product of the network's sums instead of each layer's objective
};

/// One layer of the network with its best mapping.
struct LayerNest {
    costmodel::loopnest::CountedLayer layer;
    costmodel::loopnest::MapperResult result;
    int64_t drawn = 0;                        ///< mappings a baseline drew, invalid ones included
    std::map<std::string, int64_t> rejected;  ///< why a baseline's mappings were invalid, and how many
};
/// A network on an architecture, layer by layer.
struct NetworkNests {
    std::string name;
    costmodel::loopnest::Architecture architecture;
    costmodel::loopnest::MapperOptions mapper;
    std::vector<LayerNest> layers;
    bool network_edp = false;
    double weight = 0;  ///< pJ per cycle that the layers' mappings share at the least network EDP
    double cpu_seconds = 0;

    bool feasible() const;
    const LayerNest& find(const std::string& layer) const;  ///< throws InputError naming the nearest one
};

/// Reads the inputs without mapping; throws InputError. `log` is told what is left out.
NetworkNests readLoopNestMapInputs(const LoopNestMapStage& stage, base::Log& log);
/// Maps every layer, equal ones once. Throws Interrupted.
void mapLayers(const LoopNestMapStage& stage, NetworkNests& network, base::Log& log);

/// `dna.map_report`.
base::Json mapReport(const NetworkNests& network);
/// The same as a table.
std::string mapTable(const NetworkNests& network);
/// Counts of every layer and level (RFC 4180).
std::string mapSpreadsheet(const NetworkNests& network);
/// The nests with what they cost in the layout of the reference cases, so that `dna check` reads them.
base::Json mapCases(const NetworkNests& network);

}  // namespace dna::flows
