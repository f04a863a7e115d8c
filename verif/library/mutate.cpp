#include "verif/library/mutate.h"

#include <fmt/format.h>

#include <array>
#include <regex>
#include <sstream>

namespace dna::verif {

namespace {

struct Exchange {
    const char *from, *to;
};

/// Longer tokens first; those with `to` = from are known so that no part of them is taken for another.
constexpr std::array kOperators{
    Exchange{">>>", ">>"}, Exchange{"<<", ">>"}, Exchange{">>", "<<"}, Exchange{"===", "==="}, Exchange{"==", "!="},
    Exchange{"!=", "=="},  Exchange{"&&", "||"}, Exchange{"||", "&&"}, Exchange{">=", "<"},    Exchange{"<=", "<="},
    Exchange{"+:", "+:"},  Exchange{"(*", "(*"}, Exchange{"*)", "*)"}, Exchange{"<", ">="},    Exchange{">", "<="},
    Exchange{"+", "-"},    Exchange{"-", "+"},   Exchange{"*", "+"},   Exchange{"&", "|"},     Exchange{"|", "&"},
    Exchange{"^", "&"},    Exchange{"!", ""},    Exchange{"~", ""},
};

/// The line without its comment, blanks in the comment's place.
std::string code(std::string line) {
    const size_t comment = line.find("//");
    if (comment != std::string::npos) line.resize(comment);
    return line;
}

/// A line in which nothing is changed: it declares, builds in a loop, or names what is left open on purpose.
bool isFixed(const std::string& line) {
    static const std::regex fixed(
        R"(^\s*(localparam|parameter|genvar|integer|for|`|module|input|output)\b|unused|\$fatal)");
    return std::regex_search(line, fixed);
}

/// Ranges of declarations: "[9:0]" behind wire, reg, signed, input, function.
std::string withoutRanges(std::string line) {
    static const std::regex range(R"(\b(wire|reg|signed|input|function)\s*(\[[^\]]*\]))");
    for (std::smatch match; std::regex_search(line, match, range);)
        line.replace(size_t(match.position(2)), size_t(match.length(2)), std::string(size_t(match.length(2)), ' '));
    return line;
}

class Finder {
public:
    Finder(std::string file, std::vector<Mutant>& out) : file_(std::move(file)), out_(out) {}

    /// Tokens of one line that begins at `start` of the file.
    void line(const std::string& text, int number, size_t start) {
        number_ = number, start_ = start;
        constants(text);
        for (size_t at = 0; at < text.size();) at += std::max<size_t>(1, symbol(text, at));
        const size_t edge = text.find("posedge clk");
        if (edge != std::string::npos) add(edge, "posedge", "negedge");
    }

private:
    void add(size_t place, const std::string& from, const std::string& to) {
        out_.push_back({file_, number_, start_ + place, from, to});
    }

    /// Sized constants: the next value of their width.
    void constants(const std::string& text) {
        static const std::regex sized(R"((\d+)'([bdh])([0-9a-f]+))");
        for (auto it = std::sregex_iterator(text.begin(), text.end(), sized); it != std::sregex_iterator(); ++it) {
            const int bits = std::stoi((*it)[1]);
            const std::string base = (*it)[2];
            if (bits > 60) continue;
            const uint64_t value = std::stoull((*it)[3], nullptr, base == "b" ? 2 : base == "h" ? 16 : 10);
            add(size_t(it->position()), it->str(), fmt::format("{}'d{}", bits, (value + 1) & ((1ull << bits) - 1)));
        }
    }

    /// The operator at `at`; its length, 0 when there is none.
    size_t symbol(const std::string& text, size_t at) {
        for (const Exchange& exchange : kOperators) {
            const std::string from = exchange.from;
            if (text.compare(at, from.size(), from) != 0) continue;
            if (from != exchange.to) add(at, from, exchange.to);
            return from.size();
        }
        return 0;
    }

    std::string file_;
    std::vector<Mutant>& out_;
    int number_ = 0;
    size_t start_ = 0;
};

}  // namespace

std::string Mutant::text() const { return fmt::format("{}:{}: `{}` -> `{}`", file, line, from, to); }

std::string Mutant::module() const { return file.substr(4, file.size() - 6); }

std::vector<Mutant> mutantsOf(const std::string& file, const std::string& text) {
    std::vector<Mutant> out;
    Finder finder(file, out);
    bool body = false, checks = false;
    bool fixed = false;  // up to the end of a statement: a definition of constants may take several lines
    int number = 0;
    size_t start = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line); start += line.size() + 1) {
        ++number;
        if (line.rfind("`ifdef DNA_CHECKS", 0) == 0) checks = true;
        const std::string plain = withoutRanges(code(line));
        fixed = fixed || isFixed(plain);
        if (body && !checks && !fixed) finder.line(plain, number, start);
        if (plain.find(';') != std::string::npos || plain.find("begin") != std::string::npos) fixed = false;
        if (line.rfind("`endif", 0) == 0) checks = false;
        if (line.rfind(");", 0) == 0) body = true;
    }
    return out;
}

std::vector<Mutant> mutantsOf(const Library& library) {
    std::vector<Mutant> out;
    for (const auto& [file, text] : library) {
        const std::vector<Mutant> found = mutantsOf(file, text);
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

Library mutated(const Library& library, const Mutant& mutant) {
    Library out = library;
    out.at(mutant.file).replace(mutant.place, mutant.from.size(), mutant.to);
    return out;
}

}  // namespace dna::verif
