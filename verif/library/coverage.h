#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "verif/library/harness.h"

namespace dna::verif {

/// Line and toggle coverage of the library's files, merged over runs, instances and parameters.
class Coverage {
public:
    /// Adds what a run wrote ("coverage.dat" of Verilator). Files beside the library's are left out.
    void read(const std::filesystem::path& file);
    void merge(const Coverage& other);

    struct Share {
        int64_t covered = 0, total = 0;
        double percent() const { return total == 0 ? 100 : 100.0 * double(covered) / double(total); }
    };
    /// A line is covered when all of its points were reached (an `if` and its `else` are points of their own).
    std::map<std::string, Share> lines() const;
    Share toggles() const;
    /// Lines that are not covered, by file.
    std::map<std::string, std::set<int>> unreached() const;

private:
    struct Point {
        std::string lines;  ///< "24" or "25-27,30"
        bool reached = false;
    };
    std::map<std::string, std::map<std::string, Point>> points_;  ///< file -> place and kind -> point
    std::map<std::string, bool> toggles_;                         ///< file, line and signal -> toggled
};

/// Lines of assertions (DNA_CHECKS): they must never be reached.
std::set<int> assertionLines(const std::string& verilog);

}  // namespace dna::verif
