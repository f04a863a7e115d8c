#include "flows/netlist_verilog.h"

#include <fmt/format.h>

#include <cctype>
#include <functional>
#include <set>

namespace dna::flows {
namespace {

/// An identifier as Verilog wants it: escaped when it holds other than letters, digits and underscores.
std::string identifier(const std::string& name) {
    bool plain = !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0]));
    for (const char c : name) plain = plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '_');
    return plain ? name : "\\" + name + " ";
}

/// Module names without Yosys' parameters, told apart by a number; children before their users.
struct Names {
    std::map<std::string, std::string> names;
    std::vector<std::string> order;
};

Names namesOf(const Netlist& netlist) {
    Names out;
    std::map<std::string, int> used;
    const std::function<void(const std::string&)> visit = [&](const std::string& name) {
        if (out.names.count(name)) return;
        const NetlistModule& module = netlist.modules.at(name);
        out.names[name] = {};
        for (const NetlistCell& cell : module.cells)
            if (netlist.modules.count(cell.type)) visit(cell.type);
        const int number = ++used[module.source_name];
        out.names[name] = number == 1 ? module.source_name : fmt::format("{}_{}", module.source_name, number);
        out.order.push_back(name);
    };
    visit(netlist.top);
    return out;
}

class ModulePrinter {
public:
    ModulePrinter(const NetlistModule& module, const Netlist& netlist, const Library& library, const Names& names)
        : module_(module), netlist_(netlist), library_(library), names_(names) {}

    std::string text() {
        std::string ports, declarations, body;
        for (const auto& [name, port] : module_.ports) {
            ports += (ports.empty() ? "" : ", ") + identifier(name);
            const std::string range = port.bits.size() == 1 ? "" : fmt::format("[{}:0] ", port.bits.size() - 1);
            declarations += fmt::format("  {} {}{};\n", port.input ? "input" : "output", range, identifier(name));
        }
        nameInputs();
        for (const NetlistCell& cell : module_.cells) body += instance(cell);
        body += outputs();
        for (const NetBit net : wires_) declarations += fmt::format("  wire n{};\n", net);
        return fmt::format("module {} ({});\n{}{}endmodule\n\n", names_.names.at(module_.name), ports, declarations, body);
    }

private:
    static std::string portBit(const std::string& name, const NetlistPort& port, size_t bit) {
        return port.bits.size() == 1 ? identifier(name) : fmt::format("{}[{}]", identifier(name), bit);
    }
    void nameInputs() {
        for (const auto& [name, port] : module_.ports)
            for (size_t bit = 0; bit < port.bits.size(); ++bit)
                if (port.input && port.bits[bit] > kConstantOne) net_names_.emplace(port.bits[bit], portBit(name, port, bit));
    }
    std::string netName(NetBit net) {
        if (net == kConstantZero || net == kConstantOne) return net == kConstantOne ? "1'b1" : "1'b0";
        const auto found = net_names_.find(net);
        if (found != net_names_.end()) return found->second;
        wires_.insert(net);
        return fmt::format("n{}", net);
    }
    /// Registers by what they hold, cells that the source named by that name, the others by number.
    std::string instanceName(const NetlistCell& cell) {
        const auto type = library_.cells.find(cell.type);
        if (type != library_.cells.end() && type->second.sequential())
            for (const LibraryPin& pin : type->second.pins) {
                const auto connection = cell.connections.find(pin.name);
                if (pin.direction != LibraryPin::Direction::Output || connection == cell.connections.end()) continue;
                const auto name = module_.net_names.find(connection->second.empty() ? kUnconnected : connection->second.front());
                if (name != module_.net_names.end()) return unique(name->second + "_reg");
            }
        if (netlist_.modules.count(cell.type) || type == library_.cells.end()) return unique(cell.name);
        return fmt::format("g{}", ++gates_);
    }
    std::string unique(const std::string& name) {
        const int number = ++instances_[name];
        return number == 1 ? name : fmt::format("{}_{}", name, number);
    }
    std::string instance(const NetlistCell& cell) {
        const auto module = names_.names.find(cell.type);
        std::string text = fmt::format("  {} {} (", module == names_.names.end() ? cell.type : module->second,
                                       identifier(instanceName(cell)));
        bool first = true;
        for (const auto& [pin, bits] : cell.connections) {
            std::string value;
            for (size_t i = bits.size(); i-- > 0;) value += netName(bits[i]) + (i > 0 ? ", " : "");
            text += fmt::format("{}.{}({})", first ? "" : ", ", pin, bits.size() > 1 ? "{" + value + "}" : value);
            first = false;
        }
        return text + ");\n";
    }
    std::string outputs() {
        std::string text;
        for (const auto& [name, port] : module_.ports)
            for (size_t bit = 0; bit < port.bits.size(); ++bit)
                if (!port.input) text += fmt::format("  assign {} = {};\n", portBit(name, port, bit), netName(port.bits[bit]));
        return text;
    }

    const NetlistModule& module_;
    const Netlist& netlist_;
    const Library& library_;
    const Names& names_;
    std::map<NetBit, std::string> net_names_;
    std::map<std::string, int> instances_;
    std::set<NetBit> wires_;
    long gates_ = 0;
};

}  // namespace

std::string printNetlist(const Netlist& netlist, const Library& library) {
    const Names names = namesOf(netlist);
    std::string text = "// Mapped netlist of " + names.names.at(netlist.top) + "\n\n";
    for (const std::string& name : names.order) text += ModulePrinter(netlist.modules.at(name), netlist, library, names).text();
    return text;
}

}  // namespace dna::flows
