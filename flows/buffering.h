#pragma once

#include "flows/netlist.h"

namespace dna::flows {

/// The cell that fans nets out, and how much it may drive.
struct BufferCell {
    std::string cell, input, output;
    double max_load_pf = 0;       ///< of any driver
    double max_port_load_pf = 0;  ///< behind an input port of a module: what it may show to the level above
};

/// Inserts trees of buffers into every net that loads its driver more than allowed, and returns how many buffers. ABC
/// buffers neither module inputs nor flip-flop outputs, and Yosys nothing at all. Works from the leaves up, so that a
/// net sees what its instances' inputs really load.
long bufferNets(Netlist& netlist, const Library& library, const BufferCell& buffer);

}  // namespace dna::flows
