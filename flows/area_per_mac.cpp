#include "flows/area_per_mac.h"

#include <algorithm>
#include <initializer_list>

namespace dna::flows {

namespace {

/// The first module that the chip has under one of the names, or null.
const ModuleArea* find(const std::vector<ModuleArea>& modules, std::initializer_list<const char*> names) {
    const auto found = std::find_if(modules.begin(), modules.end(), [&](const ModuleArea& m) {
        return m.instances > 0 && std::find(names.begin(), names.end(), m.module) != names.end();
    });
    return found == modules.end() ? nullptr : &*found;
}

/// PEs of NVDLA and of an AXI-stream array with the same tools, and what this project asks of its own PEs when they are cut.
base::Json anchors(const ModuleArea& pe, bool tree) {
    base::Json json{{"nvdla_nv_small_cmac", 883}, {"axi_stream_output_stationary_pe", 1334}};
    if (pe.module == "dna_pe") json.update({{"broadcast_output_stationary_uncut", 923}, {"target_t3_broadcast_cut", 950}});
    else if (pe.module == "dna_pe_ws" && tree) json["target_t1_dot_lane_cut"] = 750;
    else if (pe.module == "dna_pe_ws") json["target_t2_weight_stationary_cut"] = 1080;
    return json;
}

}  // namespace

base::Json areaPerMac(const std::vector<ModuleArea>& modules, double logic_um2, const std::string& platform) {
    const ModuleArea* pe = find(modules, {"dna_pe", "dna_pe_ws", "dna_pe_rs"});  // a chip has one kind
    if (pe == nullptr) return nullptr;
    const ModuleArea* tree = find(modules, {"dna_tree"});
    const double pes = static_cast<double>(pe->instances);
    const double tree_um2 = tree != nullptr ? tree->total_um2 * static_cast<double>(tree->instances) / pes : 0;
    base::Json json{{"macs", pe->instances}, {"pe_um2", pe->total_um2 + tree_um2}, {"all_logic_um2", logic_um2 / pes},
                    {"other_logic_um2", logic_um2 / pes - pe->total_um2 - tree_um2}};
    if (tree != nullptr) json["tree_um2"] = tree_um2;
    if (platform == "nangate45") json["anchors_um2"] = anchors(*pe, tree != nullptr);
    return json;
}

}  // namespace dna::flows
