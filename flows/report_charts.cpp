#include "flows/report_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "flows/report_html.h"

namespace dna::flows::report {
namespace {

constexpr const char* kInk = "#1c2430";
constexpr const char* kSoft = "#5b6675";
constexpr const char* kGrid = "#e6eaef";

std::string text(double x, double y, const std::string& content, const char* anchor = "start", double size = 11.5, const char* colour = kSoft,
                 const char* extra = "") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n", x, y, anchor, size, colour,
                       extra, escaped(content));
}

std::string begin(double width, double height, const std::string& title) {
    return fmt::format("<svg viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" aria-label=\"{2}\" "
                       "xmlns=\"http://www.w3.org/2000/svg\">\n", width, height, escaped(title));
}

/// 1, 2 or 5 times a power of ten, so that about `count` steps cover the range.
double niceStep(double range, int count) {
    if (!(range > 0)) return 1;
    const double raw = range / count, power = std::pow(10.0, std::floor(std::log10(raw))), lead = raw / power;
    return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

std::string tick(double value) {
    const double size = std::abs(value);
    if (size >= 1e6) return fmt::format("{:g} M", value / 1e6);
    if (size >= 1e4) return fmt::format("{:g} k", value / 1e3);
    return fmt::format("{:.6g}", value);
}

/// Maps data to the picture.
struct Scale {
    double low, high, from, to;
    bool log = false;
    double operator()(double value) const {
        const auto f = [&](double v) { return log ? std::log10(std::max(v, 1e-300)) : v; };
        return high > low ? from + (to - from) * (f(value) - f(low)) / (f(high) - f(low)) : from;
    }
};

std::string legend(const std::vector<std::string>& names, double x, double y) {
    std::string out;
    for (size_t i = 0; i < names.size(); ++i) {
        out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{}\"/>\n", x, y - 9, palette()[i % palette().size()]);
        out += text(x + 14, y, names[i], "start", 11.5, kInk);
        x += 26 + 6.6 * static_cast<double>(names[i].size());
    }
    return out;
}

struct Range {
    double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
    void add(double v) {
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    }
};

std::vector<double> ticksOf(const Range& range, bool log, int count) {
    std::vector<double> out;
    if (log) {
        for (int e = static_cast<int>(std::floor(std::log10(range.low))); e <= static_cast<int>(std::ceil(std::log10(range.high))); ++e)
            for (const double lead : {1.0, 2.0, 5.0})
                if (const double v = lead * std::pow(10.0, e); v >= range.low * 0.999 && v <= range.high * 1.001) out.push_back(v);
        if (out.size() >= 2) return out;
        out.clear();
    }
    const double step = niceStep(range.high - range.low, count);
    for (double k = std::ceil(range.low / step - 1e-9); k * step <= range.high + 1e-9 * step; ++k) out.push_back(k * step + 0.0);  // no minus zero
    return out;
}

/// What stacked and grouped bars share: names at the left, an axis on top.
struct BarFrame {
    double left = 0, right = 0, top = 58, row = 19;
    Scale scale{};
    std::string svg;
};

BarFrame barFrame(const ChartOptions& options, const std::vector<std::string>& names, const std::vector<BarRow>& rows, double highest, double row_height) {
    BarFrame frame;
    size_t longest = 4, note = 0;
    for (const BarRow& row : rows) longest = std::max(longest, row.label.size()), note = std::max(note, row.note.size());
    frame.left = std::min(14 + 6.3 * static_cast<double>(longest), 260.0);
    frame.right = options.width - 12 - 6.0 * static_cast<double>(note);
    frame.row = row_height;
    const double step = niceStep(highest, 6);
    frame.scale = {0, highest > 0 ? highest : 1, frame.left, frame.right};
    const double height = frame.top + row_height * static_cast<double>(rows.size()) + 10;
    frame.svg = begin(options.width, height, options.title) + text(0, 14, options.title, "start", 13, kInk, " font-weight=\"600\"");
    frame.svg += legend(names, 0, 33);
    for (double v = 0; v <= highest * 1.0001 && highest > 0; v += step) {
        const double x = frame.scale(v);
        frame.svg += fmt::format("<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"{3}\"/>\n", x, frame.top - 4, height - 8, kGrid);
        frame.svg += text(x, frame.top - 8, tick(v), "middle", 10.5);
    }
    frame.svg += text(frame.right, 14, options.x_label, "end", 11.5);
    return frame;
}

}  // namespace

const std::vector<std::string>& palette() {
    static const std::vector<std::string> colours{"#1f5fa8", "#e08a1e", "#2f8f5b", "#b3443c", "#7a5aa6", "#8a6a4f", "#6b7785", "#c2b22d", "#2aa4b0"};
    return colours;
}

std::vector<std::pair<double, double>> smoothed(const std::vector<std::pair<double, double>>& points, int window) {
    std::vector<std::pair<double, double>> out;
    const int n = static_cast<int>(points.size()), half = window / 2;
    for (int i = 0; i < n; ++i) {
        double sum = 0;
        const int low = std::max(0, i - half), high = std::min(n - 1, i + half);
        for (int k = low; k <= high; ++k) sum += points[static_cast<size_t>(k)].second;
        out.emplace_back(points[static_cast<size_t>(i)].first, sum / (high - low + 1));
    }
    return out;
}

std::string lineChart(const ChartOptions& options, const std::vector<Series>& series) {
    Range x, y;
    for (const Series& one : series)
        for (const auto& [px, py] : one.points) x.add(px), y.add(py);
    if (x.low > x.high) return "";
    if (options.y_from_zero) y.add(0);
    if (!options.log_y) y.high += 0.04 * (y.high - y.low), y.low -= options.y_from_zero ? 0 : 0.04 * (y.high - y.low);
    if (y.high <= y.low) y.high = y.low + 1;
    const double left = 58, right = options.width - 14, top = 46, bottom = options.height - 38;
    const Scale sx{x.low, x.high, left, right}, sy{y.low, y.high, bottom, top, options.log_y};
    std::string svg = begin(options.width, options.height, options.title) + text(0, 14, options.title, "start", 13, kInk, " font-weight=\"600\"");
    for (const double v : ticksOf(y, options.log_y, 5)) {
        svg += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", left, sy(v), right, sy(v), kGrid);
        svg += text(left - 7, sy(v) + 4, tick(v), "end", 10.5);
    }
    for (const double v : ticksOf(x, false, 6)) svg += text(sx(v), bottom + 16, tick(v), "middle", 10.5);
    svg += fmt::format("<line x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\" stroke=\"{3}\"/>\n", left, bottom, right, kSoft);
    svg += text((left + right) / 2, options.height - 6, options.x_label, "middle");
    svg += text(right, 14, options.y_label, "end");
    std::vector<std::string> names;
    for (const Series& one : series)
        if (!one.faint) names.push_back(one.name);
    if (names.size() > 1) svg += legend(names, 0, 33);
    size_t colour = 0;
    for (const Series& one : series) {
        std::string path;
        for (const auto& [px, py] : one.points)
            if (std::isfinite(py)) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", sx(px), sy(py));
        svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-opacity=\"{}\" stroke-linejoin=\"round\"/>\n", path,
                           palette()[colour % palette().size()], one.faint ? 1 : 1.8, one.faint ? 0.25 : 1.0);
        if (!one.faint) ++colour;
    }
    return svg + "</svg>\n";
}

std::string stackedBars(const ChartOptions& options, const std::vector<std::string>& parts, const std::vector<BarRow>& rows) {
    double highest = 0;
    for (const BarRow& row : rows) {
        double sum = 0;
        for (const double v : row.values) sum += v;
        highest = std::max(highest, sum);
    }
    BarFrame frame = barFrame(options, parts, rows, highest, 19);
    double y = frame.top;
    for (const BarRow& row : rows) {
        frame.svg += text(frame.left - 7, y + 13, row.label, "end", 11.5, kInk);
        double sum = 0;
        for (size_t i = 0; i < row.values.size(); ++i) {
            const double from = frame.scale(sum), to = frame.scale(sum += row.values[i]);
            if (to - from < 0.05) continue;
            frame.svg += fmt::format("<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"14\" fill=\"{}\"><title>{}: {} {}</title></rect>\n", from, y + 2,
                                     to - from, palette()[i % palette().size()], escaped(row.label + ", " + parts[i]), numberText(row.values[i]),
                                     escaped(options.x_label));
        }
        if (!row.note.empty()) frame.svg += text(frame.scale(sum) + 6, y + 13, row.note, "start", 11);
        y += frame.row;
    }
    return frame.svg + "</svg>\n";
}

std::string groupedBars(const ChartOptions& options, const std::vector<std::string>& series, const std::vector<BarRow>& rows) {
    double highest = 0;
    for (const BarRow& row : rows)
        for (const double v : row.values) highest = std::max(highest, v);
    const double thick = 7, row_height = thick * static_cast<double>(series.size()) + 7;
    BarFrame frame = barFrame(options, series, rows, highest, row_height);
    double y = frame.top;
    for (const BarRow& row : rows) {
        frame.svg += text(frame.left - 7, y + row_height / 2 + 2, row.label, "end", 11.5, kInk);
        double end = frame.left;
        for (size_t i = 0; i < row.values.size(); ++i) {
            end = std::max(end, frame.scale(row.values[i]));
            frame.svg += fmt::format("<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{}\" fill=\"{}\"><title>{}: {}</title></rect>\n", frame.left,
                                     y + thick * static_cast<double>(i), std::max(frame.scale(row.values[i]) - frame.left, 0.0), thick - 0.5,
                                     palette()[i % palette().size()], escaped(row.label + ", " + series[i]), numberText(row.values[i], 9));
        }
        if (!row.note.empty()) frame.svg += text(end + 6, y + row_height / 2 + 2, row.note, "start", 11);
        y += row_height;
    }
    return frame.svg + "</svg>\n";
}

std::string heatMap(const std::string& title, const std::vector<std::string>& rows, const std::vector<std::string>& columns,
                    const std::vector<std::vector<double>>& values, const std::vector<int>& marked) {
    size_t longest = 0;
    for (const std::string& row : rows) longest = std::max(longest, row.size());
    const double left = std::max(62.0, 14 + 7.0 * static_cast<double>(longest)), top = 44, cell_width = 66, cell_height = 22;
    std::string svg = begin(left + cell_width * static_cast<double>(columns.size()) + 4, top + cell_height * static_cast<double>(rows.size()) + 6,
                            title);
    svg += text(0, 14, title, "start", 13, kInk, " font-weight=\"600\"");
    for (size_t c = 0; c < columns.size(); ++c) svg += text(left + cell_width * (static_cast<double>(c) + 0.5), top - 7, columns[c], "middle", 11);
    for (size_t r = 0; r < rows.size(); ++r) {
        const double y = top + cell_height * static_cast<double>(r);
        svg += text(left - 8, y + 15, rows[r], "end", 11.5, kInk);
        for (size_t c = 0; c < columns.size() && c < values[r].size(); ++c) {
            const double share = std::clamp(values[r][c], 0.0, 1.0), x = left + cell_width * static_cast<double>(c);
            const bool chosen = r < marked.size() && marked[r] == static_cast<int>(c);
            svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"#1f5fa8\" fill-opacity=\"{:.3f}\" stroke=\"{}\" stroke-width=\"{}\"/>\n",
                               x + 1, y + 1, cell_width - 2, cell_height - 2, 0.04 + 0.96 * share, chosen ? "#e08a1e" : "none", chosen ? 2 : 0);
            svg += text(x + cell_width / 2, y + 15, fmt::format("{:.0f} %", 100 * share), "middle", 10.5, share > 0.5 ? "#ffffff" : kSoft);
        }
    }
    return svg + "</svg>\n";
}

}  // namespace dna::flows::report
