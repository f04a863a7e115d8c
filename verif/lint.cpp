#include "verif/lint.h"

#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

void writeFiles(const rtlgen::Chip& chip, const fs::path& folder) {
    base::makeFolder(folder / "rtl");
    for (const auto& [file, text] : chip.files) {
        std::ofstream out(folder / file, std::ios::binary);
        out << text;
        if (!out.flush()) throw base::ToolError("can't write " + (folder / file).string());
    }
}

std::string complaints(const fs::path& folder, const std::vector<std::string>& command) {
    const base::ProcessResult result = base::runProcess({.command = command, .folder = folder});
    return result.ok() ? result.output : fmt::format("exit {}: {}", result.exit_code, result.output);
}

std::string onFiles(const rtlgen::Chip& chip, const fs::path& folder, std::vector<std::string> command) {
    writeFiles(chip, folder);
    command.insert(command.end(), chip.order.begin(), chip.order.end());
    return complaints(folder, command);
}

}  // namespace

std::string lintVerilator(const rtlgen::Chip& chip, const fs::path& folder) {
    return onFiles(chip, folder, {"verilator", "--lint-only", "-Wall", "--top-module", chip.top});
}

std::string lintIcarus(const rtlgen::Chip& chip, const fs::path& folder) {
    return onFiles(chip, folder, {"iverilog", "-g2005", "-Wall", "-t", "null", "-s", chip.top});
}

std::string lintYosys(const rtlgen::Chip& chip, const fs::path& folder) {
    writeFiles(chip, folder);
    std::string script = "read_verilog";
    for (const std::string& file : chip.order) script += " " + file;
    return complaints(folder, {"yosys", "-q", "-p", script + "; hierarchy -check -top dna_top; proc; check -assert"});
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
