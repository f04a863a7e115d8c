#pragma once

#include <string>
#include <vector>

namespace dna::flows::report {

/// Text for HTML and SVG: & < > " escaped.
std::string escaped(const std::string& text);

/// A number with `digits` significant digits and thin thousands: 12,345 / 0.00123.
std::string numberText(double value, int digits = 4);

/// "+1.2 %" from a to b relative to a; a dash when a is 0.
std::string changeText(double from, double to);

/// A table; columns whose title begins with '>' hold numbers. Cells are HTML.
std::string table(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows);

/// A figure of the head of the page.
struct Tile {
    std::string label, value, unit, sub;
};
std::string tiles(const std::vector<Tile>& tiles);

/// A figure with its caption.
std::string figure(const std::string& svg, const std::string& caption);

/// The whole page.
std::string page(const std::string& title, const std::string& style, const std::string& body);

}  // namespace dna::flows::report
