#pragma once

#include <map>
#include <string>
#include <vector>

#include "rtlgen/netlist.h"

namespace dna::rtlgen {

using VerilogTokens = std::vector<std::string>;

/// An instance as it stands in the text.
struct VerilogInstance {
    std::string module, name;
    std::string section;  ///< title of the comment line `// ---- Title.` above it; empty above the first
    std::string branch;   ///< label of the innermost generate block around it; empty outside
    std::map<std::string, VerilogTokens> parameters, connections;
};

/// A module of the library: its ports, its instances, and what is left of its body.
struct VerilogModule {
    std::string file, name;
    std::map<std::string, Direction> ports;
    std::vector<VerilogInstance> instances;
    VerilogTokens logic;  ///< the body without instances and comments
};

/// Reads one file of the library: one module with its ports in the header and connections by name; instances are of
/// modules whose names start with `dna_`. Logic is not interpreted. Text under `ifdef is left out. Throws InputError for
/// everything that could be an instance and is written in another way.
VerilogModule readVerilogModule(const std::string& file, const std::string& text);

/// All files, by name of the module.
std::map<std::string, VerilogModule> readVerilogModules(const std::map<std::string, std::string>& files);

/// Starts like a name: no number, no operator, no system function.
bool isVerilogName(const std::string& token);

}  // namespace dna::rtlgen
