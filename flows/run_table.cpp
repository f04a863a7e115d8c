#include "flows/run_table.h"

#include <fmt/format.h>

#include <cmath>

#include "flows/report_data.h"
#include "flows/report_html.h"

namespace dna::flows {
namespace {

using report::number;
using report::numberText;

std::string row(const std::string& what, const std::string& predicted, const std::string& measured, const std::string& note = "") {
    std::string text = fmt::format("  {:<18} {:>16} {:>16}   {}", what, predicted, measured, note);
    while (text.back() == ' ') text.pop_back();
    return text + "\n";
}

std::string percent(double share) { return std::isfinite(share) ? fmt::format("{:.2f} %", 100 * share) : "-"; }

}  // namespace

std::string runTable(const std::filesystem::path& run) {
    const report::RunData data = report::readRunData(run);
    const base::Json& ppa = report::mainPpa(data);
    const std::string stage = report::text(ppa, {"stage"});
    std::string text = row("", "predicted", "measured");
    text += row("accuracy", percent(number(data.result, {"accuracy", "float"})), percent(report::quantizedAccuracy(data)),
                "float, and " + report::quantizedName(data) + " as the chip computes it");
    text += row("mismatches", "0", numberText(number(data.verify, {"mismatches"})),
                fmt::format("every layer of {} pictures, RTL against the network", numberText(number(data.verify, {"images"}))));
    text += row("cycles", numberText(number(data.cost, {"totals", "latency_cycles"}), 9), numberText(number(data.verify, {"totals", "cycles_rtl"}), 9), "a picture, Verilator");
    text += row("clock MHz", numberText(number(data.cost, {"totals", "clock_mhz"})), numberText(number(ppa, {"timing", "fmax_mhz"})), "target; highest after " + stage);
    text += row("area mm2", numberText(1e-6 * number(data.cost, {"totals", "area_um2"})), numberText(1e-6 * number(ppa, {"area_um2", "synth"})),
                report::text(ppa, {"platform"}) + ", memories " + report::text(ppa, {"memory_source"}));
    text += row("energy mJ (chip)", numberText(number(data.cost, {"totals", "energy_mj", "chip"})), numberText(number(ppa, {"energy_mj", "measured"})), "a picture, stage " + stage);
    text += row("EDP mJ ms (chip)", numberText(number(data.cost, {"totals", "edp_mj_ms", "chip"})), numberText(number(ppa, {"edp_mj_ms", "measured"})));
    text += row("energy mJ (system)", numberText(number(data.cost, {"totals", "energy_mj", "system"})), "", "with DRAM, by the model");
    text += row("EDP mJ ms (system)", numberText(number(data.cost, {"totals", "edp_mj_ms", "system"})), "");
    return text + "\n  report: " + (run / "report.html").string() + "\n";
}

}  // namespace dna::flows
