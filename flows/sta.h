#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dna::flows {

/// A mapped netlist and its libraries for static timing analysis.
struct StaOptions {
    std::filesystem::path netlist_verilog;
    std::vector<std::filesystem::path> liberties;
    std::string top = "dna_top";
    double period_ns = 10;
    std::filesystem::path folder;  ///< gets constraint.sdc and sta.tcl
};

struct TimingResult {
    double period_ns = 0;      ///< asked for
    double worst_slack_ns = 0; ///< setup; positive when met
    double hold_slack_ns = 0;
    double fmax_mhz = 0;       ///< 1 / (period - worst slack)
    std::string startpoint, endpoint;  ///< of the worst setup path
};

/// Setup and hold with an ideal clock and without wires (stage `synthesis`). Throws ToolError.
TimingResult analyseTiming(const StaOptions& options);

/// The constraint file: clock on port `clk`, input and output delays of 20 % of the period.
std::string timingConstraints(const std::string& top, double period_ns);

/// The first path of a report of `report_checks`; false when there is none.
struct TimingPath {
    std::string startpoint, endpoint;
    double slack_ns = 0;
};
bool parseTimingPath(const std::string& report, TimingPath& path);

std::string staVersion();

}  // namespace dna::flows
