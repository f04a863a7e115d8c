#include "flows/combinational_loops.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <functional>

#include "core/base/error.h"

namespace dna::flows {
namespace {

/// An output of a cell or module depends on an input with no register between.
struct Path {
    std::string from, to;  ///< pins or ports
    size_t from_bit = 0, to_bit = 0;
};
using Paths = std::vector<Path>;

struct Through {
    size_t cell = 0;  ///< index in the module
};
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Through>;
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;

constexpr size_t kNamedCells = 12;  // of a loop

/// Pins that change the state of a flip-flop without a clock.
std::vector<std::string> asynchronous(const LibraryCell& cell) {
    std::vector<std::string> names;
    for (const FlipFlop& flop : cell.flip_flops)
        for (const LogicFunction* function : {&flop.clear, &flop.preset})
            if (!function->empty()) names.insert(names.end(), function->operands().begin(), function->operands().end());
    return names;
}

bool isState(const LibraryCell& cell, const std::string& name) {
    return std::any_of(cell.flip_flops.begin(), cell.flip_flops.end(),
                       [&](const FlipFlop& flop) { return flop.state == name || flop.inverse == name; });
}

/// Which inputs of a library cell its outputs depend on at once.
Paths pathsOf(const LibraryCell& cell) {
    Paths paths;
    for (const LibraryPin& output : cell.pins) {
        if (output.direction != LibraryPin::Direction::Output) continue;
        std::vector<std::string> sources;
        if (cell.latch || output.function.empty()) {
            for (const LibraryPin& pin : cell.pins)
                if (pin.direction == LibraryPin::Direction::Input) sources.push_back(pin.name);
        } else {
            for (const std::string& operand : output.function.operands()) {
                const std::vector<std::string> shown = isState(cell, operand) ? asynchronous(cell) : std::vector{operand};
                sources.insert(sources.end(), shown.begin(), shown.end());
            }
        }
        for (const std::string& source : sources) paths.push_back({source, output.name});
    }
    return paths;
}

/// What one module lets through, and its loops.
class ModuleLoops {
public:
    ModuleLoops(const NetlistModule& module, const std::function<const Paths&(const std::string&)>& paths_of)
        : module_(module), graph_(static_cast<size_t>(module.nets)) {
        for (size_t i = 0; i < module.cells.size(); ++i)
            for (const Path& path : paths_of(module.cells[i].type)) {
                const NetBit from = netAt(module.cells[i], path.from, path.from_bit), to = netAt(module.cells[i], path.to, path.to_bit);
                if (from > kConstantOne && to > kConstantOne) boost::add_edge(Vertex(from), Vertex(to), {i}, graph_);
            }
    }

    /// From input to output ports of the module, by a search from every input bit.
    Paths through() const {
        std::multimap<NetBit, std::pair<std::string, size_t>> outputs;
        for (const auto& [name, port] : module_.ports)
            for (size_t bit = 0; !port.input && bit < port.bits.size(); ++bit) outputs.emplace(port.bits[bit], std::pair(name, bit));
        Paths paths;
        std::vector<size_t> seen(boost::num_vertices(graph_), 0);
        size_t search = 0;
        for (const auto& [name, port] : module_.ports)
            for (size_t bit = 0; port.input && bit < port.bits.size(); ++bit) {
                if (port.bits[bit] <= kConstantOne) continue;
                for (const Vertex net : reachedFrom(Vertex(port.bits[bit]), seen, ++search)) {
                    const auto [begin, end] = outputs.equal_range(static_cast<NetBit>(net));
                    for (auto it = begin; it != end; ++it) paths.push_back({name, it->second.first, bit, it->second.second});
                }
            }
        return paths;
    }

    std::vector<std::string> loops() const {
        std::vector<int> component(boost::num_vertices(graph_));
        const int count = boost::strong_components(
            graph_, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph_)));
        std::vector<char> reported(static_cast<size_t>(count), 0);
        std::vector<std::string> out;
        for (Vertex net = 0; net < component.size(); ++net) {
            char& done = reported[static_cast<size_t>(component[net])];
            if (done != 0) continue;
            const std::vector<Step> loop = loopFrom(net, component);
            if (loop.empty()) continue;
            done = 1;
            out.push_back(text(loop));
        }
        return out;
    }

private:
    struct Step {
        Vertex net;
        size_t cell;  ///< that drives it from the net before
    };

    static NetBit netAt(const NetlistCell& cell, const std::string& pin, size_t bit) {
        const auto found = cell.connections.find(pin);
        return found == cell.connections.end() || bit >= found->second.size() ? kUnconnected : found->second[bit];
    }

    std::vector<Vertex> reachedFrom(Vertex start, std::vector<size_t>& seen, size_t search) const {
        std::vector<Vertex> reached{start};
        seen[start] = search;
        for (size_t i = 0; i < reached.size(); ++i)
            for (auto [edge, end] = boost::out_edges(reached[i], graph_); edge != end; ++edge) {
                const Vertex next = boost::target(*edge, graph_);
                if (seen[next] == search) continue;
                seen[next] = search;
                reached.push_back(next);
            }
        return reached;
    }

    /// A shortest loop through a net, inside of its component; empty when there is none.
    std::vector<Step> loopFrom(Vertex start, const std::vector<int>& component) const {
        std::map<Vertex, std::pair<Vertex, size_t>> before;  // net -> the one before it and the cell between
        std::vector<Vertex> open{start};
        for (size_t i = 0; i < open.size() && before.count(start) == 0; ++i)
            for (auto [edge, end] = boost::out_edges(open[i], graph_); edge != end; ++edge) {
                const Vertex next = boost::target(*edge, graph_);
                if (component[next] != component[start]) continue;
                if (before.emplace(next, std::pair(open[i], graph_[*edge].cell)).second) open.push_back(next);
            }
        if (before.count(start) == 0) return {};
        std::vector<Step> loop{{start, before.at(start).second}};
        for (Vertex net = before.at(start).first; net != start; net = before.at(net).first) loop.push_back({net, before.at(net).second});
        std::reverse(loop.begin() + 1, loop.end());  // it was followed against its direction
        return loop;
    }

    std::string text(const std::vector<Step>& loop) const {
        std::string out = module_.source_name + ": ";
        for (size_t i = 0; i < std::min(loop.size(), kNamedCells); ++i) {
            const auto name = module_.net_names.find(static_cast<NetBit>(loop[i].net));
            const std::string net = name == module_.net_names.end() ? "net " + std::to_string(loop[i].net) : name->second;
            out += (i == 0 ? "" : " -> ") + module_.cells[loop[i].cell].name + " (" + net + ")";
        }
        return out + (loop.size() > kNamedCells ? " -> ... " + std::to_string(loop.size()) + " cells" : " -> back");
    }

    const NetlistModule& module_;
    Graph graph_;
};

/// Walks the hierarchy from the leaves up.
class DesignLoops {
public:
    DesignLoops(const Netlist& netlist, const Library& library, const std::map<std::string, double>& macros)
        : netlist_(netlist), library_(library), macros_(macros) {}

    std::vector<std::string> run() {
        visit(netlist_.top);
        return std::move(loops_);
    }

private:
    void visit(const std::string& name) {
        const NetlistModule& module = netlist_.modules.at(name);
        for (const NetlistCell& cell : module.cells) {
            if (paths_.count(cell.type) != 0) continue;
            if (netlist_.modules.count(cell.type) != 0) visit(cell.type);
            else if (const auto type = library_.cells.find(cell.type); type != library_.cells.end()) paths_[cell.type] = pathsOf(type->second);
            else if (macros_.count(cell.type) != 0) paths_[cell.type] = {};
            else throw base::InputError(module.source_name, "", "holds " + cell.type + ", which is no cell of the library");
        }
        const ModuleLoops loops(module, [&](const std::string& type) -> const Paths& { return paths_.at(type); });
        for (std::string& loop : loops.loops()) loops_.push_back(std::move(loop));
        paths_[name] = loops.through();
    }

    const Netlist& netlist_;
    const Library& library_;
    const std::map<std::string, double>& macros_;
    std::map<std::string, Paths> paths_;  ///< of the modules and cells seen so far
    std::vector<std::string> loops_;
};

}  // namespace

std::vector<std::string> combinationalLoops(const Netlist& netlist, const Library& library, const std::map<std::string, double>& macros) {
    return DesignLoops(netlist, library, macros).run();
}

}  // namespace dna::flows
