#pragma once

#include <map>
#include <string>
#include <vector>

namespace dna::rtlgen {

enum class Direction { Input, Output };

struct Port {
    Direction direction = Direction::Input;
    int width = 1;
    std::string name;
};

/// A constant of the generated layer, with the field of the design it comes from.
struct Constant {
    std::string name;
    std::string value;
    std::string origin;
};

struct Net {
    int width = 1;
    std::string name;
};

/// One instance: connections are plain expressions (names, slices, constants), never logic.
struct Instance {
    std::string module;
    std::string name;
    std::vector<std::pair<std::string, std::string>> parameters;
    std::vector<std::pair<std::string, std::string>> connections;

    Instance& parameter(std::string key, std::string value);
    Instance& connect(std::string port, std::string net);
};

/// A structural module of the generated layer: only constants, nets and instances.
struct Module {
    std::string name;
    std::string purpose;  ///< header sentence
    std::vector<Port> ports;
    std::vector<Constant> constants;
    std::vector<Net> nets;
    std::vector<std::pair<std::string, std::string>> assigns;  ///< output port = net
    std::vector<Instance> instances;

    Port& port(Direction direction, int width, std::string name);
    Net& net(int width, std::string name);
    Instance& instantiate(std::string module, std::string instance);
};

/// Directions of the ports of modules, by the module's name.
using KnownPorts = std::map<std::string, std::map<std::string, Direction>>;

/// Problems that no tool should have to find: connections to ports that are declared twice, unknown nets, names that
/// are Verilog keywords; instances of modules that are not `known`, ports that those do not have, inputs of theirs that are
/// left open, nets that something reads and nothing drives, nets and output ports with two drivers (a net that is driven
/// in slices counts as driven once). Empty when the module may be printed.
std::vector<std::string> check(const Module& module, const KnownPorts& known);

/// Verilog-2005 text; `header` lines are printed as comments above the module. Decides nothing.
std::string print(const Module& module, const std::vector<std::string>& header);

}  // namespace dna::rtlgen
