#include "flows/netlist.h"

#include <algorithm>
#include <functional>

#include "core/base/error.h"

namespace dna::flows {
namespace {

using Plain = nlohmann::json;  // sorted keys, logarithmic look-up: netlists have modules of 100,000 cells

/// Net numbers of Yosys start at 2; "0", "1", "x", "z" are constants (x and z count as 0, as after `setundef -zero`).
NetBit bitOf(const Plain& bit) {
    if (bit.is_number_integer()) return bit.get<int>();
    return bit.is_string() && bit.get<std::string>() == "1" ? kConstantOne : kConstantZero;
}

std::vector<NetBit> bitsOf(const Plain& bits) {
    std::vector<NetBit> out;
    for (const Plain& bit : bits) out.push_back(bitOf(bit));
    return out;
}

int binary(const std::string& digits) {
    int value = 0;
    for (const char digit : digits) value = (value << 1) | (digit == '1');
    return value;
}

/// Names of the nets that the source named, the first in alphabetical order of several.
void readNetNames(const Plain& json, NetlistModule& module) {
    for (const auto& [name, value] : json.items()) {
        if (value.contains("hide_name") && value.at("hide_name") != 0) continue;
        const std::vector<NetBit> bits = bitsOf(value.at("bits"));
        for (size_t bit = 0; bit < bits.size(); ++bit)
            if (bits[bit] > kConstantOne)
                module.net_names.emplace(bits[bit], bits.size() == 1 ? name : name + "[" + std::to_string(bit) + "]");
    }
}

NetlistModule moduleOf(const std::string& name, const Plain& json) {
    NetlistModule module{.name = name, .source_name = name, .parameters = {}, .ports = {}, .cells = {}, .net_names = {}};
    const Plain& attributes = json.at("attributes");
    if (attributes.contains("hdlname")) module.source_name = attributes.at("hdlname").get<std::string>();
    if (!module.source_name.empty() && module.source_name[0] == '\\') module.source_name.erase(0, 1);
    if (json.contains("parameter_default_values"))
        for (const auto& [key, value] : json.at("parameter_default_values").items())
            if (value.is_string()) module.parameters[key] = binary(value.get<std::string>());
    for (const auto& [port, value] : json.at("ports").items())
        module.ports[port] = {value.at("direction") == "input", bitsOf(value.at("bits"))};
    for (const auto& [cell_name, value] : json.at("cells").items()) {
        NetlistCell cell{.name = cell_name, .type = value.at("type").get<std::string>(), .connections = {}};
        for (const auto& [pin, bits] : value.at("connections").items()) {
            cell.connections[pin] = bitsOf(bits);
            for (const NetBit bit : cell.connections[pin]) module.nets = std::max(module.nets, bit + 1);
        }
        module.cells.push_back(std::move(cell));
    }
    readNetNames(json.at("netnames"), module);
    for (const auto& [port, value] : module.ports)
        for (const NetBit bit : value.bits) module.nets = std::max(module.nets, bit + 1);
    return module;
}

bool isBlackBox(const Plain& module) {
    const Plain& attributes = module.at("attributes");
    return attributes.contains("blackbox") || attributes.contains("liberty_cell");
}

}  // namespace

std::map<std::string, long> Netlist::instances() const {
    std::map<std::string, long> count;
    const std::function<void(const std::string&, long)> visit = [&](const std::string& name, long times) {
        count[name] += times;
        std::map<std::string, long> children;
        for (const NetlistCell& cell : modules.at(name).cells)
            if (modules.count(cell.type)) ++children[cell.type];
        for (const auto& [child, number] : children) visit(child, times * number);
    };
    visit(top, 1);
    return count;
}

const NetlistModule* Netlist::find(const std::string& source_name) const {
    const NetlistModule* best = nullptr;
    long most = 0;
    for (const auto& [name, count] : instances()) {
        const NetlistModule& module = modules.at(name);
        if (module.source_name == source_name && count > most) best = &module, most = count;
    }
    return best;
}

Netlist readNetlist(const std::string& json_text, const std::string& top) {
    Netlist netlist{.top = top, .modules = {}};
    try {
        const Plain json = Plain::parse(json_text);
        for (const auto& [name, module] : json.at("modules").items())
            if (!isBlackBox(module)) netlist.modules[name] = moduleOf(name, module);
    } catch (const Plain::exception& error) {
        throw base::ToolError(std::string("yosys wrote a netlist that cannot be read: ") + error.what());
    }
    if (!netlist.modules.count(top)) throw base::ToolError("the netlist of yosys holds no module " + top);
    return netlist;
}

std::vector<ModuleArea> moduleAreas(const Netlist& netlist, const std::map<std::string, double>& areas, const Library& library) {
    std::map<std::string, double> totals;
    const std::function<double(const std::string&)> total = [&](const std::string& name) -> double {
        if (const auto known = totals.find(name); known != totals.end()) return known->second;
        double sum = 0;
        for (const NetlistCell& cell : netlist.modules.at(name).cells) {
            if (netlist.modules.count(cell.type)) sum += total(cell.type);
            else if (const auto area = areas.find(cell.type); area != areas.end()) sum += area->second;
        }
        return totals[name] = sum;
    };
    total(netlist.top);
    std::map<std::string, ModuleArea> by_source;
    for (const auto& [name, count] : netlist.instances()) {
        const NetlistModule& module = netlist.modules.at(name);
        ModuleArea& entry = by_source[module.source_name];
        entry.module = module.source_name;
        entry.instances += count;
        entry.total_um2 = std::max(entry.total_um2, totals.at(name));
        for (const NetlistCell& cell : module.cells) {
            const auto area = areas.find(cell.type);
            if (!netlist.modules.count(cell.type) && area != areas.end()) entry.own_um2 += area->second * static_cast<double>(count);
            const auto found = library.cells.find(cell.type);
            if (found != library.cells.end() && found->second.sequential()) entry.flip_flops += count;
        }
    }
    std::vector<ModuleArea> out;
    for (auto& [name, entry] : by_source) out.push_back(entry);
    std::stable_sort(out.begin(), out.end(), [](const ModuleArea& a, const ModuleArea& b) { return a.own_um2 > b.own_um2; });
    return out;
}

}  // namespace dna::flows
