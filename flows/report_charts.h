#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dna::flows::report {

/// Colours of categories, readable beside each other and in grey.
const std::vector<std::string>& palette();

struct ChartOptions {
    std::string title, x_label{}, y_label{};
    int width = 520, height = 260;
    bool y_from_zero = false;
    bool log_y = false;
};

/// One line of a line chart; points in any order of y, rising in x.
struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;
    bool faint = false;  ///< drawn thin and light, behind the others
};
std::string lineChart(const ChartOptions& options, const std::vector<Series>& series);

/// A row of horizontal bars: one value per part (stacked) or per series (side by side).
struct BarRow {
    std::string label;
    std::vector<double> values;
    std::string note;  ///< at the right end
};
std::string stackedBars(const ChartOptions& options, const std::vector<std::string>& parts, const std::vector<BarRow>& rows);
std::string groupedBars(const ChartOptions& options, const std::vector<std::string>& series, const std::vector<BarRow>& rows);

/// A matrix of shares in [0, 1] as shades; the marked column of each row is outlined.
std::string heatMap(const std::string& title, const std::vector<std::string>& rows,
                    const std::vector<std::string>& columns, const std::vector<std::vector<double>>& values,
                    const std::vector<int>& marked);

/// Mean over a sliding window: what the eye should follow in noisy records.
std::vector<std::pair<double, double>> smoothed(const std::vector<std::pair<double, double>>& points, int window);

}  // namespace dna::flows::report
