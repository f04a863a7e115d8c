#pragma once

#include "flows/netlist.h"

namespace dna::flows {

/// Loops of a mapped design that no register cuts, each as "module: cell (net) -> cell (net) -> ..."; empty when there is
/// none. Nets are vertices, what a cell lets through at once are edges (an output depends on the operands of its function; of a
/// flip-flop only on clear and preset; of a latch on everything); an instance of a module lets through what the module does,
/// bit by bit, so that loops across the hierarchy are found where they close. `macros` (name -> um2, as in YosysResult::areas)
/// are memories: clocked. Throws InputError for a cell that is none of these.
std::vector<std::string> combinationalLoops(const Netlist& netlist, const Library& library, const std::map<std::string, double>& macros);

}  // namespace dna::flows
