#include "flows/chip_power.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace dna::flows {
namespace {

/// The PEs of the templates.
constexpr std::array kPeModules{"dna_pe", "dna_pe_ws", "dna_pe_rs"};
bool isPe(const NetlistModule& module) {
    return std::find(kPeModules.begin(), kPeModules.end(), module.source_name) != kPeModules.end();
}
const NetlistModule* findPe(const Netlist& netlist) {
    for (const char* name : kPeModules)
        if (const NetlistModule* pe = netlist.find(name)) return pe;
    return nullptr;
}
const char* const kLaneModule = "dna_ppu_lane";

/// Walks the hierarchy and prices the memory of every buffer by the name of the instance that holds it.
void priceBuffers(const Netlist& netlist, const std::string& module_name, const std::string& path,
                  const costmodel::MemorySource& memory, std::map<std::string, costmodel::MemoryPrice>& buffers) {
    const NetlistModule& module = netlist.modules.at(module_name);
    if (module.source_name == "dna_sram_sp") {
        const std::string buffer = bufferOf(path);
        if (!buffer.empty() && !buffers.count(buffer))
            buffers[buffer] = costmodel::priceMemory(memory, module.parameters.at("WORDS"), module.parameters.at("BITS"));
        return;
    }
    for (const NetlistCell& cell : module.cells)
        if (netlist.modules.count(cell.type)) priceBuffers(netlist, cell.type, path + "/" + cell.name, memory, buffers);
}

}  // namespace

std::string bufferOf(const std::string& path) {
    std::string nearest;
    size_t place = 0;
    for (const char* buffer : {"input", "weight", "output", "residual", "psum"}) {
        const size_t found = path.rfind(buffer);
        if (found != std::string::npos && found >= place) nearest = buffer, place = found;
    }
    return nearest;
}

ChipPrices chipPrices(const YosysResult& mapped, const PreparedPlatform& prepared, double slew_ns,
                      const std::vector<PeOperands>& trace, const std::string& trace_source) {
    ChipPrices prices;
    const std::map<std::string, long> instances = mapped.netlist.instances();
    const NetlistModule* pe = findPe(mapped.netlist);
    if (!pe) throw base::InputError(mapped.netlist.top, "", "holds no PE");
    prices.pe = peEnergy(*pe, prepared.library, slew_ns, trace, trace_source);
    if (const NetlistModule* lane = mapped.netlist.find(kLaneModule)) prices.lane = laneEnergy(*lane, prepared.library, slew_ns);
    double leakage_nw = 0;
    for (const auto& [name, count] : instances) {
        const NetlistModule& module = mapped.netlist.modules.at(name);
        const LogicEnergy energy = assumedEnergy(module, prepared.library, slew_ns, kAssumedActivity);
        leakage_nw += energy.leakage_nw * static_cast<double>(count);
        if (isPe(module)) prices.pes += count;
        else if (module.source_name == kLaneModule) prices.lanes += count;
        else prices.other += energy.scaled(static_cast<double>(count));
    }
    for (const MemoryUse& use : mapped.memories)
        leakage_nw += use.count * 1e6 * costmodel::priceMemory(prepared.memory, use.words, use.bits).leakage_mw;
    prices.leakage_mw = leakage_nw * 1e-6;
    priceBuffers(mapped.netlist, mapped.netlist.top, "", prepared.memory, prices.buffers);
    return prices;
}

ChipEnergy chipEnergy(const ChipPrices& prices, const RunCounters& counters, double clock_mhz) {
    ChipEnergy energy{.cycles = counters.cycles};
    const double slots = static_cast<double>(prices.pes) * counters.cycles;
    energy.pe_pj = counters.macs * prices.pe.busy.total() + std::max(slots - counters.macs, 0.0) * prices.pe.idle.total();
    const double lane_cycles = static_cast<double>(prices.lanes) * counters.cycles;
    energy.lane_pj = counters.values * prices.lane.busy.total() + std::max(lane_cycles - counters.values, 0.0) * prices.lane.idle.total();
    energy.logic_pj = counters.cycles * (prices.other.switching_pj + prices.other.internal_pj);
    energy.clock_pj = counters.cycles * prices.other.clock_pj;
    for (const auto& [buffer, accesses] : counters.buffers) {
        const auto price = prices.buffers.find(buffer);
        if (price != prices.buffers.end())
            energy.memory_pj += accesses.reads * price->second.read_pj + accesses.writes * price->second.write_pj;
    }
    energy.leakage_pj = prices.leakage_mw * 1e3 * counters.cycles / clock_mhz;  // mW x us = nJ
    return energy;
}

RunCounters assumedCounters(const ChipPrices& prices) {
    RunCounters counters{.cycles = 1000, .macs = 1000.0 * static_cast<double>(prices.pes),
                         .values = 100.0 * static_cast<double>(prices.lanes), .buffers = {}};
    for (const auto& [buffer, price] : prices.buffers) counters.buffers[buffer] = {1000, 0};
    return counters;
}

base::Json powerJson(const ChipEnergy& energy, double clock_mhz) {
    // pJ over (cycles / MHz) microseconds: 1 pJ / us = 1e-3 mW.
    const double factor = energy.cycles > 0 ? 1e-3 * clock_mhz / energy.cycles : 0;
    const double pe = energy.pe_pj * factor, logic = energy.logic_pj * factor, clock = energy.clock_pj * factor;
    const double lane = energy.lane_pj * factor, memory = energy.memory_pj * factor,
                 leakage = energy.leakage_pj * factor;
    return {{"pe", pe}, {"lanes", lane}, {"logic", logic}, {"clock", clock}, {"memory", memory}, {"leakage", leakage},
            {"total", pe + lane + logic + clock + memory + leakage}};
}

}  // namespace dna::flows
