#include "verif/library/coverage.h"

#include <fstream>
#include <sstream>

#include "core/base/error.h"

namespace dna::verif {

namespace {

/// Value of one key in a record of coverage.dat: pairs "\001key\002value".
std::string field(const std::string& record, const std::string& key) {
    const std::string mark = "\001" + key + "\002";
    const size_t place = record.find(mark);
    if (place == std::string::npos) return {};
    const size_t begin = place + mark.size();
    return record.substr(begin, record.find_first_of("\001'", begin) - begin);
}

/// "25-27,30" -> 25, 26, 27, 30
std::set<int> numbers(const std::string& text) {
    std::set<int> out;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
        const size_t dash = part.find('-');
        const int first = std::stoi(part), last = dash == std::string::npos ? first : std::stoi(part.substr(dash + 1));
        for (int line = first; line <= last; ++line) out.insert(line);
    }
    return out;
}

}  // namespace

void Coverage::read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw base::ToolError("the run wrote no coverage: " + file.string());
    for (std::string record; std::getline(in, record);) {
        if (record.rfind("C '", 0) != 0) continue;
        const std::string source = field(record, "f"), page = field(record, "page");
        if (source.rfind("rtl/", 0) != 0) continue;
        const bool reached = std::stoll(record.substr(record.rfind('\'') + 1)) > 0;
        const std::string place = field(record, "l") + ":" + field(record, "n") + field(record, "o");
        if (page.rfind("v_toggle", 0) == 0) {
            toggles_[source + ":" + place] |= reached;
        } else {
            Point& point = points_[source][place];
            point.lines = field(record, "S");
            point.reached |= reached;
        }
    }
}

void Coverage::merge(const Coverage& other) {
    for (const auto& [file, points] : other.points_)
        for (const auto& [place, point] : points) {
            Point& own = points_[file][place];
            own = {point.lines, own.reached || point.reached};
        }
    for (const auto& [place, reached] : other.toggles_) toggles_[place] |= reached;
}

std::map<std::string, Coverage::Share> Coverage::lines() const {
    std::map<std::string, Share> out;
    const std::map<std::string, std::set<int>> open = unreached();
    for (const auto& [file, points] : points_) {
        std::set<int> all;
        for (const auto& [place, point] : points) all.merge(numbers(point.lines));
        const auto missed = open.find(file);
        const int64_t missing = missed == open.end() ? 0 : int64_t(missed->second.size());
        out[file] = {int64_t(all.size()) - missing, int64_t(all.size())};
    }
    return out;
}

Coverage::Share Coverage::toggles() const {
    Share share;
    for (const auto& [place, reached] : toggles_) ++share.total, share.covered += reached;
    return share;
}

std::map<std::string, std::set<int>> Coverage::unreached() const {
    std::map<std::string, std::set<int>> out;
    for (const auto& [file, points] : points_)
        for (const auto& [place, point] : points)
            if (!point.reached) out[file].merge(numbers(point.lines));
    return out;
}

std::set<int> assertionLines(const std::string& verilog) {
    std::set<int> out;
    std::istringstream lines(verilog);
    int number = 0;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.rfind("`ifdef DNA_CHECKS", 0) == 0) inside = true;
        if (inside) out.insert(number);
        if (line.rfind("`endif", 0) == 0) inside = false;
    }
    return out;
}

}  // namespace dna::verif
