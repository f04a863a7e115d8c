#pragma once

#include <string>

#include "flows/netlist.h"

namespace dna::flows {

/// Structural Verilog of a mapped design that OpenSTA 2.0.17, Icarus and Verilator read: plain module names
/// (dna_fifo, dna_fifo_2, ...), one wire a net, no concatenation on the left of an assign. Flip-flops are named after
/// the register bit they hold. The same netlist gives the same text.
std::string printNetlist(const Netlist& netlist, const Library& library);

}  // namespace dna::flows
