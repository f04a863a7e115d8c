#include "rtlgen/netlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace dna::rtlgen {

Instance& Instance::parameter(std::string key, std::string value) {
    parameters.emplace_back(std::move(key), std::move(value));
    return *this;
}

Instance& Instance::connect(std::string port, std::string net) {
    connections.emplace_back(std::move(port), std::move(net));
    return *this;
}

Port& Module::port(Direction direction, int width, std::string port_name) {
    return ports.emplace_back(Port{direction, width, std::move(port_name)});
}

Net& Module::net(int width, std::string net_name) { return nets.emplace_back(Net{width, std::move(net_name)}); }

Instance& Module::instantiate(std::string module, std::string instance) {
    return instances.emplace_back(Instance{std::move(module), std::move(instance), {}, {}});
}

namespace {

const std::set<std::string>& keywords() {
    static const std::set<std::string> words{"always",  "assign",    "begin",  "case",    "else",    "end",
                                             "endcase", "endmodule", "for",    "if",      "initial", "inout",
                                             "input",   "integer",   "module", "negedge", "output",  "posedge",
                                             "reg",     "wire",      "signed", "table",   "task",    "wait"};
    return words;
}

bool isName(const std::string& text) {
    return !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) != 0 || text[0] == '_') &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::string range(int width) { return width == 1 ? "" : fmt::format("[{}:0] ", width - 1); }

/// "a,\n    b,\n    c" of already formatted lines.
std::string joined(const std::vector<std::string>& lines, const std::string& indent) {
    std::string text;
    for (size_t i = 0; i < lines.size(); ++i) text += indent + lines[i] + (i + 1 < lines.size() ? ",\n" : "\n");
    return text;
}

std::string printInstance(const Instance& instance) {
    std::vector<std::string> parameters, connections;
    for (const auto& [key, value] : instance.parameters) parameters.push_back(fmt::format(".{}({})", key, value));
    for (const auto& [port, net] : instance.connections) connections.push_back(fmt::format(".{}({})", port, net));
    std::string text = "    " + instance.module;
    if (!parameters.empty()) text += " #(\n" + joined(parameters, "        ") + "    )";
    return text + " " + instance.name + " (\n" + joined(connections, "        ") + "    );\n";
}

/// "counter[3:0]" -> "counter"; constants and concatenations have no name.
std::string netName(const std::string& expression) {
    const std::string name = expression.substr(0, expression.find('['));
    return isName(name) ? name : "";
}

/// Names: declared once, no keywords, connected once, known.
void checkNames(const Module& module, std::vector<std::string>& problems) {
    std::set<std::string> known;
    auto declare = [&](const std::string& name) {
        if (!isName(name) || keywords().count(name) != 0)
            problems.push_back(fmt::format("{}: bad name \"{}\"", module.name, name));
        if (!known.insert(name).second)
            problems.push_back(fmt::format("{}: \"{}\" is declared twice", module.name, name));
    };
    for (const Port& port : module.ports) declare(port.name);
    for (const Constant& constant : module.constants) declare(constant.name);
    for (const Net& net : module.nets) declare(net.name);
    for (const Instance& instance : module.instances) {
        std::set<std::string> connected;
        for (const auto& [port, net] : instance.connections) {
            if (!connected.insert(port).second)
                problems.push_back(fmt::format("{}: {}.{} is connected twice", module.name, instance.name, port));
            if (isName(net) && known.count(net) == 0)
                problems.push_back(
                    fmt::format("{}: {}.{} is connected to unknown net \"{}\"", module.name, instance.name, port, net));
        }
    }
}

/// Who drives and who reads every net of a module.
class Drivers {
public:
    Drivers(const Module& module, const KnownPorts& known, std::vector<std::string>& problems)
        : module_(module), problems_(problems) {
        for (const Port& port : module.ports)
            (port.direction == Direction::Input ? drivers_ : readers_)[port.name].insert("port " + port.name);
        for (const auto& [target, source] : module.assigns) {
            add(drivers_, target, fmt::format("assign {} = {}", target, source));
            add(readers_, source, "assign " + target);
        }
        for (const Instance& instance : module.instances) addInstance(instance, known);
    }

    void check() {
        for (const auto& [net, readers] : readers_)
            if (drivers_.count(net) == 0) problem(fmt::format("nothing drives \"{}\", which {} reads", net, *readers.begin()));
        for (const auto& [net, drivers] : drivers_)
            if (drivers.size() > 1) problem(fmt::format("\"{}\" is driven by {} and {}", net, *drivers.begin(), *std::next(drivers.begin())));
    }

private:
    using Users = std::map<std::string, std::set<std::string>>;

    void problem(const std::string& text) { problems_.push_back(module_.name + ": " + text); }

    void add(Users& users, const std::string& expression, const std::string& who) {
        const std::string net = netName(expression);
        const bool constant = std::any_of(module_.constants.begin(), module_.constants.end(), [&](const Constant& c) { return c.name == net; });
        if (net.empty() || constant) return;
        users[net].insert(net == expression ? who : "slices");
    }

    void addInstance(const Instance& instance, const KnownPorts& known) {
        const auto type = known.find(instance.module);
        if (type == known.end()) return problem(fmt::format("{} is of unknown module {}", instance.name, instance.module));
        std::set<std::string> connected;
        for (const auto& [port, net] : instance.connections) {
            const std::string pin = instance.name + "." + port;
            const auto direction = type->second.find(port);
            if (direction == type->second.end()) problem(fmt::format("{}: {} has no such port", pin, instance.module));
            else add(direction->second == Direction::Output ? drivers_ : readers_, net, pin);
            if (!net.empty()) connected.insert(port);
        }
        for (const auto& [port, direction] : type->second)
            if (direction == Direction::Input && connected.count(port) == 0)
                problem(fmt::format("input {}.{} is left open", instance.name, port));
    }

    const Module& module_;
    std::vector<std::string>& problems_;
    Users drivers_, readers_;
};

}  // namespace

std::vector<std::string> check(const Module& module, const KnownPorts& known) {
    std::vector<std::string> problems;
    checkNames(module, problems);
    Drivers(module, known, problems).check();
    return problems;
}

std::string print(const Module& module, const std::vector<std::string>& header) {
    std::string text;
    for (const std::string& line : header) text += "// " + line + "\n";
    text += "// " + module.purpose + "\nmodule " + module.name + " (\n";
    std::vector<std::string> ports;
    for (const Port& port : module.ports)
        ports.push_back(fmt::format("{} wire {}{}", port.direction == Direction::Input ? "input " : "output",
                                    range(port.width), port.name));
    text += joined(ports, "    ") + ");\n";
    for (const Constant& constant : module.constants)
        text += fmt::format("    localparam {} = {};  // {}\n", constant.name, constant.value, constant.origin);
    if (!module.constants.empty()) text += "\n";
    for (const Net& net : module.nets) text += fmt::format("    wire {}{};\n", range(net.width), net.name);
    if (!module.nets.empty()) text += "\n";
    for (const auto& [target, source] : module.assigns) text += fmt::format("    assign {} = {};\n", target, source);
    if (!module.assigns.empty()) text += "\n";
    for (size_t i = 0; i < module.instances.size(); ++i)
        text += (i != 0 ? "\n" : "") + printInstance(module.instances[i]);
    return text + "endmodule\n";
}

}  // namespace dna::rtlgen
