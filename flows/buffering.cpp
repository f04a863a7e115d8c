#include "flows/buffering.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "core/base/error.h"

namespace dna::flows {
namespace {

/// One place a net goes to: bit `bit` of pin `pin` of cell `cell`.
struct Sink {
    size_t cell;
    std::string pin;
    size_t bit;
    double load_pf;
};

class ModuleBuffering {
public:
    using PortLoads = std::map<std::string, std::vector<double>>;  ///< input port -> load of every bit

    ModuleBuffering(NetlistModule& module, const Library& library, const BufferCell& buffer,
                    const std::map<std::string, PortLoads>& children)
        : module_(module), library_(library), buffer_(buffer), children_(children),
          buffer_load_pf_(library.cells.at(buffer.cell).pin(buffer.input)->capacitance_pf) {}

    long run() {
        std::map<NetBit, std::vector<Sink>> sinks = collect();
        for (auto& [net, list] : sinks) {
            const bool port = ports_.count(net) > 0;
            fanOut(net, std::move(list), port ? buffer_.max_port_load_pf : buffer_.max_load_pf);
        }
        return inserted_;
    }

    PortLoads portLoads() const {
        PortLoads loads;
        std::map<NetBit, double> of_net;
        for (const NetlistCell& cell : module_.cells)
            for (const auto& [pin, bits] : cell.connections)
                for (size_t bit = 0; bit < bits.size(); ++bit)
                    if (bits[bit] > kConstantOne) of_net[bits[bit]] += loadOf(cell, pin, bit);
        for (const auto& [name, port] : module_.ports)
            if (port.input)
                for (const NetBit net : port.bits) loads[name].push_back(of_net.count(net) ? of_net.at(net) : 0.0);
        return loads;
    }

private:
    /// What a pin of a cell or instance loads; 0 for outputs.
    double loadOf(const NetlistCell& cell, const std::string& pin, size_t bit) const {
        if (const auto child = children_.find(cell.type); child != children_.end()) {
            const auto port = child->second.find(pin);
            return port == child->second.end() || bit >= port->second.size() ? 0.0 : port->second[bit];
        }
        const auto type = library_.cells.find(cell.type);
        if (type == library_.cells.end()) return 0.0;  // a macro: its inputs are few and driven by single nets
        const LibraryPin* found = type->second.pin(pin);
        // The clock is left to the clock tree.
        const bool counts = found && found->direction == LibraryPin::Direction::Input && !(found->clock && type->second.sequential());
        return counts ? found->capacitance_pf : 0.0;
    }

    std::map<NetBit, std::vector<Sink>> collect() {
        for (const auto& [name, port] : module_.ports)
            if (port.input) ports_.insert(port.bits.begin(), port.bits.end());
        std::map<NetBit, std::vector<Sink>> sinks;
        for (size_t i = 0; i < module_.cells.size(); ++i)
            for (const auto& [pin, bits] : module_.cells[i].connections)
                for (size_t bit = 0; bit < bits.size(); ++bit) {
                    const double load = bits[bit] > kConstantOne ? loadOf(module_.cells[i], pin, bit) : 0.0;
                    if (load > 0) sinks[bits[bit]].push_back({i, pin, bit, load});
                }
        return sinks;
    }

    /// Groups the sinks under buffers until the driver's load is within the limit; groups are made as even as they go.
    void fanOut(NetBit net, std::vector<Sink> sinks, double limit_pf) {
        for (int level = 0; level < 12; ++level) {
            double total = 0;
            for (const Sink& sink : sinks) total += sink.load_pf;
            if (total <= limit_pf || sinks.size() < 2) return;
            const double groups = std::ceil(total / buffer_.max_load_pf);
            const double share = total / groups;
            std::vector<Sink> above;
            double filled = share;  // the first sink opens a group
            NetBit driven = kUnconnected;
            for (const Sink& sink : sinks) {
                if (filled + 0.5 * sink.load_pf >= share && above.size() < static_cast<size_t>(groups)) {
                    driven = insertBuffer(net, above);
                    filled = 0;
                }
                module_.cells[sink.cell].connections[sink.pin][sink.bit] = driven;
                filled += sink.load_pf;
            }
            if (above.size() == sinks.size()) return;  // sinks that are too large one by one
            sinks = std::move(above);
        }
    }

    /// A new buffer on `net`; becomes a sink of the level above. Returns the net it drives.
    NetBit insertBuffer(NetBit net, std::vector<Sink>& above) {
        const NetBit driven = module_.nets++;
        module_.cells.push_back({"fanout_" + std::to_string(++inserted_), buffer_.cell,
                                 {{buffer_.input, {net}}, {buffer_.output, {driven}}}});
        above.push_back({module_.cells.size() - 1, buffer_.input, 0, buffer_load_pf_});
        return driven;
    }

    NetlistModule& module_;
    const Library& library_;
    const BufferCell& buffer_;
    const std::map<std::string, PortLoads>& children_;
    double buffer_load_pf_;
    std::set<NetBit> ports_;
    long inserted_ = 0;
};

}  // namespace

long bufferNets(Netlist& netlist, const Library& library, const BufferCell& buffer) {
    const auto type = library.cells.find(buffer.cell);
    if (type == library.cells.end() || !type->second.pin(buffer.input))
        throw base::InputError(library.name, "", "has no buffer " + buffer.cell + " with a pin " + buffer.input);
    std::map<std::string, ModuleBuffering::PortLoads> loads;
    const std::map<std::string, long> instances = netlist.instances();
    long inserted = 0;
    const std::function<void(const std::string&)> visit = [&](const std::string& name) {
        if (loads.count(name)) return;
        for (const NetlistCell& cell : netlist.modules.at(name).cells)
            if (netlist.modules.count(cell.type)) visit(cell.type);
        ModuleBuffering work(netlist.modules.at(name), library, buffer, loads);
        inserted += work.run() * instances.at(name);
        loads[name] = work.portLoads();
    };
    visit(netlist.top);
    return inserted;
}

}  // namespace dna::flows
