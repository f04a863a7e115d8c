#include "flows/power.h"

namespace dna::flows {
namespace {

/// Internal energy of one toggle of a pin: mean over its arcs and conditions.
double internalPerToggle(const LibraryPin& pin, double slew_ns, double load_pf) {
    if (pin.energies.empty()) return 0;
    double sum = 0;
    for (const InternalEnergy& energy : pin.energies) sum += energy.perToggle(slew_ns, load_pf);
    return sum / static_cast<double>(pin.energies.size());
}

/// Adds one cell: what its clock pins cost a cycle, and its data pins at the given toggles a cycle of their nets.
template <class TogglesOf>
void addCell(LogicEnergy& energy, const NetlistCell& cell, const LibraryCell& type, const Library& library, double slew_ns,
             const std::map<NetBit, double>& loads, const TogglesOf& toggles_of) {
    const double v2 = library.voltage * library.voltage;
    energy.leakage_nw += type.leakage_nw;
    for (const LibraryPin& pin : type.pins) {
        const auto connection = cell.connections.find(pin.name);
        if (connection == cell.connections.end() || connection->second.empty()) continue;
        const NetBit net = connection->second.front();
        const bool is_clock = pin.clock && type.sequential();
        const double toggles = is_clock ? 2.0 : net > kConstantOne ? toggles_of(net) : 0.0;
        const bool output = pin.direction == LibraryPin::Direction::Output;
        const auto load = loads.find(net);
        const double load_pf = output && load != loads.end() ? load->second : 0.0;
        const double internal = toggles * internalPerToggle(pin, slew_ns, load_pf);
        const double switching = toggles * 0.5 * v2 * (is_clock ? pin.capacitance_pf : load_pf);
        if (is_clock) energy.clock_pj += internal + switching;
        else energy.internal_pj += internal, energy.switching_pj += switching;
    }
}

}  // namespace

LogicEnergy& LogicEnergy::operator+=(const LogicEnergy& other) {
    clock_pj += other.clock_pj;
    switching_pj += other.switching_pj;
    internal_pj += other.internal_pj;
    leakage_nw += other.leakage_nw;
    return *this;
}

LogicEnergy LogicEnergy::scaled(double factor) const {
    return {clock_pj * factor, switching_pj * factor, internal_pj * factor, leakage_nw * factor};
}

std::map<NetBit, double> netLoads(const NetlistModule& module, const Library& library) {
    std::map<NetBit, double> loads;
    for (const NetlistCell& cell : module.cells) {
        const auto found = library.cells.find(cell.type);
        if (found == library.cells.end()) continue;
        for (const LibraryPin& pin : found->second.pins) {
            const auto connection = cell.connections.find(pin.name);
            if (pin.direction != LibraryPin::Direction::Input || connection == cell.connections.end()) continue;
            for (const NetBit net : connection->second)
                if (net > kConstantOne) loads[net] += pin.capacitance_pf;
        }
    }
    return loads;
}

LogicEnergy simulatedEnergy(const GateSimulation& simulation, const Library& library, double slew_ns) {
    const NetlistModule& module = simulation.module();
    const std::map<NetBit, double> loads = netLoads(module, library);
    const double samples = 64.0 * static_cast<double>(std::max(simulation.cycles(), 1L));
    const auto toggles_of = [&](NetBit net) { return static_cast<double>(simulation.toggles()[static_cast<size_t>(net)]) / samples; };
    LogicEnergy energy;
    for (const NetlistCell& cell : module.cells)
        addCell(energy, cell, library.cells.at(cell.type), library, slew_ns, loads, toggles_of);
    return energy;
}

LogicEnergy assumedEnergy(const NetlistModule& module, const Library& library, double slew_ns, double activity) {
    const std::map<NetBit, double> loads = netLoads(module, library);
    LogicEnergy energy;
    for (const NetlistCell& cell : module.cells) {
        const auto found = library.cells.find(cell.type);
        if (found != library.cells.end())
            addCell(energy, cell, found->second, library, slew_ns, loads, [&](NetBit) { return activity; });
    }
    return energy;
}

}  // namespace dna::flows
