#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "flows/netlist.h"

namespace dna::flows {

/// Area of a MAC in um2, beside published and probed figures of INT8 MACs (nangate45 only: other nodes have none): `pe_um2`, the PE
/// and, with dot lanes, its share of the adder trees (`tree_um2`); `all_logic_um2`, all logic of the chip over its `macs` PEs. Null for a
/// chip without PEs. `logic_um2`: of the whole chip.
base::Json areaPerMac(const std::vector<ModuleArea>& modules, double logic_um2, const std::string& platform);

}  // namespace dna::flows
