#include "flows/liberty.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"

namespace dna::flows {
namespace {

using Templates = std::map<std::string, const LibertyGroup*>;

/// Factors from the file's units to pF, ns, nW, pJ.
struct Units {
    double capacitance_pf = 1, time_ns = 1, leakage_nw = 1, energy_pj = 1;
};

double numberOf(const std::string& text, double fallback = 0) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    return end == text.c_str() || !std::isfinite(value) ? fallback : value;
}

std::vector<double> numbersOf(const std::string& text) {
    std::string spaced = text;
    std::replace(spaced.begin(), spaced.end(), ',', ' ');
    std::istringstream stream(spaced);
    std::vector<double> out;
    for (double value; stream >> value;) out.push_back(value);
    return out;
}

/// "10ps" -> 10 x prefix relative to `wanted` ('n' for ns), e.g. 0.01.
double scaleOf(const std::string& text, char wanted) {
    static const std::map<char, int> exponents{{'f', -15}, {'p', -12}, {'n', -9}, {'u', -6}, {'m', -3}};
    size_t letter = 0;
    while (letter < text.size() && !std::isalpha(static_cast<unsigned char>(text[letter]))) ++letter;
    const double factor = numberOf(text, 1.0);
    const auto found = letter + 1 < text.size() ? exponents.find(static_cast<char>(std::tolower(text[letter]))) : exponents.end();
    const int exponent = found == exponents.end() ? 0 : found->second;
    return factor * std::pow(10.0, exponent - exponents.at(wanted));
}

Units unitsOf(const LibertyGroup& library) {
    Units units;
    for (const auto& attribute : library.attributes) {
        if (attribute.name == "capacitive_load_unit" && attribute.values.size() == 2)
            units.capacitance_pf = numberOf(attribute.values[0], 1) * scaleOf("1" + attribute.values[1], 'p');
        if (attribute.values.empty()) continue;
        if (attribute.name == "time_unit") units.time_ns = scaleOf(attribute.values[0], 'n');
        if (attribute.name == "leakage_power_unit") units.leakage_nw = scaleOf(attribute.values[0], 'n');
    }
    // Liberty: the unit of internal energy is capacitance unit x (voltage unit)^2, the voltage unit 1 V here.
    const double volts = library.value("voltage_unit").empty() ? 1.0 : scaleOf(library.value("voltage_unit"), 'm') * 1e-3;
    units.energy_pj = units.capacitance_pf * volts * volts;
    return units;
}

/// Sets the table's axis of `variable`, which stands at `position` (1 or 2) of the template.
void setAxis(EnergyTable& table, const std::string& variable, std::vector<double> index, const Units& units,
             std::vector<bool>& slew_first, int position) {
    const bool is_load = variable.find("capacitance") != std::string::npos;
    for (double& value : index) value *= is_load ? units.capacitance_pf : units.time_ns;
    (is_load ? table.load : table.slew) = std::move(index);
    if (position == 1) slew_first.push_back(!is_load);
}

EnergyTable tableOf(const LibertyGroup& group, const Templates& templates, const Units& units) {
    EnergyTable table;
    std::vector<bool> slew_first;
    const auto found = templates.find(group.argument());
    for (int position = 1; position <= 2; ++position) {
        const std::string key = "index_" + std::to_string(position);
        const std::string variable = found == templates.end() ? "" : found->second->value("variable_" + std::to_string(position));
        std::string index = group.value(key);
        if (index.empty() && found != templates.end()) index = found->second->value(key);
        if (!variable.empty() && !index.empty()) setAxis(table, variable, numbersOf(index), units, slew_first, position);
    }
    for (const auto& attribute : group.attributes)
        if (attribute.name == "values")
            for (const std::string& row : attribute.values)
                for (const double value : numbersOf(row)) table.values.push_back(value * units.energy_pj);
    const size_t slews = std::max<size_t>(table.slew.size(), 1), loads = std::max<size_t>(table.load.size(), 1);
    if (table.values.size() != slews * loads) {  // a scalar, or a table over something else: its mean
        double sum = 0;
        for (const double value : table.values) sum += value;
        const double mean = table.values.empty() ? 0.0 : sum / static_cast<double>(table.values.size());
        return EnergyTable{{}, {}, {mean}};
    }
    if (!slew_first.empty() && !slew_first.front() && slews > 1 && loads > 1) {
        std::vector<double> turned(table.values.size());
        for (size_t s = 0; s < slews; ++s)
            for (size_t l = 0; l < loads; ++l) turned[s * loads + l] = table.values[l * slews + s];
        table.values = std::move(turned);
    }
    return table;
}

void addEnergy(LibraryPin& pin, const LibertyGroup& group, const Templates& templates, const Units& units) {
    InternalEnergy energy{.related_pin = group.value("related_pin"), .rise = {}, .fall = {}};
    for (const LibertyGroup& table : group.groups) {
        if (table.name == "rise_power" || table.name == "power") energy.rise = tableOf(table, templates, units);
        if (table.name == "fall_power" || table.name == "power") energy.fall = tableOf(table, templates, units);
    }
    pin.energies.push_back(std::move(energy));
}

LibraryPin pinOf(const LibertyGroup& group, const std::string& place, const Templates& templates, const Units& units) {
    LibraryPin pin{.name = group.argument(), .function = {}, .energies = {}};
    const std::string direction = group.value("direction");
    if (direction == "output") pin.direction = LibraryPin::Direction::Output;
    if (direction == "internal") pin.direction = LibraryPin::Direction::Internal;
    pin.capacitance_pf = numberOf(group.value("capacitance")) * units.capacitance_pf;
    pin.clock = group.value("clock") == "true";
    const std::string function = group.value("function");
    if (!function.empty()) pin.function = LogicFunction(function, place + "/" + pin.name);
    for (const LibertyGroup& child : group.groups)
        if (child.name == "internal_power") addEnergy(pin, child, templates, units);
    return pin;
}

FlipFlop flipFlopOf(const LibertyGroup& group, const std::string& place) {
    FlipFlop flop;
    if (!group.arguments.empty()) flop.state = group.arguments[0];
    if (group.arguments.size() > 1) flop.inverse = group.arguments[1];
    const auto function = [&](const char* key) {
        const std::string text = group.value(key);
        return text.empty() ? LogicFunction() : LogicFunction(text, place);
    };
    flop.next_state = function("next_state");
    flop.clocked_on = function("clocked_on");
    flop.clear = function("clear");
    flop.preset = function("preset");
    return flop;
}

LibraryCell cellOf(const LibertyGroup& group, const std::string& file, const Templates& templates, const Units& units) {
    LibraryCell cell{.name = group.argument(), .pins = {}, .flip_flops = {}};
    const std::string place = file + ": cell " + cell.name;
    cell.area_um2 = numberOf(group.value("area"));
    double states = 0, sum = 0;
    for (const LibertyGroup& child : group.groups) {
        if (child.name == "pin" || child.name == "bus") cell.pins.push_back(pinOf(child, place, templates, units));
        if (child.name == "ff") cell.flip_flops.push_back(flipFlopOf(child, place));
        if (child.name == "latch" || child.name == "statetable") cell.latch = true;
        if (child.name == "leakage_power") sum += numberOf(child.value("value")), ++states;
    }
    const double mean = states > 0 ? sum / states : 0;
    cell.leakage_nw = numberOf(group.value("cell_leakage_power"), mean) * units.leakage_nw;
    return cell;
}

/// Position of x between index points: lower point and share of the upper one.
std::pair<size_t, double> between(const std::vector<double>& index, double x) {
    if (index.size() < 2 || x <= index.front()) return {0, 0.0};
    if (x >= index.back()) return {index.size() - 2, 1.0};
    size_t i = 0;
    while (x > index[i + 1]) ++i;
    return {i, (x - index[i]) / (index[i + 1] - index[i])};
}

}  // namespace

double EnergyTable::at(double slew_ns, double load_pf) const {
    if (values.empty()) return 0;
    const auto [s, sf] = between(slew, slew_ns);
    const auto [l, lf] = between(load, load_pf);
    const size_t loads = std::max<size_t>(load.size(), 1);
    const auto value = [&](size_t i, size_t j) {
        return values[std::min(i, std::max<size_t>(slew.size(), 1) - 1) * loads + std::min(j, loads - 1)];
    };
    return (1 - sf) * ((1 - lf) * value(s, l) + lf * value(s, l + 1)) +
           sf * ((1 - lf) * value(s + 1, l) + lf * value(s + 1, l + 1));
}

const LibraryPin* LibraryCell::pin(const std::string& pin_name) const {
    for (const LibraryPin& candidate : pins)
        if (candidate.name == pin_name) return &candidate;
    return nullptr;
}

Library libraryOf(const LibertyGroup& group, const std::string& file) {
    if (group.name != "library") throw base::InputError(file, "", "holds a group \"" + group.name + "\", expected \"library\"");
    Library library{.name = group.argument(), .voltage = numberOf(group.value("nom_voltage")), .cells = {}};
    if (library.voltage <= 0) throw base::InputError(file, "", "states no nom_voltage");
    const Units units = unitsOf(group);
    Templates templates;
    for (const LibertyGroup& child : group.groups)
        if (child.name == "power_lut_template" || child.name == "lu_table_template") templates[child.argument()] = &child;
    for (const LibertyGroup& child : group.groups)
        if (child.name == "cell") library.cells[child.argument()] = cellOf(child, file, templates, units);
    if (library.cells.empty()) throw base::InputError(file, "", "holds no cells");
    return library;
}

Library readLibrary(const std::filesystem::path& file) {
    return libraryOf(parseLiberty(readMaybePacked(file), file.string()), file.string());
}

std::string readMaybePacked(const std::filesystem::path& file) {
    std::string bytes = base::readFile(file);
    if (bytes.size() < 2 || bytes[0] != '\x1f' || bytes[1] != '\x8b') return bytes;
    z_stream stream{};
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw base::ToolError("zlib cannot start");
    std::string out;
    std::vector<char> buffer(1 << 18);
    stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    int status = Z_OK;
    while (status == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = static_cast<uInt>(buffer.size());
        status = inflate(&stream, Z_NO_FLUSH);
        out.append(buffer.data(), buffer.size() - stream.avail_out);
        if (out.size() > size_t{1} << 30) break;
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END) throw base::InputError(file.string(), "", "is damaged: the packed data ends too early or is wrong");
    return out;
}

bool matchesPattern(const std::string& text, const std::string& pattern) {
    size_t t = 0, p = 0, star = std::string::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) ++t, ++p;
        else if (p < pattern.size() && pattern[p] == '*') star = p++, resume = t;
        else if (star != std::string::npos) p = star + 1, t = ++resume;
        else return false;
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

std::string withoutCells(const std::string& text, const LibertyGroup& library, const std::vector<std::string>& patterns) {
    std::string out;
    size_t kept = 0;
    for (const LibertyGroup& child : library.groups) {
        const auto matches = [&](const std::string& pattern) { return matchesPattern(child.argument(), pattern); };
        if (child.name != "cell" || std::none_of(patterns.begin(), patterns.end(), matches)) continue;
        out += text.substr(kept, child.begin - kept);
        kept = child.end;
    }
    return out + text.substr(kept);
}

}  // namespace dna::flows
