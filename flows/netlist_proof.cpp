#include "flows/netlist_proof.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "flows/netlist_verilog.h"
#include "flows/yosys.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

// A register `x` becomes an input "x.now" that says what it shows, and an output "x.next" of what it would take.
const char* const kNow = ".now";
const char* const kNext = ".next";

void runYosys(const fs::path& folder, const std::string& name, const std::string& script) {
    base::writeFileAtomic(folder / name, script);
    base::runTool({.command = {"yosys", "-q", "-s", name}, .folder = folder, .timeout_seconds = 1800});
}

/// Takes the registers out of a mapped module; their names.
std::set<std::string> cutRegisters(NetlistModule& module, const Library& library) {
    std::vector<NetlistCell> logic;
    std::set<std::string> registers;
    for (const NetlistCell& cell : module.cells) {
        const LibraryCell& type = library.cells.at(cell.type);
        if (!type.sequential()) {
            logic.push_back(cell);
            continue;
        }
        NetBit data = kUnconnected, shown = kUnconnected;
        for (const LibraryPin& pin : type.pins) {
            const auto connection = cell.connections.find(pin.name);
            if (connection == cell.connections.end() || connection->second.empty()) continue;
            if (pin.direction == LibraryPin::Direction::Output)
                shown = connection->second.front();
            else if (pin.name == "D")
                data = connection->second.front();
        }
        const auto name = module.net_names.find(shown);
        if (name == module.net_names.end() || data == kUnconnected)
            throw base::ToolError(fmt::format("a register of {} has no name or no data input", module.source_name));
        module.ports[name->second + kNow] = {.input = true, .bits = {shown}};
        module.ports[name->second + kNext] = {.input = false, .bits = {data}};
        registers.insert(name->second);
    }
    module.cells = std::move(logic);
    return registers;
}

/// Takes the latches out of a BLIF text. A register may have several names ("chain_o" shows "drain_q"): those of
/// `registers` are used.
class LatchCut {
public:
    LatchCut(const std::string& blif, const std::set<std::string>& registers) : registers_(registers) {
        std::istringstream lines(blif);
        std::string alias_of, alias;
        for (std::string line; std::getline(lines, line);) {
            lines_.push_back(line);
            std::istringstream words(line);
            std::string word, from, to, more;
            words >> word >> from >> to;
            if (line == "1 1" && !alias.empty()) aliases_[alias_of].push_back(alias);
            alias.clear();
            if (word == ".names" && !(words >> more)) alias_of = from, alias = to;
        }
    }

    std::string text() {
        for (const std::string& line : lines_) {
            std::istringstream words(line);
            std::string word, next, shown;
            words >> word >> next >> shown;
            if (word == ".latch")
                cut(next, shown);
            else if (word == ".end")
                rest_ += registers_text_ + line + "\n";
            else
                rest_ += line + "\n";
        }
        append(".inputs", inputs_);
        append(".outputs", outputs_);
        return rest_;
    }

private:
    std::string nameOf(const std::string& shown) {
        if (registers_.count(shown) != 0) return shown;
        for (const std::string& alias : aliases_[shown])
            if (registers_.count(alias) != 0) return alias;
        return shown;
    }
    void cut(const std::string& next, const std::string& shown) {
        const std::string name = nameOf(shown);
        inputs_ += " " + name + kNow;
        outputs_ += " " + name + kNext;
        registers_text_ +=
            fmt::format(".names {0}{2} {1}\n1 1\n.names {4} {0}{3}\n1 1\n", name, shown, kNow, kNext, next);
    }
    void append(const std::string& key, const std::string& names) {
        const size_t place = rest_.find("\n" + key + " ");
        DNA_CHECK(place != std::string::npos, "a BLIF text without " + key);
        rest_.insert(rest_.find('\n', place + 1), names);
    }

    const std::set<std::string>& registers_;
    std::vector<std::string> lines_;
    std::map<std::string, std::vector<std::string>> aliases_;
    std::string inputs_, outputs_, registers_text_, rest_;
};

std::string toBlif(const std::string& module, const std::string& file) {
    return fmt::format("prep -flatten -top {}\ntechmap\nopt_clean\nsplitnets -ports\nwrite_blif {}\n", module, file);
}

}  // namespace

ProofResult proveNetlist(const NetlistProof& proof, const Platform& platform, const PreparedPlatform& prepared,
                         const fs::path& folder, base::Log& log) {
    base::makeFolder(folder);
    base::writeFileAtomic(folder / "rtl.v", proof.mapped_rtl);
    // One module, products written out for cells as in synthesis; registers keep the names of their places
    // ("u_scale.sum_q").
    runYosys(folder, "flat.ys",
             fmt::format("read_verilog -DDNA_CELLS rtl.v\nhierarchy -check -top {}\nproc\nflatten\nopt_clean\n"
                         "write_verilog -noattr flat.v\n",
                         proof.module));
    const YosysOptions options{
        .sources = {folder / "flat.v"}, .top = proof.module, .clock_mhz = platform.clock_mhz, .folder = folder};
    YosysResult mapped = synthesise(options, platform, prepared, log);
    ProofResult result;
    NetlistModule& module = mapped.netlist.modules.at(mapped.netlist.top);
    const std::set<std::string> registers = cutRegisters(module, prepared.library);
    result.registers = long(registers.size());
    result.cells = long(module.cells.size()) + result.registers;
    base::writeFileAtomic(folder / "gate.v", printNetlist(mapped.netlist, prepared.library));
    base::writeFileAtomic(folder / "all_cells.lib", prepared.complete_liberty);
    runYosys(folder, "gate.ys",
             "read_liberty all_cells.lib\nread_verilog gate.v\n" + toBlif(proof.module, "gate.blif"));
    base::writeFileAtomic(folder / "gold.v", proof.proven_rtl);
    runYosys(folder, "gold.ys", "read_verilog gold.v\n" + toBlif(proof.module, "latches.blif"));
    base::writeFileAtomic(folder / "gold.blif", LatchCut(base::readFile(folder / "latches.blif"), registers).text());
    const base::ProcessResult run = base::runProcess(
        {.command = {"yosys-abc", "-c", "cec gold.blif gate.blif"}, .folder = folder, .timeout_seconds = 3600});
    if (run.interrupted) throw base::Interrupted("a proof was interrupted");
    result.equal = run.output.find("Networks are equivalent") != std::string::npos;
    result.different = run.output.find("Networks are NOT EQUIVALENT") != std::string::npos;
    if (!result.equal) result.note = run.timed_out ? "not decided within an hour" : base::lastLines(run.output, 1);
    return result;
}

}  // namespace dna::flows
