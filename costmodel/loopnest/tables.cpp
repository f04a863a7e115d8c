#include "costmodel/loopnest/tables.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/base/file.h"

namespace dna::costmodel::loopnest {
namespace {

// ------------------------------------------------------------------------------------------------ energy tables

constexpr size_t kLargestTable = size_t{16} << 20;  // bytes
constexpr std::array<std::string_view, 3> kMacActions = {"compute", "mac_random", "mac"};

/// Actions of one component with the price of the dearest variant, pJ.
struct Component {
    std::string full_name;
    std::map<std::string, double> actions;
    std::optional<double> find(std::initializer_list<std::string_view> names) const {
        for (const std::string_view name : names)
            if (const auto at = actions.find(std::string(name)); at != actions.end()) return at->second;
        return std::nullopt;
    }
    bool computes() const {
        return std::any_of(kMacActions.begin(), kMacActions.end(),
                           [&](std::string_view name) { return actions.count(std::string(name)) > 0; });
    }
};
using Components = std::map<std::string, Component>;  // by the last part of the name

/// "system.PE[1..4].GLB[1..1]" -> "GLB"
std::string lastPart(const std::string& name) {
    std::string out;
    int depth = 0;
    for (const char c : name) {
        if (c == '[')
            ++depth;
        else if (c == ']')
            --depth;
        else if (depth == 0 && c == '.')
            out.clear();
        else if (depth == 0)
            out += c;
    }
    return out;
}

/// Walks the YAML tree and collects what is wrong with it.
class TableReader {
public:
    explicit TableReader(std::filesystem::path file) : file_(std::move(file)) {}

    Components read() {
        const std::string text = base::readFile(file_);
        if (text.size() > kLargestTable) fail("", "larger than 16 MiB");
        try {
            return readRoot(YAML::Load(text));
        } catch (const YAML::Exception& error) {
            fail(error.mark.is_null() ? "" : fmt::format("line {}", error.mark.line + 1), error.msg);
        }
    }
    void problem(const std::string& where, const std::string& message) {
        problems_.push_back({file_.string(), where, message});
    }
    void finish() const {
        if (!problems_.empty()) throw base::InputError(problems_);
    }

private:
    [[noreturn]] void fail(const std::string& where, const std::string& message) {
        throw base::InputError(file_.string(), where, message);
    }
    static std::string place(const YAML::Node& node, const std::string& where) {
        return node.Mark().is_null() ? where : fmt::format("{} (line {})", where, node.Mark().line + 1);
    }
    /// A value of a map, undefined where it is missing; repeated keys are a problem.
    YAML::Node value(const YAML::Node& map, const std::string& key, const std::string& where) {
        YAML::Node found(YAML::NodeType::Undefined);
        if (!map.IsMap()) return found;
        for (const auto& entry : map) {
            if (!entry.first.IsScalar() || entry.first.Scalar() != key) continue;
            if (found.IsDefined()) problem(place(entry.first, where), "repeated key " + key);
            found.reset(entry.second);
        }
        return found;
    }

    Components readRoot(const YAML::Node& root) {
        const YAML::Node ert = value(root, "ERT", "");
        if (!ert.IsDefined() || !ert.IsMap()) fail("", "expected a map ERT: with version and tables");
        const YAML::Node version = value(ert, "version", "ERT");
        const std::string number = version.IsDefined() && version.IsScalar() ? version.Scalar() : "none";
        if (number != "0.3" && number != "0.4")
            problem(place(ert, "ERT/version"), fmt::format("expected 0.3 or 0.4, found {}", number));
        const YAML::Node tables = value(ert, "tables", "ERT");
        if (!tables.IsDefined() || !tables.IsSequence()) fail("ERT/tables", "expected a list of tables");
        Components out;
        for (const YAML::Node& table : tables) readTable(table, out);
        return out;
    }

    void readTable(const YAML::Node& table, Components& out) {
        const YAML::Node name = value(table, "name", "ERT/tables");
        if (!name.IsDefined() || !name.IsScalar() || name.Scalar().empty())
            return problem(place(table, "ERT/tables"), "a table without a name");
        Component component{name.Scalar(), {}};
        const YAML::Node actions = value(table, "actions", component.full_name);
        if (!actions.IsDefined() || !actions.IsSequence())
            return problem(place(table, component.full_name), "expected a list of actions");
        std::set<std::pair<std::string, std::string>> seen;
        for (const YAML::Node& action : actions) readAction(action, component, seen);
        const auto [at, added] = out.emplace(lastPart(component.full_name), component);
        if (!added)
            problem(place(table, component.full_name),
                    fmt::format("a second table for {} after {}", at->first, at->second.full_name));
    }

    void readAction(const YAML::Node& action, Component& component,
                    std::set<std::pair<std::string, std::string>>& seen) {
        const YAML::Node name = value(action, "name", component.full_name);
        if (!name.IsDefined() || !name.IsScalar())
            return problem(place(action, component.full_name), "an action without a name");
        const std::string where = component.full_name + "/" + name.Scalar();
        if (!seen.emplace(name.Scalar(), argumentsText(value(action, "arguments", where), where)).second)
            return problem(place(action, where), "the action is there twice with the same arguments");
        const YAML::Node energy = value(action, "energy", where);
        double pj = 0;
        if (!energy.IsDefined()) return problem(place(action, where), "energy is missing");
        if (!energy.IsScalar() || !YAML::convert<double>::decode(energy, pj) || !std::isfinite(pj) || pj < 0)
            return problem(place(energy, where), fmt::format("expected an energy of at least 0 pJ, found {}",
                                                             energy.IsScalar() ? energy.Scalar() : "no plain value"));
        double& price = component.actions[name.Scalar()];
        price = std::max(price, pj);
    }

    std::string argumentsText(const YAML::Node& arguments, const std::string& where) {
        std::string text;
        if (!arguments.IsDefined() || arguments.IsNull()) return text;
        if (!arguments.IsMap())
            problem(place(arguments, where), "expected a map of arguments");
        else
            for (const auto& entry : arguments) {
                if (!entry.first.IsScalar() || !entry.second.IsScalar()) {
                    problem(place(arguments, where), "expected plain values as arguments");
                    break;
                }
                text += entry.first.Scalar() + "=" + entry.second.Scalar() + "\n";
            }
        return text;
    }

    std::filesystem::path file_;
    std::vector<base::Problem> problems_;
};

std::string lowerCase(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return text;
}

/// The table of the MACs: the one called so, else the only one that computes.
Components::const_iterator findMacs(const Components& components, const Architecture& architecture) {
    auto found = components.end();
    for (auto at = components.begin(); at != components.end(); ++at)
        if (lowerCase(at->first) == "mac" && architecture.find(at->first) < 0) return at;
    for (auto at = components.begin(); at != components.end(); ++at) {
        if (!at->second.computes() || architecture.find(at->first) >= 0) continue;
        if (found != components.end()) return components.end();
        found = at;
    }
    return found;
}

void setPrices(TableReader& reader, const Component& component, MemoryLevel& level) {
    const auto set = [&](const char* what, std::initializer_list<std::string_view> names, double& price) {
        if (const std::optional<double> pj = component.find(names))
            price = *pj;
        else
            reader.problem(component.full_name,
                           fmt::format("no action for {}; expected {}", what, fmt::join(names, " or ")));
    };
    set("read", {"read", "random_read"}, level.energy.read_pj);
    set("fill", {"fill", "random_fill", "write", "random_write"}, level.energy.fill_pj);
    set("update", {"update", "random_update", "write", "random_write"}, level.energy.update_pj);
}

}  // namespace

std::vector<std::string> applyEnergyTable(const std::filesystem::path& file, Architecture& architecture) {
    TableReader reader(file);
    const Components components = reader.read();
    Architecture changed = architecture;
    std::set<std::string> used;
    std::vector<std::string> names, unused;
    for (const auto& [name, component] : components) names.push_back(name);
    const auto missing = [&](const std::string& name) {
        const std::string near = base::nearest(name, names);
        reader.problem("ERT/tables", fmt::format("no table for {} of architecture {}{}", name, architecture.name,
                                                 near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    };
    for (MemoryLevel& level : changed.levels) {
        const auto at = components.find(level.name);
        if (at != components.end()) used.insert(at->first);
        if (!level.stores()) continue;
        if (at == components.end())
            missing(level.name);
        else
            setPrices(reader, at->second, level);
    }
    const auto macs = findMacs(components, architecture);
    if (macs == components.end()) {
        missing("mac");
    } else {
        used.insert(macs->first);
        const std::optional<double> pj = macs->second.find({kMacActions[0], kMacActions[1], kMacActions[2]});
        if (pj)
            changed.mac_energy_pj = *pj;
        else
            reader.problem(macs->second.full_name,
                           fmt::format("no action for a MAC; expected {}", fmt::join(kMacActions, " or ")));
    }
    reader.finish();
    architecture = std::move(changed);
    for (const auto& [name, component] : components)
        if (!used.count(name)) unused.push_back(component.full_name);
    return unused;
}

// ------------------------------------------------------------------------------------------------ spreadsheets

namespace {

/// A field of RFC 4180: in quotes where it holds a comma, a quote or an end of line.
std::string field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}
/// Whole numbers in full, others with all their digits.
std::string field(double value) {
    return value == std::floor(value) && std::abs(value) < 1e16 ? fmt::format("{:.0f}", value)
                                                                : fmt::format("{}", value);
}

}  // namespace

void Spreadsheet::row(const std::vector<std::string>& fields) {
    text_ += fmt::format("{}\r\n", fmt::join(fields, ","));
}

void Spreadsheet::add(const std::string& name, int64_t count, const Architecture& architecture, const Mapping& mapping,
                      const Evaluation& evaluation) {
    const std::string first = field(name), times = field(double(count)), on = field(architecture.name);
    for (int l = 0; l < architecture.levelCount(); ++l) {
        const MemoryLevel& level = architecture.levels[l];
        const double instances = evaluation.access.instances[l];
        for (int t = 0; t < kTensors; ++t) {
            if (!mapping.levels[l].keeps[t]) continue;
            const TensorCounts<double>& words = evaluation.access.counts[l][t];
            const Rates<double>::Level price{0, 0, level.energy.read_pj, level.energy.fill_pj, level.energy.update_pj};
            row({first, times, on, field(level.name), std::string(kTensorNames[t]), field(words.tile_words),
                 field(instances), field(words.reads * instances), field(words.fills * instances),
                 field(words.updates * instances), "", field(wordsEnergyPj(words, instances, price)),
                 field(evaluation.level_cycles[l]), ""});
        }
    }
    const double macs = evaluation.macs;
    row({first, times, on, "MAC", "", "", field(evaluation.access.pes), "", "", "", field(macs),
         field(macs * architecture.mac_energy_pj), field(evaluation.access.compute_cycles), ""});
    row({first, times, on, "total", "", "", "", "", "", "", field(macs), field(evaluation.energy_pj),
         field(evaluation.cycles), field(evaluation.edp())});
    count_ += count;
    macs_ += double(count) * macs;
    energy_pj_ += double(count) * evaluation.energy_pj;
    cycles_ += double(count) * evaluation.cycles;
}

void Spreadsheet::addTotal(const std::string& name) {
    row({field(name), field(double(count_)), "", "total", "", "", "", "", "", "", field(macs_), field(energy_pj_),
         field(cycles_), field(energy_pj_ * cycles_)});
}

}  // namespace dna::costmodel::loopnest
