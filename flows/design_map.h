#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/mapping/layer.h"
#include "costmodel/layer_mapper.h"

namespace dna::flows {

/// `dna map --design`: the best mapping of every layer of a network on generated hardware.
struct DesignMapStage {
    std::filesystem::path network_json, design_json;
    design::Target target;
    costmodel::LayerMapperOptions mapper;  ///< of one layer
    bool network_edp = false;              ///< minimise the product of the network's sums instead
};

struct DesignMap {
    struct Entry {
        mapping::Layer layer;
        costmodel::MappedLayer result;
        double cpu_seconds = 0;  ///< 0 for a layer whose equal was mapped before
    };
    std::string network, design;
    design::Chunk chunk;
    std::vector<Entry> layers;
    double weight = 0;          ///< of network-edp: pJ per cycle
    double network_cycles = 0;  ///< exact, layers overlapping
    double network_energy_pj = 0;

    bool feasible() const;
    bool optimal() const;
};

/// Maps every layer, equal ones once. Throws InputError for bad input, Interrupted.
DesignMap mapOnDesign(const DesignMapStage& stage, base::Log& log);

base::Json mapReport(const DesignMap& map);  ///< `dna.map_report`
std::string mapTable(const DesignMap& map);
base::Json mappingFile(const DesignMap& map);  ///< `dna.mapping`, read by estimate and emit

}  // namespace dna::flows
