#include "verif/lint.h"

#include <fmt/format.h>

#include <regex>
#include <sstream>

#include "core/base/process.h"
#include "verif/scratch_files.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

std::string complaints(const rtlgen::Chip& chip, const fs::path& folder, std::vector<std::string> command) {
    addFiles(chip, folder, command);
    const base::ProcessResult result = base::runProcess({.command = command, .folder = folder});
    return result.ok() ? result.output : fmt::format("exit {}: {}", result.exit_code, result.output);
}

}  // namespace

std::string lintVerilator(const rtlgen::Chip& chip, const fs::path& folder) {
    return complaints(chip, folder, {"verilator", "--lint-only", "-Wall", "--top-module", chip.top});
}

std::string lintIcarus(const rtlgen::Chip& chip, const fs::path& folder) {
    return complaints(chip, folder, {"iverilog", "-g2005", "-Wall", "-t", "null", "-s", chip.top});
}

std::string lintYosys(const rtlgen::Chip& chip, const fs::path& folder) {
    return complaints(chip, folder, {"yosys", "-q", "-p", "hierarchy -check -top " + chip.top + "; proc; check -assert"});
}

std::string lintEdges(const rtlgen::Chip& chip) {
    static const std::regex falling(R"(\bnegedge\s+(?!rst_n\b))");
    std::string places;
    for (const auto& [file, text] : chip.files) {
        std::istringstream lines(text);
        int number = 0;
        for (std::string line; std::getline(lines, line);) {
            ++number;
            if (std::regex_search(line, falling)) places += fmt::format("{}:{}: clocked by a falling edge\n", file, number);
        }
    }
    return places;
}

}  // namespace dna::verif
