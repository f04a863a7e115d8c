#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "flows/liberty.h"

namespace dna::flows {

/// A bit of a netlist: a net number, or a constant.
using NetBit = int;
constexpr NetBit kConstantZero = 0;
constexpr NetBit kConstantOne = 1;
constexpr NetBit kUnconnected = -1;

/// An instance of a library cell or of another module.
struct NetlistCell {
    std::string name, type;
    std::map<std::string, std::vector<NetBit>> connections;
};

struct NetlistPort {
    bool input = false;
    std::vector<NetBit> bits;
};

/// One module of a mapped design.
struct NetlistModule {
    std::string name;        ///< as Yosys calls it ($paramod...)
    std::string source_name; ///< as the Verilog calls it
    std::map<std::string, int> parameters;
    std::map<std::string, NetlistPort> ports;
    std::vector<NetlistCell> cells;
    std::map<NetBit, std::string> net_names;  ///< of nets that the source named: "sum_q[3]"
    int nets = 2;            ///< one more than the largest net number
};

/// A design after Yosys, modules by name.
struct Netlist {
    std::string top;
    std::map<std::string, NetlistModule> modules;
    /// How often every module is instantiated below `top` (top itself: 1).
    std::map<std::string, long> instances() const;
    /// The module whose Verilog name is `source_name`; null when there is none. The most instantiated one of several.
    const NetlistModule* find(const std::string& source_name) const;
};

/// Reads what `write_json` wrote. Library cells (black boxes) are left out. Throws ToolError when it is no such file.
Netlist readNetlist(const std::string& json_text, const std::string& top);

/// Area and cells of the instances of one Verilog module.
struct ModuleArea {
    std::string module;
    long instances = 0;
    double own_um2 = 0;    ///< library cells directly inside, all instances together
    double total_um2 = 0;  ///< one instance (the largest), everything below included
    long flip_flops = 0;   ///< directly inside, all instances together
};

/// Area by Verilog module below the top, largest own area first. `areas`: cell or macro -> um2.
std::vector<ModuleArea> moduleAreas(const Netlist& netlist, const std::map<std::string, double>& areas, const Library& library);

}  // namespace dna::flows
