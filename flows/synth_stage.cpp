#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "flows/area_per_mac.h"
#include "flows/chip_power.h"
#include "flows/emitted_folder.h"
#include "flows/sta.h"
#include "flows/stages.h"
#include "flows/yosys.h"

namespace dna::flows {
namespace fs = std::filesystem;
namespace {

constexpr int kSyntheticCycles = 64 * 400;

/// A folder that disappears with its owner: unpacked libraries are not left in a run.
class ScratchFolder {
public:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
        base::makeFolder(path_);
    }
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

TimingResult timing(const YosysResult& mapped, const PreparedPlatform& prepared, const YosysOptions& options) {
    StaOptions sta{.netlist_verilog = mapped.netlist_verilog, .liberties = {}, .top = options.top,
                   .period_ns = 1000.0 / options.clock_mhz, .folder = options.folder};
    base::writeFileAtomic(options.folder / "all_cells.lib", prepared.complete_liberty);
    sta.liberties.push_back(options.folder / "all_cells.lib");
    sta.liberties.insert(sta.liberties.end(), mapped.memory_liberties.begin(), mapped.memory_liberties.end());
    return analyseTiming(sta);
}

base::Json memoriesJson(const std::vector<MemoryUse>& uses, const costmodel::MemorySource& memory) {
    base::Json out = base::Json::array();
    for (const MemoryUse& use : uses) {
        const costmodel::MemoryPrice price = costmodel::priceMemory(memory, use.words, use.bits);
        out.push_back({{"words", use.words}, {"bits", use.bits}, {"count", use.count},
                       {"macro", price.macro.empty() ? "law" : price.macro}, {"wide", price.wide}, {"deep", price.deep},
                       {"area_um2", price.area_um2}, {"read_pj", price.read_pj}, {"write_pj", price.write_pj}});
    }
    return out;
}

double memoryArea(const std::vector<MemoryUse>& uses, const costmodel::MemorySource& memory) {
    double area = 0;
    for (const MemoryUse& use : uses) area += use.count * costmodel::priceMemory(memory, use.words, use.bits).area_um2;
    return area;
}

base::Json modulesJson(const std::vector<ModuleArea>& modules) {
    base::Json out = base::Json::array();
    for (const ModuleArea& module : modules)
        out.push_back({{"name", module.module}, {"instances", module.instances}, {"own_area_um2", module.own_um2},
                       {"area_um2", module.total_um2}, {"flip_flops", module.flip_flops}});
    return out;
}

struct EnergyInputs {
    ChipPrices prices;
    std::optional<RunCounters> counters;
    std::optional<ModelFigures> model;
    double clock_mhz = 0;  ///< achieved
};

/// Power, energy, EDP and what they rest on.
void addEnergy(base::Json& json, const EnergyInputs& in) {
    const RunCounters counters = in.counters ? *in.counters : assumedCounters(in.prices);
    const ChipEnergy energy = chipEnergy(in.prices, counters, in.clock_mhz);
    json["power_mw"] = powerJson(energy, in.clock_mhz);
    const double latency_ms = counters.cycles / in.clock_mhz * 1e-3, energy_mj = energy.total() * 1e-9;
    base::Json model_energy = nullptr, model_edp = nullptr;
    if (in.model) model_energy = in.model->energy_mj, model_edp = in.model->edp_mj_ms;
    json["latency_ms"] = in.counters ? base::Json(latency_ms) : base::Json(nullptr);
    json["energy_mj"] = {{"measured", in.counters ? base::Json(energy_mj) : base::Json(nullptr)}, {"model", model_energy}};
    json["edp_mj_ms"] = {{"measured", in.counters ? base::Json(energy_mj * latency_ms) : base::Json(nullptr)}, {"model", model_edp}};
    const double slots = static_cast<double>(in.prices.pes) * counters.cycles;
    json["activity"] = {{"source", in.counters ? "counters of the RTL simulation" : "assumed: every PE busy, one access of every buffer a cycle"},
                        {"pe_operands", in.prices.pe.source},
                        {"pe_utilisation", slots > 0 ? counters.macs / slots : 0.0},
                        {"other_logic_toggles_per_cycle", kAssumedActivity},
                        {"cycles", counters.cycles},
                        {"pe_busy_pj", in.prices.pe.busy.total()},
                        {"pe_idle_pj", in.prices.pe.idle.total()},
                        {"lane_busy_pj", in.prices.lane.busy.total()},
                        {"lane_idle_pj", in.prices.lane.idle.total()},
                        {"other_logic_pj_per_cycle", in.prices.other.total()}};
}

std::vector<PeOperands> traceOf(const EmittedFolder& emitted, std::string& source) {
    for (const fs::path& folder : {emitted.run, emitted.folder}) {
        if (!fs::exists(folder / "pe_trace.txt")) continue;
        source = "operands recorded in the RTL simulation";
        return readPeTrace(folder / "pe_trace.txt");
    }
    source = "synthetic operands";
    return syntheticPeTrace(kSyntheticCycles, 1);
}

/// The model's figures belong to the run's technology: on another platform they would be compared with the wrong thing.
std::optional<ModelFigures> modelFor(const EmittedFolder& emitted, const std::string& platform) {
    std::optional<ModelFigures> model = readModelFigures(emitted.run);
    if (model && !model->technology.empty() && model->technology != platform) model.reset();
    return model;
}

}  // namespace

base::Json synthStage(const SynthStage& options, base::Log& log) {
    const Platform platform = builtinPlatform(options.platform);
    const EmittedFolder emitted = findEmitted(options.folder);
    base::requireProgram("yosys");
    base::requireProgram("sta");
    const fs::path platform_folder = platformFolder(platform, options.pdk_root);
    const PreparedPlatform prepared = preparePlatform(platform, platform_folder);
    const std::optional<ModelFigures> model = modelFor(emitted, platform.name);
    const fs::path out = emitted.run / "synth" / platform.name;
    base::makeFolder(out);
    const ScratchFolder scratch(out / "work");
    YosysOptions yosys{.sources = emitted.sources, .top = emitted.top,
                       .clock_mhz = options.clock_mhz.value_or(model && model->clock_mhz > 0 ? model->clock_mhz : platform.clock_mhz),
                       .folder = scratch.path()};
    const YosysResult mapped = synthesise(yosys, platform, prepared, log);
    log.progress("synthesis", 2, 4, "OpenSTA");
    const TimingResult time = timing(mapped, prepared, yosys);
    log.progress("synthesis", 3, 4, "gate-level activity");
    std::string trace_source;
    const std::vector<PeOperands> trace = traceOf(emitted, trace_source);
    EnergyInputs energy{.prices = chipPrices(mapped, prepared, platform.input_slew_ns, trace, trace_source),
                        .counters = readRunCounters(emitted.run), .model = model,
                        .clock_mhz = std::min(yosys.clock_mhz, time.fmax_mhz)};

    base::Json json = base::makeDocument("ppa");
    json["platform"] = platform.name;
    json["title"] = platform.title;
    json["corner"] = platform.corner;
    json["stage"] = "synthesis";
    json["tools"] = {{"yosys", yosysVersion()}, {"opensta", staVersion()}, {"dna", DNA_VERSION}};
    const std::vector<ModuleArea> modules = moduleAreas(mapped.netlist, mapped.areas, prepared.library);
    const double memory_um2 = memoryArea(mapped.memories, prepared.memory);
    const double total_um2 = modules.empty() ? 0 : [&] {
        double sum = 0;
        for (const ModuleArea& module : modules) sum += module.own_um2;
        return sum;
    }();
    json["area_um2"] = {{"synth", total_um2}, {"logic", total_um2 - memory_um2}, {"memory", memory_um2},
                        {"model", model ? base::Json(model->area_um2) : base::Json(nullptr)}};
    json["area_per_mac"] = areaPerMac(modules, total_um2 - memory_um2, platform.name);
    json["clock"] = {{"target_mhz", yosys.clock_mhz}, {"achieved_mhz", energy.clock_mhz}};
    json["timing"] = {{"period_ns", time.period_ns}, {"wns_ns", time.worst_slack_ns}, {"fmax_mhz", time.fmax_mhz},
                      {"hold_slack_ns", time.hold_slack_ns}, {"startpoint", time.startpoint}, {"endpoint", time.endpoint}};
    addEnergy(json, energy);
    json["memory_source"] = prepared.memory.kind;
    json["memory_note"] = platform.memory_note;
    json["memories"] = memoriesJson(mapped.memories, prepared.memory);
    json["modules"] = modulesJson(modules);
    json["notes"] = {"cell area before placement; timing with an ideal clock and without wires",
                     "energy without wires and without glitches; the clock tree is not part of it"};
    base::writeFileAtomic(out / "netlist.v", base::readFile(mapped.netlist_verilog));
    for (const char* file : {"constraint.sdc", "sta.tcl", "abc.script", "abc_delay.script", "abc_control.script", "memories.v"})
        base::writeFileAtomic(out / file, base::readFile(scratch.path() / file));
    base::writeJson(out / "ppa.json", json);
    log.progress("synthesis", 4, 4);
    return json;
}

}  // namespace dna::flows
