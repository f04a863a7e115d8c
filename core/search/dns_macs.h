#pragma once

#include "core/network/space.h"
#include "core/search/hardware_side.h"

namespace dna::search {

/// Multiply-accumulates of every operator in place of its energy, no latency: with the objective "energy" the hardware
/// term becomes log MACs, the penalty of searches that know nothing of the hardware (of widths neither).
CostTable macTable(const network::NetworkSpace& space);

}  // namespace dna::search
