// Accuracy by class and which classes are taken for which.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "flows/report_charts.h"
#include "flows/report_html.h"
#include "flows/report_sections.h"

namespace dna::flows::report {
namespace {

constexpr size_t kMostCells = 20;    // classes of a confusion matrix that is drawn
constexpr size_t kShownClasses = 20;
constexpr size_t kShownPairs = 20;

/// What the integer network answers; runs of older versions call it by its only width.
const base::Json& integerAnswers(const RunData& run) {
    const base::Json& integer = at(run.accuracy, {"integer"});
    return integer.is_object() ? integer : at(run.accuracy, {"int8"});
}

/// The network whose answers are shown: the integer one where there is one.
const base::Json& mainAnswers(const RunData& run) {
    const base::Json& integer = integerAnswers(run);
    return integer.is_object() ? integer : at(run.accuracy, {"float"});
}

std::vector<std::string> names(const base::Json& answers) {
    std::vector<std::string> list;
    for (const base::Json& name : at(answers, {"classes"})) list.push_back(name.is_string() ? name.get<std::string>() : "");
    return list;
}

double classShare(const base::Json& answers, size_t label) {
    const base::Json& shares = at(answers, {"class_accuracy"});
    return shares.is_array() && label < shares.size() && shares[label].is_number() ? shares[label].get<double>() : std::nan("");
}

std::string percent(double share) { return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "-"; }

/// Worst classes first, so that a long list may be cut.
std::string classTable(const RunData& run, const std::vector<std::string>& classes) {
    std::vector<size_t> order;
    for (size_t c = 0; c < classes.size(); ++c) order.push_back(c);
    const base::Json& answers = mainAnswers(run);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return classShare(answers, a) < classShare(answers, b); });
    order.resize(std::min(order.size(), kShownClasses));
    std::vector<std::vector<std::string>> rows;
    for (const size_t c : order)
        rows.push_back({escaped(classes[c]), percent(classShare(at(run.accuracy, {"float"}), c)), percent(classShare(integerAnswers(run), c))});
    const std::string note = order.size() < classes.size() ? fmt::format("<p class=\"note\">The {} worst of {} classes.</p>\n", order.size(), classes.size()) : "";
    return table({"class", ">float", ">integer"}, rows) + note;
}

std::string confusionMap(const base::Json& answers, const std::vector<std::string>& classes) {
    std::vector<std::vector<double>> shares;
    std::vector<int> diagonal;
    for (const base::Json& row : at(answers, {"confusion"})) {
        double sum = 0;
        std::vector<double> line;
        for (const base::Json& count : row) line.push_back(count.is_number() ? count.get<double>() : 0.0);
        for (const double count : line) sum += count;
        for (double& count : line) count = sum > 0 ? count / sum : 0;
        diagonal.push_back(static_cast<int>(shares.size()));
        shares.push_back(std::move(line));
    }
    if (shares.size() != classes.size()) return "";
    return figure(heatMap("Answers by class of the picture", classes, classes, shares, diagonal),
                  "Row: the picture's class; column: the answer; outlined: right.");
}

/// The most frequent wrong answers, from the matrix or from the list that takes its place.
std::string pairTable(const base::Json& answers, const std::vector<std::string>& classes) {
    std::vector<std::array<int, 3>> pairs;
    const base::Json& matrix = at(answers, {"confusion"});
    for (size_t r = 0; matrix.is_array() && r < matrix.size(); ++r)
        for (size_t c = 0; c < matrix[r].size(); ++c)
            if (r != c && matrix[r][c].is_number_integer() && matrix[r][c] > 0)
                pairs.push_back({-matrix[r][c].get<int>(), static_cast<int>(r), static_cast<int>(c)});
    for (const base::Json& entry : at(answers, {"confused"})) pairs.push_back({-entry[2].get<int>(), entry[0].get<int>(), entry[1].get<int>()});
    std::sort(pairs.begin(), pairs.end());
    pairs.resize(std::min(pairs.size(), kShownPairs));
    std::vector<std::vector<std::string>> rows;
    for (const auto& [negative, label, answer] : pairs)
        rows.push_back({escaped(classes.at(static_cast<size_t>(label))), escaped(classes.at(static_cast<size_t>(answer))), std::to_string(-negative)});
    return table({"class", "taken for", ">pictures"}, rows);
}

}  // namespace

std::string accuracySection(const RunData& run) {
    const base::Json& answers = mainAnswers(run);
    const std::vector<std::string> classes = names(answers);
    if (classes.empty()) return "";
    std::string html = fmt::format("<h2>Accuracy by class</h2>\n<p>{} test pictures: float {}, integer {}.</p>\n", numberText(number(answers, {"pictures"})),
                                   percent(number(run.accuracy, {"float", "accuracy"})), percent(number(integerAnswers(run), {"accuracy"})));
    html += classTable(run, classes);
    html += classes.size() <= kMostCells ? confusionMap(answers, classes) : "<h3>Most frequent confusions</h3>\n" + pairTable(answers, classes);
    return html;
}

}  // namespace dna::flows::report
