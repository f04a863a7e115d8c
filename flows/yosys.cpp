#include "flows/yosys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "flows/combinational_loops.h"
#include "flows/netlist_verilog.h"

namespace dna::flows {
namespace {

const char* const kMemoryModule = "dna_sram_sp";
const char* const kElaborated = "elaborated.json";
const char* const kAreaScript = "abc.script";
const char* const kDelayScript = "abc_delay.script";
const char* const kControlScript = "abc_control.script";

base::ProcessResult runYosys(const std::filesystem::path& folder, const std::string& script) {
    return base::runTool({.command = {"yosys", "-q", "-s", script}, .folder = folder, .timeout_seconds = 3600});
}

/// `read_verilog` of all sources; without the behavioural memory when `without_memory`. Paths are relative: Yosys names cells
/// after them and sorts by names, so that the place of the folder would change what ABC finds.
std::string readSources(const YosysOptions& options, bool without_memory) {
    std::string text = "read_verilog -DDNA_CELLS";
    for (const std::filesystem::path& source : options.sources)
        if (!without_memory || source.filename() != std::string(kMemoryModule) + ".v")
            text += " \"" + std::filesystem::relative(source, options.folder).string() + "\"";
    return text + "\n";
}

/// Buffers behind gates of a fan-out above 16 (bufferNets does what ABC leaves), then sizes for the period (a tighter target
/// than ABC can reach makes every gate of the path larger and nothing faster).
std::string sizingScript(double period_ns) {
    const int target_ps = static_cast<int>(period_ns * 1000);
    return fmt::format("topo\nbuffer -N 16\nupsize -D {0}\ndnsize -D {0}\nstime\n", target_ps);
}

/// ABC, for area. Without dc2, which turns prefix adders into ripple-carry ones: sizing those for the period costs more than
/// dc2 saves.
std::string areaScript(double period_ns) { return "strash\nifraig\nscorr\ndch -f\namap\n" + sizingScript(period_ns); }

/// ABC, for delay.
std::string delayScript(double period_ns) { return "strash\nifraig\nscorr\n&get -n\n&nf\n&put\n" + sizingScript(period_ns); }

/// Share of the period that a module's gates may take when mapped for area, and that they are sized for: the rest is for
/// flip-flops, and for gates of other modules on the same path.
constexpr double kAreaShare = 0.75;

/// PEs and lanes are mapped as a whole (a product is summed together with what it is added to), and the same however many of
/// them a chip has: their paths end inside them.
constexpr std::array kDatapathModules{"dna_ppu_lane", "dna_pe", "dna_pe_ws", "dna_pe_rs"};

/// Other modules of which the chip has few are control: their paths run through several of them, and their area counts little.
/// Above one share they are mapped for delay, and sized for another one.
constexpr long kFew = 8;
constexpr double kControlShare = 0.3;
constexpr double kControlPeriod = 0.4;

std::string readLiberties(const std::vector<std::string>& memory_liberties) {
    std::string text = "read_liberty -lib cells.lib\n";
    for (const std::string& liberty : memory_liberties) text += "read_liberty -lib " + liberty + "\n";
    return text;
}

/// Everything up to flip-flops of the library; gates are still generic.
std::string synthesisScript(const YosysOptions& options, const std::vector<std::string>& memory_liberties) {
    std::string text = readLiberties(memory_liberties);
    text += "read_verilog memories.v\n" + readSources(options, true);
    // Yosys names a module with parameters $paramod$HASH\NAME or $paramod\NAME\PARAMETER=...
    text += fmt::format("hierarchy -check -top {0}\nproc\nflatten", options.top);
    for (const char* module : kDatapathModules) text += fmt::format(" *{0} *{0}?*=*", module);
    text += "\n";
    return text + fmt::format("synth -noabc -top {}\ndfflibmap -liberty cells.lib\nwrite_rtlil synthesised.il\n", options.top);
}

/// Delay of every module's gates in ps, as ABC reports it after mapping for area.
std::map<std::string, double> moduleDelays(const YosysOptions& options, const std::vector<std::string>& memory_liberties) {
    base::writeFileAtomic(options.folder / "area.ys",
                          readLiberties(memory_liberties) +
                              fmt::format("read_rtlil synthesised.il\ntee -q -o abc.log abc -liberty cells.lib -script {}\n", kAreaScript));
    runYosys(options.folder, "area.ys");
    static const std::regex begin(R"(Extracting gate netlist of module `([^']*(?:'[^']*)*)' to)"), delay(R"(Delay =\s*([0-9.]+) ps)");
    std::map<std::string, double> delays;
    std::istringstream log(base::readFile(options.folder / "abc.log"));
    std::string module;
    for (std::string line; std::getline(log, line);) {
        std::smatch match;
        if (std::regex_search(line, match, begin)) delays[module = match[1]] = 0;
        else if (!module.empty() && std::regex_search(line, match, delay)) delays[module] = std::stod(match[1]);
    }
    return delays;
}

/// Names of the modules of which the chip has few, PEs and lanes apart. Of unknown ones it has one.
class ControlModules {
public:
    explicit ControlModules(const Netlist& elaborated) {
        for (const auto& [name, count] : elaborated.instances()) {
            const std::string& source = elaborated.modules.at(name).source_name;
            const bool datapath = std::find(kDatapathModules.begin(), kDatapathModules.end(), source) != kDatapathModules.end();
            if (datapath || count >= kFew) others_.insert(name);
        }
    }
    /// `module` as Yosys' log writes it.
    bool contains(const std::string& module) const { return !others_.contains(module.substr(module.rfind('\\', 0) == 0 ? 1 : 0)); }

private:
    std::set<std::string> others_;
};

/// A selection of one module: names hold characters that mean something there.
std::string selection(const std::string& module) {
    std::string pattern = module;
    for (char& c : pattern)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '?';
    return " " + pattern;
}

/// Maps the modules that miss their share of the period for delay and all others for area.
std::string mappingScript(const YosysOptions& options, const Platform& platform, const std::vector<std::string>& memory_liberties,
                          const std::map<std::string, double>& delays) {
    const ControlModules few(readNetlist(base::readFile(options.folder / kElaborated), options.top));
    const double period_ps = 1e6 / options.clock_mhz;
    std::map<std::string, std::string> modules;  // by script
    for (const auto& [module, delay] : delays) {
        const bool control = options.has_control && few.contains(module) && delay > kControlShare * period_ps;
        modules[control ? kControlScript : delay > kAreaShare * period_ps ? kDelayScript : kAreaScript] += selection(module);
    }
    std::string text = readLiberties(memory_liberties) + "read_rtlil synthesised.il\n";
    for (const auto& [script, names] : modules) text += fmt::format("abc -liberty cells.lib -script {}{}\n", script, names);
    text += "setundef -zero\n";
    if (platform.tie_high && platform.tie_low)
        text += fmt::format("hilomap -hicell {} {} -locell {} {}\n", platform.tie_high->cell, platform.tie_high->pin,
                            platform.tie_low->cell, platform.tie_low->pin);
    text += "opt_clean -purge\ncheck -assert\n";
    std::string liberties = " -liberty cells.lib";
    for (const std::string& liberty : memory_liberties) liberties += " -liberty " + liberty;
    text += fmt::format("tee -q -o stat.txt stat -top {}{}\n", options.top, liberties);
    return text + "write_json netlist.json\n";
}

/// Writes the Liberty files of the memories in use into the folder; their names.
std::vector<std::string> writeMemoryLiberties(const YosysOptions& options, const std::vector<MemoryUse>& memories,
                                              const Platform& platform, const PreparedPlatform& prepared) {
    if (memories.empty()) return {};
    if (!platform.macros) {
        base::writeFileAtomic(options.folder / "memories.lib", memoryLiberty(memories, platform, prepared.memory));
        return {"memories.lib"};
    }
    std::set<std::string> names;
    for (const MemoryUse& use : memories) names.insert(costmodel::priceMemory(prepared.memory, use.words, use.bits).macro);
    for (const std::string& name : names)
        base::writeFileAtomic(options.folder / (name + ".lib"), prepared.macro_liberty.at(name));
    std::vector<std::string> out;
    for (const std::string& name : names) out.push_back(name + ".lib");
    return out;
}

/// The last "Chip area for top module" (or of a module) that `stat` printed.
double chipArea(const std::string& text) {
    static const std::regex line(R"(Chip area for (?:top )?module '[^']*': ([0-9.eE+-]+))");
    double area = 0;
    for (auto it = std::sregex_iterator(text.begin(), text.end(), line); it != std::sregex_iterator(); ++it)
        area = std::stod((*it)[1]);
    return area;
}

std::map<std::string, double> areasOf(const std::vector<MemoryUse>& memories, const PreparedPlatform& prepared) {
    std::map<std::string, double> areas;
    for (const auto& [name, cell] : prepared.library.cells) areas[name] = cell.area_um2;
    for (const costmodel::MemoryMacro& macro : prepared.memory.macros) areas[macro.name] = macro.area_um2;
    if (prepared.memory.macros.empty())
        for (const MemoryUse& use : memories)
            areas[fmt::format("dna_memory_{}x{}", use.words, use.bits)] =
                costmodel::priceMemory(prepared.memory, use.words, use.bits).area_um2;
    return areas;
}

}  // namespace

std::vector<MemoryUse> memoriesOf(const YosysOptions& options) {
    const std::string script = readSources(options, false) + fmt::format("hierarchy -check -top {}\nproc\nwrite_json {}\n", options.top, kElaborated);
    base::writeFileAtomic(options.folder / "elaborate.ys", script);
    runYosys(options.folder, "elaborate.ys");
    const Netlist netlist = readNetlist(base::readFile(options.folder / kElaborated), options.top);
    std::vector<MemoryUse> uses;
    for (const auto& [name, count] : netlist.instances()) {
        const NetlistModule& module = netlist.modules.at(name);
        if (module.source_name != kMemoryModule) continue;
        const int words = module.parameters.at("WORDS"), bits = module.parameters.at("BITS");
        const auto same = std::find_if(uses.begin(), uses.end(), [&](const MemoryUse& u) { return u.words == words && u.bits == bits; });
        if (same == uses.end()) uses.push_back({words, bits, static_cast<int>(count)});
        else same->count += static_cast<int>(count);
    }
    std::sort(uses.begin(), uses.end(), [](const MemoryUse& a, const MemoryUse& b) {
        return std::pair(a.words, a.bits) < std::pair(b.words, b.bits);
    });
    return uses;
}

namespace {

/// Yosys looks for loops before mapping and module by module only.
void refuseLoops(const YosysResult& mapped, const PreparedPlatform& prepared) {
    std::vector<base::Problem> problems;
    for (const std::string& loop : combinationalLoops(mapped.netlist, prepared.library, mapped.areas))
        problems.push_back({mapped.netlist.top, "", "combinational loop in " + loop});
    if (!problems.empty()) throw base::InputError(std::move(problems));
}

}  // namespace

YosysResult synthesise(const YosysOptions& options, const Platform& platform, const PreparedPlatform& prepared, base::Log& log) {
    base::requireProgram("yosys");
    base::makeFolder(options.folder);
    log.progress("synthesis", 0, 4, "elaborating");
    YosysResult result;
    result.memories = memoriesOf(options);
    base::writeFileAtomic(options.folder / "cells.lib", prepared.synthesis_liberty);
    base::writeFileAtomic(options.folder / "memories.v", memoryWrapper(result.memories, platform, prepared.memory));
    const double period_ns = 1000.0 / options.clock_mhz;
    base::writeFileAtomic(options.folder / kAreaScript, areaScript(kAreaShare * period_ns));
    base::writeFileAtomic(options.folder / kDelayScript, delayScript(period_ns));
    base::writeFileAtomic(options.folder / kControlScript, delayScript(kControlPeriod * period_ns));
    const std::vector<std::string> liberties = writeMemoryLiberties(options, result.memories, platform, prepared);
    log.progress("synthesis", 1, 4, "Yosys maps to " + platform.name);
    base::writeFileAtomic(options.folder / "synth.ys", synthesisScript(options, liberties));
    runYosys(options.folder, "synth.ys");
    base::writeFileAtomic(options.folder / "map.ys", mappingScript(options, platform, liberties, moduleDelays(options, liberties)));
    runYosys(options.folder, "map.ys");
    result.netlist = readNetlist(base::readFile(options.folder / "netlist.json"), options.top);
    result.netlist_verilog = options.folder / "netlist.v";
    result.areas = areasOf(result.memories, prepared);
    refuseLoops(result, prepared);
    result.buffers = bufferNets(result.netlist, prepared.library, platform.buffer);
    base::writeFileAtomic(result.netlist_verilog, printNetlist(result.netlist, prepared.library));
    for (const std::string& liberty : liberties) result.memory_liberties.push_back(options.folder / liberty);
    result.yosys_area_um2 = chipArea(base::readFile(options.folder / "stat.txt"));
    return result;
}

std::string yosysVersion() {
    const std::string text = base::runTool({.command = {"yosys", "-V"}}).output;
    std::smatch match;
    return std::regex_search(text, match, std::regex(R"(Yosys ([^\s]+))")) ? match[1].str() : "unknown";
}

}  // namespace dna::flows
