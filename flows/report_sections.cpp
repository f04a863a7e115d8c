// Head of the report and what is measured beside what was promised.
#include "flows/report_sections.h"

#include <fmt/format.h>

#include <cmath>

#include "flows/report_diagram.h"
#include "flows/report_html.h"

namespace dna::flows::report {
namespace {

std::string percent(double share) { return std::isfinite(share) ? fmt::format("{:.2f} %", 100 * share) : "-"; }

std::string title(const RunData& run) {
    const std::string name = text(run.config, {"name"});
    return name.empty() ? "Accelerator" : name;
}

/// Chip energy as measured, where synthesis has run with counters; else as the model has it.
struct Headline {
    double cycles, cycles_model, area, area_model, chip_mj, chip_model_mj, system_mj, latency_ms, clock_mhz;
    bool measured;
};

Headline headline(const RunData& run) {
    const base::Json& ppa = mainPpa(run);
    Headline h{};
    h.cycles = number(run.verify, {"totals", "cycles_rtl"});
    h.cycles_model = number(run.cost, {"totals", "latency_cycles"});
    h.area = number(ppa, {"area_um2", "synth"});
    h.area_model = number(run.cost, {"totals", "area_um2"});
    h.chip_mj = number(ppa, {"energy_mj", "measured"});
    h.chip_model_mj = number(run.cost, {"totals", "energy_mj", "chip"});
    h.measured = std::isfinite(h.chip_mj);
    const double dram_mj = number(run.cost, {"totals", "energy_mj", "system"}) - h.chip_model_mj;
    h.system_mj = (h.measured ? h.chip_mj : h.chip_model_mj) + dram_mj;
    h.latency_ms = h.measured ? number(ppa, {"latency_ms"}) : number(run.cost, {"totals", "latency_ms"});
    h.clock_mhz = h.measured ? number(ppa, {"clock", "achieved_mhz"}) : number(run.cost, {"totals", "clock_mhz"});
    return h;
}

std::vector<std::string> row(const std::string& what, double model, double measured, const std::string& unit, const std::string& how) {
    return {what, numberText(model), numberText(measured), changeText(model, measured), unit, how};
}

}  // namespace

std::string headSection(const RunData& run) {
    const Headline h = headline(run);
    const base::Json& accuracy = at(run.result, {"accuracy"});
    const std::string stage = h.measured ? "synthesis" : "target";
    std::string html = fmt::format("<header><h1>{}</h1><p>Network and accelerator searched together, emitted as Verilog{}{}.</p></header>\n", escaped(title(run)),
                                   run.verify.is_null() ? "" : ", verified in simulation", run.ppa.empty() ? "" : ", mapped to cells");
    std::vector<Tile> list;
    if (accuracy.is_object())
        list.push_back({"Accuracy", percent(quantizedAccuracy(run)), "",
                        fmt::format("{}; float {}; {} test pictures", escaped(quantizedName(run)), percent(number(accuracy, {"float"})), numberText(number(accuracy, {"test_pictures"})))});
    if (!run.verify.is_null()) {
        const bool exact = number(run.verify, {"mismatches"}) == 0;
        list.push_back({"Bit-exact", exact ? "yes" : "NO", "", fmt::format("{} mismatching bytes, {} pictures", numberText(number(run.verify, {"mismatches"})),
                                                                           numberText(number(run.verify, {"images"})))});
    }
    if (std::isfinite(h.cycles_model))
        list.push_back({"Cycles a picture", numberText(std::isfinite(h.cycles) ? h.cycles : h.cycles_model, 9), "",
                        std::isfinite(h.cycles) ? fmt::format("predicted {}", numberText(h.cycles_model, 9)) : "predicted"});
    if (std::isfinite(h.area_model))
        list.push_back({"Area", numberText((std::isfinite(h.area) ? h.area : h.area_model) * 1e-6), "mm\u00b2",
                        std::isfinite(h.area) ? fmt::format("model {}", numberText(h.area_model * 1e-6)) : "model"});
    if (std::isfinite(h.system_mj)) {
        list.push_back({"Energy a picture", numberText(h.system_mj), "mJ",
                        fmt::format("system; chip {} ({})", numberText(h.measured ? h.chip_mj : h.chip_model_mj), h.measured ? "measured" : "model")});
        list.push_back({"EDP", numberText(h.system_mj * h.latency_ms), "mJ\u00b7ms", fmt::format("system; {} ms a picture", numberText(h.latency_ms))});
        list.push_back({"Clock", numberText(h.clock_mhz), "MHz", "stage: " + stage});
    }
    return html + tiles(list);
}

std::string promiseSection(const RunData& run) {
    const Headline h = headline(run);
    const base::Json& ppa = mainPpa(run);
    if (run.cost.is_null()) return "";
    std::vector<std::vector<std::string>> rows;
    rows.push_back(row("Cycles a picture", h.cycles_model, h.cycles, "", "RTL under Verilator, predictable memory"));
    rows.push_back(row("Latency", number(run.cost, {"totals", "latency_ms"}), number(ppa, {"latency_ms"}), "ms", "measured cycles at the clock achieved after synthesis"));
    rows.push_back(row("Clock", number(run.cost, {"totals", "clock_mhz"}), number(ppa, {"timing", "fmax_mhz"}), "MHz", "model: target; measured: highest clock in OpenSTA, before placement"));
    rows.push_back(row("Area", h.area_model * 1e-6, h.area * 1e-6, "mm\u00b2", "Yosys cell area plus memories"));
    rows.push_back(row("Energy, chip", h.chip_model_mj, h.chip_mj, "mJ", "Liberty data x toggles and counted accesses"));
    rows.push_back(row("EDP, chip", number(run.cost, {"totals", "edp_mj_ms", "chip"}), number(ppa, {"edp_mj_ms", "measured"}), "mJ\u00b7ms", ""));
    rows.push_back(row("Energy, system", number(run.cost, {"totals", "energy_mj", "system"}), h.system_mj, "mJ",
                       "chip plus DRAM; the DRAM part (" + escaped(text(run.cost, {"dram"})) + ") is modelled in both columns"));
    rows.push_back(row("EDP, system", number(run.cost, {"totals", "edp_mj_ms", "system"}), h.system_mj * h.latency_ms, "mJ\u00b7ms", ""));
    std::string html = "<h2>Promised and measured</h2>\n" + table({"", ">model", ">measured", ">difference", "", "how it was measured"}, rows);
    const std::string source = text(run.cost, {"memory_source"});
    html += fmt::format("<p class=\"note\">Technology {}, memories: {}{}.</p>\n", escaped(text(run.cost, {"technology"})), escaped(source),
                        text(ppa, {"memory_note"}).empty() ? "" : " (" + escaped(text(ppa, {"memory_note"})) + ")");
    return html;
}

std::string acceleratorSection(const RunData& run) {
    if (!run.design) return "";
    std::string html = "<h2>The accelerator</h2>\n" + figure(blockDiagram(*run.design), "");
    const base::Json& area = at(run.cost, {"area"});
    if (!area.is_object()) return html;
    std::vector<std::vector<std::string>> rows;
    const double total = number(run.cost, {"totals", "area_um2"});
    for (const auto& [part, value] : area.items())
        if (value.is_number()) rows.push_back({escaped(part), numberText(value.get<double>()), fmt::format("{:.1f} %", 100 * value.get<double>() / total)});
    return html + "<h3>Area by part (model)</h3>\n" + table({"part", ">um\u00b2", ">share"}, rows);
}

std::string repeatSection(const RunData& run) {
    const std::string name = title(run);
    std::string commands;
    if (!run.config.is_null())
        commands = fmt::format("./dna cosearch --config RUN/config.json --out AGAIN   # config.json of this run: {}, seed {}\n", name,
                               numberText(number(run.config, {"seed"})));
    commands += "./dna verify RUN --images 16            # Verilator, every layer byte for byte\n";
    for (const auto& [platform, ppa] : run.ppa) commands += fmt::format("./dna synth RUN --platform {}\n", platform);
    commands += "./dna report RUN\n";
    std::vector<std::vector<std::string>> rows;
    for (const auto& [file, hash] : run.hashes) rows.push_back({escaped(file), "<span class=\"hash\">" + hash + "</span>"});
    if (run.design) rows.push_back({"canonical design", "<span class=\"hash\">" + design::designHash(*run.design) + "</span>"});
    for (const auto& [file, hash] : at(run.config, {"input_sha256"}).items())
        if (hash.is_string()) rows.push_back({"data: " + escaped(file), "<span class=\"hash\">" + escaped(hash.get<std::string>()) + "</span>"});
    std::string versions = "dna " DNA_VERSION;
    const base::Json& tools = at(mainPpa(run), {"tools"});
    if (tools.is_object())
        for (const auto& [tool, version] : tools.items())
            if (tool != "dna" && version.is_string()) versions += ", " + tool + " " + version.get<std::string>();
    return "<h2>How to repeat this run</h2>\n<pre>" + escaped(commands) + "</pre>\n<p class=\"note\">RUN stands for the folder of this page. Versions: " +
           escaped(versions) + ".</p>\n" + table({"file", "SHA-256"}, rows);
}

}  // namespace dna::flows::report
