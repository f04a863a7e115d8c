// Search, layers, network and synthesis: the parts of the report with charts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/network/space.h"
#include "flows/report_charts.h"
#include "flows/report_html.h"
#include "flows/report_sections.h"

namespace dna::flows::report {
namespace {

using Points = std::vector<std::pair<double, double>>;

/// (iteration, value) of the search records that have both.
Points pointsOf(const RunData& run, const char* phase, const char* x, const char* key, double factor = 1) {
    Points points;
    for (const base::Json& line : run.search)
        if (text(line, {"phase"}) == phase && at(line, {key}).is_number() && at(line, {x}).is_number())
            points.emplace_back(number(line, {x}), factor * number(line, {key}));
    return points;
}

/// At most `limit` points: a chart of 500 pixels shows no more.
Points thinned(const Points& points, size_t limit) {
    if (points.size() <= limit) return points;
    Points out;
    for (size_t i = 0; i < limit; ++i) out.push_back(points[i * (points.size() - 1) / (limit - 1)]);
    return out;
}

std::vector<Series> noisy(const std::string& name, const Points& points) {
    const int window = std::max<int>(static_cast<int>(points.size()) / 40, 1);
    return {{name, thinned(points, 400), true}, {name, thinned(smoothed(points, window), 400)}};
}

void append(std::vector<Series>& to, std::vector<Series> more) {
    for (Series& one : more) to.push_back(std::move(one));
}

/// Names of the operators of the run's space; empty when the space is not built in.
std::vector<std::string> candidateNames(const RunData& run) {
    const std::vector<std::string> known = network::builtinSpaces();
    const std::string space = text(run.config, {"space"});
    std::vector<std::string> names;
    if (std::find(known.begin(), known.end(), space) != known.end())
        for (const auto& candidate : network::readSpace(space).candidates) names.push_back(candidate.name);
    return names;
}

/// The line of the derivation; null when the search has not got there.
const base::Json& derivation(const RunData& run) {
    static const base::Json kNone;
    const auto derive = std::find_if(run.search.begin(), run.search.end(), [](const base::Json& line) { return text(line, {"phase"}) == "derive"; });
    return derive == run.search.end() ? kNone : *derive;
}

std::vector<std::vector<double>> rowsOf(const base::Json& table) {
    std::vector<std::vector<double>> rows;
    for (const base::Json& row : table) {
        rows.emplace_back();
        if (row.is_array())
            for (const base::Json& value : row) rows.back().push_back(value.is_number() ? value.get<double>() : 0);
    }
    return rows;
}

std::vector<std::string> blockNames(size_t blocks) {
    std::vector<std::string> names;
    for (size_t b = 0; b < blocks; ++b) names.push_back(fmt::format("block {}", b + 1));
    return names;
}

std::string probabilityMap(const RunData& run) {
    const base::Json& derive = derivation(run);
    if (!at(derive, {"probabilities"}).is_array()) return "";
    const std::vector<std::vector<double>> values = rowsOf(at(derive, {"probabilities"}));
    std::vector<int> marked;
    for (const base::Json& choice : at(derive, {"choices"})) marked.push_back(choice.is_number_integer() ? choice.get<int>() : -1);
    std::vector<std::string> columns = candidateNames(run);
    if (!values.empty()) columns.resize(values[0].size());
    return figure(heatMap("Probability of every operator at the end of the search", blockNames(values.size()), columns, values, marked),
                  "Outlined: the operator of the derived network, most probable under the limits.");
}

/// Widths of every block's weights: which the derived network has, and how probable each was.
std::string bitTable(const RunData& run) {
    const base::Json& derive = derivation(run);
    const base::Json &bits = at(derive, {"bits"}), &choices = at(derive, {"bit_choices"}), &probabilities = at(derive, {"bit_probabilities"});
    if (!bits.is_array() || !choices.is_array() || !probabilities.is_array()) return "";
    const std::vector<std::vector<double>> widths = rowsOf(choices), shares = rowsOf(probabilities), chosen = rowsOf(base::Json::array({bits}));
    std::vector<std::vector<std::string>> rows;
    for (size_t b = 0; b < std::min({widths.size(), shares.size(), chosen[0].size()}); ++b) {
        std::string all;
        for (size_t i = 0; i < std::min(widths[b].size(), shares[b].size()); ++i)
            all += fmt::format("{}{:.0f} bits: {:.1f} %", i == 0 ? "" : ", ", widths[b][i], 100 * shares[b][i]);
        rows.push_back({fmt::format("block {}", b + 1), fmt::format("{:.0f}", chosen[0][b]), all});
    }
    return "<h3>Bits of the weights</h3>\n" + table({"block", ">bits", "probabilities at the end of the search"}, rows);
}

struct LayerRow {
    std::string name;
    double macs, cycles_model, cycles_rtl, utilization, energy_pj, roofline_share;
    std::string bound;
};

std::vector<LayerRow> layerRows(const RunData& run) {
    std::vector<LayerRow> rows;
    const base::Json& layers = at(run.cost, {"layers"});
    const base::Json& verified = at(run.verify, {"layers"});
    for (size_t i = 0; layers.is_array() && i < layers.size(); ++i) {
        LayerRow row{text(layers[i], {"name"}), number(layers[i], {"macs"}), number(layers[i], {"latency_cycles"}), std::nan(""),
                     number(layers[i], {"utilization"}), number(layers[i], {"energy_pj"}), std::nan(""), ""};
        for (size_t k = 0; verified.is_array() && k < verified.size(); ++k)
            if (text(verified[k], {"name"}) == row.name) {
                row.cycles_model = number(verified[k], {"cycles_model"});
                row.cycles_rtl = number(verified[k], {"cycles_rtl"});
                row.utilization = number(verified[k], {"utilization"});
                row.roofline_share = number(verified[k], {"utilization_of_roofline"});
                row.bound = text(verified[k], {"bound"});
            }
        rows.push_back(row);
    }
    return rows;
}

std::string energyChart(const RunData& run) {
    const base::Json& layers = at(run.cost, {"layers"});
    std::vector<std::string> names;
    std::vector<BarRow> bars;
    double total = 0;
    for (const base::Json& layer : layers) total += number(layer, {"energy_pj"});
    for (const base::Json& layer : layers) {
        BarRow bar{text(layer, {"name"}), {}, fmt::format("{:.1f} %", 100 * number(layer, {"energy_pj"}) / total)};
        names.clear();
        for (const base::Json& level : at(layer, {"levels"})) {
            names.push_back(text(level, {"name"}));
            const double energy = number(level, {"energy_pj"});
            bar.values.push_back(std::isfinite(energy) ? energy * 1e-6 : 0);
        }
        bars.push_back(std::move(bar));
    }
    if (bars.empty()) return "";
    return figure(stackedBars({.title = "One picture, system energy", .x_label = "uJ", .y_label = "", .width = 1060}, names, bars),
                  "System energy of one picture by the cost model: dram, gb (buffers), noc (operand delivery), rf (registers), mac, ppu (requantisation), control, leakage.");
}

std::string cycleChart(const std::vector<LayerRow>& rows) {
    std::vector<BarRow> bars;
    for (const LayerRow& row : rows)
        if (std::isfinite(row.cycles_rtl)) bars.push_back({row.name, {row.cycles_model, row.cycles_rtl}, changeText(row.cycles_model, row.cycles_rtl)});
    if (bars.empty()) return "";
    return figure(groupedBars({.title = "One picture", .x_label = "cycles", .y_label = "", .width = 1060}, {"predicted", "measured in RTL"}, bars),
                  "Right end: measured against predicted.");
}

std::string opText(const network::Node& node) {
    switch (node.op) {
        case network::Op::Conv2d:
            return fmt::format("conv {0}x{0}{1}{2}{3}{4}", node.kernel, node.stride > 1 ? fmt::format(", stride {}", node.stride) : "",
                               node.dilation > 1 ? fmt::format(", dilation {}", node.dilation) : "",
                               node.groups > 1 ? fmt::format(", {} groups", node.groups) : "", node.relu6 ? ", ReLU6" : node.relu ? ", ReLU" : "");
        case network::Op::Add: return "add";
        case network::Op::Concat: return fmt::format("concat of {} maps", node.inputs.size());
        case network::Op::ChannelShuffle: return fmt::format("channel shuffle, {} groups", node.groups);
        case network::Op::MaxPool: return fmt::format("max pool {0}x{0}, stride {1}", node.kernel, node.stride);
        case network::Op::AveragePool: return fmt::format("average pool {0}x{0}, stride {1}", node.kernel, node.stride);
        case network::Op::GlobalAveragePool: return "global average pool";
        case network::Op::Linear: return "linear";
        case network::Op::Input: return "input";
    }
    return "";
}

}  // namespace

std::string searchSection(const RunData& run) {
    const Points weight = pointsOf(run, "search", "iteration", "weight_accuracy", 100), logit = pointsOf(run, "search", "iteration", "logit_accuracy", 100);
    const Points training = pointsOf(run, "training", "epoch", "accuracy", 100);
    if (weight.empty() && training.empty() && run.das.is_null()) return "";
    std::string charts;
    if (!weight.empty()) {
        std::vector<Series> accuracy = noisy("weights' half", weight);
        append(accuracy, noisy("logits' half", logit));
        charts += figure(lineChart({.title = "Accuracy of the sampled networks", .x_label = "iteration", .y_label = "%"}, accuracy), "");
        if (const Points bits = pointsOf(run, "search", "iteration", "mean_bits"); !bits.empty())
            charts += figure(lineChart({.title = "Expected bits of the weights", .x_label = "iteration", .y_label = "bits"}, noisy("mean of the blocks with a choice", bits)), "");
        charts += figure(lineChart({.title = "Expected energy of a picture", .x_label = "iteration", .y_label = "uJ"}, noisy("energy", pointsOf(run, "search", "iteration", "energy_pj", 1e-6))), "");
        charts += figure(lineChart({.title = "Expected latency", .x_label = "iteration", .y_label = "thousand cycles"}, noisy("latency", pointsOf(run, "search", "iteration", "latency_cycles", 1e-3))), "");
    }
    Points objective;
    const base::Json& curve = at(run.das, {"curve"});
    if (curve.is_array())
        for (const base::Json& point : curve)
            if (point.is_array() && point.size() >= 3 && point[0].is_number() && point.back().is_number()) objective.emplace_back(point[0], point.back());
    if (objective.size() > 1)
        charts += figure(lineChart({.title = "Accelerator search: best objective so far", .x_label = "evaluations", .y_label = text(run.das, {"objective"}), .log_y = true}, {{"best", objective}}), "");
    if (!training.empty()) charts += figure(lineChart({.title = "Final training", .x_label = "epoch", .y_label = "% of training pictures"}, {{"accuracy", training}}), "");
    return "<h2>The search</h2>\n<div class=\"pair\">" + charts + "</div>\n" + probabilityMap(run) + bitTable(run);
}

std::string layerSection(const RunData& run) {
    const std::vector<LayerRow> rows = layerRows(run);
    if (rows.empty()) return "";
    std::string html = "<h2>Energy per layer and level</h2>\n" + energyChart(run);
    const std::string cycles = cycleChart(rows);
    if (!cycles.empty()) html += "<h2>Cycles predicted and measured</h2>\n" + cycles;
    std::vector<std::vector<std::string>> cells;
    for (const LayerRow& row : rows)
        cells.push_back({escaped(row.name), numberText(row.macs, 9), numberText(row.cycles_model, 9), numberText(row.cycles_rtl, 9),
                         fmt::format("{:.1f} %", 100 * row.utilization), std::isfinite(row.roofline_share) ? fmt::format("{:.1f} %", 100 * row.roofline_share) : "-",
                         escaped(row.bound), numberText(row.energy_pj * 1e-6)});
    return html + table({"layer", ">MACs", ">cycles, model", ">cycles, RTL", ">utilisation", ">of roofline", "bound by", ">energy, uJ"}, cells);
}

std::string networkSection(const RunData& run) {
    if (!run.network) return "";
    const network::Network& net = *run.network;
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < net.nodes.size(); ++i) {
        const network::Node& node = net.nodes[i];
        std::string inputs;
        for (const int input : node.inputs) inputs += (inputs.empty() ? "" : ", ") + net.nodes[static_cast<size_t>(input)].name;
        const auto count = static_cast<double>(network::macs(net, static_cast<int>(i)));
        rows.push_back({escaped(node.name), opText(node), escaped(inputs), fmt::format("{} x {} x {}", node.shape.channels, node.shape.height, node.shape.width),
                        count > 0 ? numberText(count, 9) : "", node.weight_bits > 0 ? fmt::format("{}", node.weight_bits) : ""});
    }
    return fmt::format("<h2>The network</h2>\n<p>{} nodes, {} million MACs a picture.</p>\n", net.nodes.size(), numberText(static_cast<double>(network::macs(net)) * 1e-6)) +
           table({"node", "operation", "from", "output (C x H x W)", ">MACs", ">bits of weights"}, rows);
}

std::string synthesisSection(const RunData& run) {
    std::string html;
    for (const auto& [platform, ppa] : run.ppa) {
        html += fmt::format("<h2>Synthesis on {}</h2>\n<p class=\"note\">{}; stage {}; memories: {}.</p>\n", escaped(platform), escaped(text(ppa, {"title"})),
                            escaped(text(ppa, {"stage"})), escaped(text(ppa, {"memory_source"})));
        std::vector<std::vector<std::string>> rows;
        rows.push_back({"worst slack", numberText(number(ppa, {"timing", "wns_ns"})) + " ns at " + numberText(number(ppa, {"timing", "period_ns"})) + " ns",
                        "highest clock " + numberText(number(ppa, {"timing", "fmax_mhz"})) + " MHz"});
        rows.push_back({"area", numberText(number(ppa, {"area_um2", "logic"})) + " um\u00b2 logic", numberText(number(ppa, {"area_um2", "memory"})) + " um\u00b2 memories"});
        if (std::isfinite(number(ppa, {"area_per_mac", "pe_um2"})))
            rows.push_back({"area per MAC", numberText(number(ppa, {"area_per_mac", "pe_um2"})) + " um\u00b2 in the PE", numberText(number(ppa, {"area_per_mac", "all_logic_um2"})) + " um\u00b2 with all logic"});
        std::string power;
        for (const auto& [part, value] : at(ppa, {"power_mw"}).items())
            if (part != "total" && value.is_number()) power += (power.empty() ? "" : ", ") + part + " " + numberText(value.get<double>(), 3);
        rows.push_back({"power", numberText(number(ppa, {"power_mw", "total"})) + " mW", escaped(power)});
        rows.push_back({"activity", escaped(text(ppa, {"activity", "source"})), escaped(text(ppa, {"activity", "pe_operands"}))});
        html += table({"", "", ""}, rows);
        std::vector<std::vector<std::string>> modules;
        for (const base::Json& module : at(ppa, {"modules"}))
            if (modules.size() < 12)
                modules.push_back({escaped(text(module, {"name"})), numberText(number(module, {"instances"})), numberText(number(module, {"own_area_um2"})),
                                   numberText(number(module, {"area_um2"})), numberText(number(module, {"flip_flops"}))});
        html += "<h3>Largest modules</h3>\n" + table({"module", ">instances", ">own cells, all instances, um\u00b2", ">one instance with all inside, um\u00b2", ">flip-flops"}, modules);
    }
    return html;
}

}  // namespace dna::flows::report
