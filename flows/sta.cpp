#include "flows/sta.h"

#include <fmt/format.h>

#include <regex>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"

namespace dna::flows {
namespace {

const std::string kSetupMark = "dna-setup-paths";
const std::string kHoldMark = "dna-hold-paths";

std::string script(const StaOptions& options) {
    std::string text;
    for (const std::filesystem::path& liberty : options.liberties)
        text += fmt::format("read_liberty {{{}}}\n", liberty.filename().string());
    text += fmt::format("read_verilog {{{}}}\nlink_design {}\nread_sdc constraint.sdc\n",
                        options.netlist_verilog.filename().string(), options.top);
    text += fmt::format("puts {}\nreport_checks -path_delay max -path_group clk -digits 4\n", kSetupMark);
    text += fmt::format("puts {}\nreport_checks -path_delay min -path_group clk -digits 4\nexit\n", kHoldMark);
    return text;
}

/// The lines of a log that tell of errors, at most ten.
std::string errorLines(const std::string& output) {
    std::istringstream lines(output);
    std::string out;
    int count = 0;
    for (std::string line; std::getline(lines, line) && count < 10;)
        if (line.find("Error:") != std::string::npos || line.find("syntax error") != std::string::npos) out += line + "\n", ++count;
    return out;
}

/// The worst path between two marks of the output.
TimingPath pathAfter(const std::string& output, const std::string& begin, const std::string& end, const char* what) {
    const size_t from = output.find(begin);
    TimingPath path;
    if (from == std::string::npos ||
        !parseTimingPath(output.substr(from, end.empty() ? std::string::npos : output.find(end, from) - from), path))
        throw base::ToolError(fmt::format("OpenSTA reported no {} path:\n{}", what, base::lastLines(output, 15)));
    return path;
}

}  // namespace

std::string timingConstraints(const std::string& top, double period_ns) {
    return fmt::format(
        "current_design {0}\n"
        "create_clock -name clk -period {1:.4f} [get_ports clk]\n"
        "set data_inputs [all_inputs]\n"
        "set_input_delay {2:.4f} -clock clk $data_inputs\n"
        "set_output_delay {2:.4f} -clock clk [all_outputs]\n"
        "set_false_path -from [get_ports rst_n]\n",
        top, period_ns, 0.2 * period_ns);
}

bool parseTimingPath(const std::string& report, TimingPath& path) {
    static const std::regex start(R"(Startpoint: (\S+))"), end(R"(Endpoint: (\S+))"),
        slack(R"((-?[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?)\s+slack \((?:MET|VIOLATED)\))");
    std::smatch match;
    if (!std::regex_search(report, match, slack)) return false;
    path.slack_ns = std::stod(match[1]);
    if (std::regex_search(report, match, start)) path.startpoint = match[1];
    if (std::regex_search(report, match, end)) path.endpoint = match[1];
    return true;
}

TimingResult analyseTiming(const StaOptions& options) {
    base::requireProgram("sta");
    base::writeFileAtomic(options.folder / "constraint.sdc", timingConstraints(options.top, options.period_ns));
    base::writeFileAtomic(options.folder / "sta.tcl", script(options));
    const base::ProcessResult run = base::runTool(
        {.command = {"sta", "-no_splash", "-exit", "sta.tcl"}, .folder = options.folder, .timeout_seconds = 1800});
    const std::string errors = errorLines(run.output);
    if (!errors.empty()) throw base::ToolError("OpenSTA refused the netlist:\n" + errors);
    const TimingPath setup = pathAfter(run.output, kSetupMark, kHoldMark, "setup");
    const TimingPath hold = pathAfter(run.output, kHoldMark, "", "hold");
    TimingResult result{.period_ns = options.period_ns, .worst_slack_ns = setup.slack_ns, .hold_slack_ns = hold.slack_ns,
                        .startpoint = setup.startpoint, .endpoint = setup.endpoint};
    const double needed = options.period_ns - setup.slack_ns;
    result.fmax_mhz = needed > 0 ? 1000.0 / needed : 0;
    return result;
}

std::string staVersion() {
    const base::ProcessResult run = base::runProcess({.command = {"sta", "-version"}});
    const std::string line = run.output.substr(0, run.output.find('\n'));
    return line.empty() ? "unknown" : line;
}

}  // namespace dna::flows
