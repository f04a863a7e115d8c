#include "rtlgen/token_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <charconv>
#include <set>

#include "core/base/error.h"
#include "rtlgen/verilog_text.h"

namespace dna::rtlgen {
namespace {

using Modules = std::map<std::string, VerilogModule>;
using Names = std::set<std::string>;

constexpr const char* kChunk = "dna_chunk";
constexpr const char* kToken = "dna_token";

[[noreturn]] void fail(const VerilogModule& module, const std::string& what) { throw base::InputError(module.file, "", what); }

bool holds(const VerilogTokens& tokens, const std::string& name) {
    return std::find(tokens.begin(), tokens.end(), name) != tokens.end();
}

/// "Load engine" -> "load engine"; empty for instances of other sections.
std::string engineOf(const VerilogInstance& instance) {
    const std::string& title = instance.section;
    if (title.size() < 7 || title.compare(title.size() - 6, 6, "engine") != 0) return "";
    std::string name = title;
    name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
    return name;
}

std::string joined(const std::string& outer, const std::string& inner) { return inner.empty() ? outer : outer + "." + inner; }

/// The assignments of a module's own logic: which names stand on the right, or in a condition above, of those to a name.
class Assignments {
public:
    explicit Assignments(const VerilogTokens& tokens) : tokens_(tokens) {
        for (size_t i = 0; i < tokens.size(); ++i) {
            if (tokens[i] == "always") always_ = i;
            if (isVerilogName(tokens[i])) add(i);
        }
    }

    bool assigned(const std::string& name) const { return sources_.count(name) != 0; }
    const Names& of(const std::string& name) const {
        static const Names none;
        const auto found = sources_.find(name);
        return found == sources_.end() ? none : found->second;
    }

private:
    /// A target stands at the begin of a statement, or behind the declaration's `wire [range]` or comma.
    bool startsStatement(size_t i) const {
        static const Names before{";", "begin", "end", "else", ")", "assign", "wire", "signed", "]", ",", "endgenerate", ":"};
        return i == 0 || before.count(tokens_[i - 1]) != 0;
    }

    void add(size_t target) {
        size_t i = target + 1;
        if (i < tokens_.size() && tokens_[i] == "[")
            while (i < tokens_.size() && tokens_[i++] != "]") {}
        if (i >= tokens_.size() || !startsStatement(target) || (tokens_[i] != "=" && tokens_[i] != "<=")) return;
        Names& sources = sources_[tokens_[target]];
        if (tokens_[i] == "<=") addConditions(sources);
        int depth = 0;
        for (++i; i < tokens_.size() && tokens_[i] != ";" && !(depth == 0 && tokens_[i] == ","); ++i) {
            depth += tokens_[i] == "(" || tokens_[i] == "{" || tokens_[i] == "[";
            depth -= tokens_[i] == ")" || tokens_[i] == "}" || tokens_[i] == "]";
            if (isVerilogName(tokens_[i])) sources.insert(tokens_[i]);
        }
        sources.erase(tokens_[target]);
    }

    /// Names in all conditions of the `always` block: more than apply, never fewer.
    void addConditions(Names& sources) const {
        int blocks = 0;
        for (size_t i = always_ + 1; i < tokens_.size(); ++i) {
            blocks += tokens_[i] == "begin", blocks -= tokens_[i] == "end";
            if (blocks == 0 && (tokens_[i] == "end" || tokens_[i] == ";")) return;
            if (tokens_[i] != "if" && tokens_[i] != "case") continue;
            int brackets = 0;
            do {
                ++i;
                brackets += tokens_[i] == "(", brackets -= tokens_[i] == ")";
                if (isVerilogName(tokens_[i]) && tokens_[i] != "rst_n") sources.insert(tokens_[i]);
            } while (brackets > 0);
        }
    }

    const VerilogTokens& tokens_;
    size_t always_ = 0;
    std::map<std::string, Names> sources_;
};

/// The instance below a module whose own logic drives an output port: "u_datapath"; empty when it is the module's logic.
std::string driverBelow(const Modules& modules, const VerilogModule& module, const std::string& port) {
    const VerilogInstance* driver = nullptr;
    std::string below;
    for (const VerilogInstance& instance : module.instances) {
        const VerilogModule& type = modules.at(instance.module);
        for (const auto& [pin, net] : instance.connections) {
            if (net != VerilogTokens{port} || type.ports.at(pin) != Direction::Output) continue;
            if (driver != nullptr) fail(module, fmt::format("{} is driven by {} and {}", port, driver->name, instance.name));
            driver = &instance, below = joined(instance.name, driverBelow(modules, type, pin));
        }
    }
    const bool own = Assignments(module.logic).assigned(port);
    if (driver != nullptr && own) fail(module, fmt::format("{} is driven by {} and by an assignment", port, driver->name));
    if (driver == nullptr && !own) fail(module, fmt::format("nothing drives the output {}", port));
    return below;
}

/// The instance below a module that alone reads an input port; empty when the module itself or several do.
std::string readerBelow(const Modules& modules, const VerilogModule& module, const std::string& port) {
    std::vector<std::string> readers;
    for (const VerilogInstance& instance : module.instances)
        for (const auto& [pin, net] : instance.connections)
            if (holds(net, port))
                readers.push_back(net == VerilogTokens{port}
                                      ? joined(instance.name, readerBelow(modules, modules.at(instance.module), pin))
                                      : "");
    const bool own = holds(module.logic, port);
    if (readers.empty() && !own) fail(module, fmt::format("nothing reads the input {}", port));
    return own || readers.size() != 1 ? "" : readers[0];
}

/// One variant of the chunk: instances outside of generate blocks and those of one block.
class ChunkReader {
public:
    ChunkReader(const Modules& modules, const std::string& variant)
        : modules_(modules), chunk_(modules.at(kChunk)), assignments_(chunk_.logic), variant_(variant) {
        graph_.variant = variant;
        for (const VerilogInstance& instance : chunk_.instances)
            if (instance.branch.empty() || instance.branch == variant) instances_.push_back(&instance);
    }

    TokenGraph run() {
        checkWaits();
        for (const VerilogInstance* instance : instances_)
            if (instance->module == kToken) addToken(*instance);
        return std::move(graph_);
    }

private:
    int engine(const std::string& name) {
        const auto found = std::find(graph_.engines.begin(), graph_.engines.end(), name);
        if (found != graph_.engines.end()) return static_cast<int>(found - graph_.engines.begin());
        graph_.engines.push_back(name);
        return static_cast<int>(graph_.engines.size()) - 1;
    }

    std::string part(const VerilogInstance& instance, const std::string& below) const {
        return below.empty() ? engineOf(instance) : fmt::format("{} ({})", engineOf(instance), below);
    }

    /// The engines whose signals a net of the chunk is made of.
    void collectDrivers(const VerilogInstance& token, const std::string& net, Names& seen, Names& engines) const {
        if (!seen.insert(net).second) return;
        bool driven = false;
        for (const VerilogInstance* instance : instances_)
            for (const auto& [pin, value] : instance->connections) {
                if (!holds(value, net) || modules_.at(instance->module).ports.at(pin) != Direction::Output) continue;
                if (value != VerilogTokens{net}) fail(chunk_, fmt::format("{} is one of several nets at {}.{}", net, instance->name, pin));
                if (engineOf(*instance).empty())
                    fail(chunk_, fmt::format("{}: {} comes from {}, which is no engine", token.name, net, instance->name));
                engines.insert(part(*instance, driverBelow(modules_, modules_.at(instance->module), pin)));
                driven = true;
            }
        for (const std::string& source : assignments_.of(net)) collectDrivers(token, source, seen, engines);
        if (!driven && !assignments_.assigned(net)) fail(chunk_, fmt::format("{}: no engine drives {}", token.name, net));
    }

    /// Engines behind `a`, `a[3]` or `a && b`.
    Names drivers(const VerilogInstance& token, const std::string& port) const {
        Names seen, engines;
        const VerilogTokens& value = connection(token, port);
        for (size_t i = 0; i < value.size(); ++i) {
            const bool index = value[i] == "[" && i + 2 < value.size() && value[i + 2] == "]";
            if (isVerilogName(value[i])) collectDrivers(token, value[i], seen, engines);
            else if (index) i += 2;
            else if (value[i] != "&&") fail(chunk_, fmt::format("{}.{}: only names, bits of them and && are understood", token.name, port));
        }
        if (engines.empty()) fail(chunk_, fmt::format("{}.{}: no engine drives it", token.name, port));
        return engines;
    }

    const VerilogTokens& connection(const VerilogInstance& token, const std::string& port) const {
        const auto found = token.connections.find(port);
        if (found == token.connections.end() || found->second.empty()) fail(chunk_, fmt::format("{}.{} is not connected", token.name, port));
        return found->second;
    }

    std::string available(const VerilogInstance& token) const {
        const VerilogTokens& value = connection(token, "available_o");
        if (value.size() != 1) fail(chunk_, token.name + ".available_o must be one net");
        return value[0];
    }

    /// Tokens after reset. A parameter of the chunk (slots of a buffer) counts as one: a graph that is live with it is
    /// live with more.
    int initialTokens(const VerilogInstance& token) const {
        const auto found = token.parameters.find("INITIAL");
        const bool named = found != token.parameters.end() && found->second.size() == 1 && isVerilogName(found->second[0]);
        return named ? 1 : number(token, "INITIAL");
    }

    int number(const VerilogInstance& token, const std::string& parameter) const {
        const auto found = token.parameters.find(parameter);
        int value = -1;
        if (found != token.parameters.end() && found->second.size() == 1) {
            const std::string& text = found->second[0];
            if (std::from_chars(text.data(), text.data() + text.size(), value).ptr != text.data() + text.size()) value = -1;
        }
        if (value < 0) fail(chunk_, fmt::format("{}: {} must be a number", token.name, parameter));
        return value;
    }

    struct Waits {
        Names for_one, for_none;  ///< engines that wait until there is one; until there is none
    };

    Waits waits(const VerilogInstance& token) const {
        const std::string net = available(token);
        Waits out;
        for (const VerilogInstance* instance : instances_) {
            if (engineOf(*instance).empty()) continue;
            for (const auto& [pin, value] : instance->connections) {
                if (!holds(value, net)) continue;
                const std::string who = part(*instance, readerBelow(modules_, modules_.at(instance->module), pin));
                if (value == VerilogTokens{net}) out.for_one.insert(who);
                else if (value == VerilogTokens{"!", net}) out.for_none.insert(who);
                else fail(chunk_, fmt::format("{}.{}: only {} and !{} are understood", instance->name, pin, net, net));
            }
        }
        if (out.for_one.empty() && out.for_none.empty()) fail(chunk_, fmt::format("{}: no engine looks at {}", token.name, net));
        return out;
    }

    /// Engines must see tokens directly: a wait behind logic of the chunk would be missing in the graph.
    void checkWaits() const {
        Names nets;
        for (const VerilogInstance* instance : instances_)
            if (instance->module == kToken) nets.insert(available(*instance));
        for (const VerilogInstance* instance : instances_) {
            if (engineOf(*instance).empty()) continue;
            for (const auto& [pin, value] : instance->connections)
                for (const std::string& name : value)
                    for (const std::string& net : behindLogic(name))
                        if (nets.count(net) != 0 && modules_.at(instance->module).ports.at(pin) == Direction::Input)
                            fail(chunk_, fmt::format("{}.{} sees {} through logic", instance->name, pin, net));
        }
    }

    Names behindLogic(const std::string& name) const {
        Names seen;
        std::vector<std::string> open{name};
        while (!open.empty()) {
            const std::string next = open.back();
            open.pop_back();
            for (const std::string& source : assignments_.of(next))
                if (seen.insert(source).second) open.push_back(source);
        }
        return seen;
    }

    void addToken(const VerilogInstance& token) {
        const int initial = initialTokens(token), bits = number(token, "BITS");
        if (bits > 16 || initial >= 1 << bits) fail(chunk_, fmt::format("{}: {} tokens do not fit {} bits", token.name, initial, bits));
        const Names givers = drivers(token, "give_i"), takers = drivers(token, "take_i");
        const Waits waiting = waits(token);
        Names forward = takers;
        forward.insert(waiting.for_one.begin(), waiting.for_one.end());
        for (const std::string& giver : givers)
            for (const std::string& to : forward) graph_.edges.push_back({engine(giver), engine(to), initial, token.name});
        for (const std::string& taker : takers)
            for (const std::string& to : waiting.for_none)
                graph_.edges.push_back({engine(taker), engine(to), initial == 0 ? 1 : 0, "no " + token.name});
    }

    const Modules& modules_;
    const VerilogModule& chunk_;
    const Assignments assignments_;
    std::string variant_;
    std::vector<const VerilogInstance*> instances_;
    TokenGraph graph_;
};

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

/// Number of the strong component of every engine, over all edges or over those without tokens.
std::vector<int> components(const TokenGraph& graph, bool empty_only) {
    Graph edges(graph.engines.size());
    for (const TokenEdge& edge : graph.edges)
        if (!empty_only || edge.tokens == 0) boost::add_edge(size_t(edge.from), size_t(edge.to), edges);
    std::vector<int> out(graph.engines.size());
    boost::strong_components(edges, boost::make_iterator_property_map(out.begin(), boost::get(boost::vertex_index, edges)));
    return out;
}

std::string text(const TokenGraph& graph, const TokenEdge& edge) {
    return fmt::format("{} -> {} [{} {}]", graph.engines[size_t(edge.from)], graph.engines[size_t(edge.to)], edge.token, edge.tokens);
}

}  // namespace

std::vector<TokenGraph> readTokenGraphs(const std::map<std::string, std::string>& library) {
    const Modules modules = readVerilogModules(library);
    if (modules.count(kChunk) == 0) throw base::InputError(kChunk, "", "the library holds no such module");
    for (const auto& [name, module] : modules)
        for (const VerilogInstance& instance : module.instances)
            if (instance.module == kToken && (name != kChunk || !instance.branch.empty()))
                fail(module, instance.name + ": tokens are read in dna_chunk, outside of generate blocks");
    Names variants;
    for (const VerilogInstance& instance : modules.at(kChunk).instances)
        if (!instance.branch.empty() && !engineOf(instance).empty()) variants.insert(instance.branch);
    if (variants.empty()) variants.insert("");
    std::vector<TokenGraph> graphs;
    for (const std::string& variant : variants) graphs.push_back(ChunkReader(modules, variant).run());
    return graphs;
}

std::vector<std::string> problemsOf(const TokenGraph& graph) {
    std::vector<std::string> problems;
    const std::vector<int> empty = components(graph, true), all = components(graph, false);
    std::map<int, std::string> cycles;
    for (const TokenEdge& edge : graph.edges)
        if (edge.tokens == 0 && empty[size_t(edge.from)] == empty[size_t(edge.to)]) {
            std::string& cycle = cycles[empty[size_t(edge.from)]];
            cycle += (cycle.empty() ? "" : ", ") + text(graph, edge);
        }
    for (const auto& [component, cycle] : cycles)
        problems.push_back(fmt::format("{}: deadlock, a cycle without a token: {}", graph.variant, cycle));
    std::map<std::string, bool> limited;
    for (const TokenEdge& edge : graph.edges) limited[edge.token] |= all[size_t(edge.from)] == all[size_t(edge.to)];
    for (const auto& [token, known] : limited)
        if (!known) problems.push_back(fmt::format("{}: {} has no limit: its giver never waits for its taker", graph.variant, token));
    return problems;
}

std::string describe(const TokenGraph& graph) {
    std::string out;
    for (const TokenEdge& edge : graph.edges) out += fmt::format("{}: {}\n", graph.variant, text(graph, edge));
    return out;
}

}  // namespace dna::rtlgen
