#include "flows/report_html.h"

#include <fmt/format.h>

#include <cmath>

namespace dna::flows::report {

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') out += "&amp;";
        else if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '"') out += "&quot;";
        else out += c;
    }
    return out;
}

std::string numberText(double value, int digits) {
    if (!std::isfinite(value)) return "-";
    const double size = std::abs(value);
    if (size != 0 && (size < 1e-3 || size >= 1e9)) return fmt::format("{:.{}g}", value, digits);
    const int before = size > 0 ? static_cast<int>(std::floor(std::log10(size))) + 1 : 1;  // digits before the point; below 1: zeros behind it
    const int decimals = value == std::floor(value) ? 0 : std::max(digits - before, 0);
    std::string text = fmt::format("{:.{}f}", value, decimals);
    const size_t point = std::min(text.find('.'), text.size());
    for (size_t at = point; at > 3 + (value < 0 ? 1u : 0u); at -= 3) text.insert(at - 3, ",");
    return text;
}

std::string changeText(double from, double to) {
    return from == 0 || !std::isfinite(from) || !std::isfinite(to) ? "-" : fmt::format("{:+.1f} %", 100.0 * (to - from) / from);
}

std::string table(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows) {
    std::string text = "<div class=\"scroll\"><table>\n<thead><tr>";
    const auto number = [&](size_t i) { return i < columns.size() && !columns[i].empty() && columns[i][0] == '>'; };
    for (size_t i = 0; i < columns.size(); ++i)
        text += fmt::format("<th{}>{}</th>", number(i) ? " class=\"n\"" : "", columns[i].substr(number(i) ? 1 : 0));
    text += "</tr></thead>\n<tbody>\n";
    for (const auto& row : rows) {
        text += "<tr>";
        for (size_t i = 0; i < row.size(); ++i)
            text += fmt::format("<td{}>{}</td>", number(i) ? " class=\"n\"" : row[i].size() > 90 ? " class=\"wrap\"" : "", row[i]);
        text += "</tr>\n";
    }
    return text + "</tbody></table></div>\n";
}

std::string tiles(const std::vector<Tile>& tiles) {
    std::string text = "<div class=\"tiles\">\n";
    for (const Tile& tile : tiles)
        text += fmt::format("<div class=\"tile\"><div class=\"label\">{}</div><div class=\"value\">{} <small>{}</small></div><div class=\"sub\">{}</div></div>\n",
                            escaped(tile.label), escaped(tile.value), escaped(tile.unit), escaped(tile.sub));
    return text + "</div>\n";
}

std::string figure(const std::string& svg, const std::string& caption) {
    return "<figure>" + svg + (caption.empty() ? "" : "<figcaption>" + caption + "</figcaption>") + "</figure>\n";
}

std::string page(const std::string& title, const std::string& style, const std::string& body) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n"
        "<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        escaped(title), style, body);
}

}  // namespace dna::flows::report
