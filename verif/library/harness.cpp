#include "verif/library/harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "core/base/error.h"

namespace dna::verif {

/// Embedded files of verif.
const std::map<std::string, std::string_view>& resources();

namespace {

std::multimap<std::string, std::string> keysOf(const std::string& text) {
    static const std::regex key_line(R"(^// ([a-z_]+): (.*)$)");
    std::multimap<std::string, std::string> keys;
    std::istringstream lines(text);
    std::smatch match;
    for (std::string line; std::getline(lines, line) && line.rfind("//", 0) == 0;)
        if (std::regex_match(line, match, key_line)) keys.emplace(match[1], match[2]);
    return keys;
}

std::string fileOf(const std::string& module) { return "rtl/" + module + ".v"; }

}  // namespace

const std::string& Harness::value(const std::string& key) const {
    DNA_CHECK(keys.count(key) == 1, fmt::format("{} needs one line '// {}: ...'", name, key));
    return keys.find(key)->second;
}

std::vector<std::string> Harness::values(const std::string& key) const {
    std::vector<std::string> out;
    for (auto [it, end] = keys.equal_range(key); it != end; ++it) out.push_back(it->second);
    return out;
}

std::vector<Harness> harnesses(const std::string& folder) {
    std::vector<Harness> out;
    const std::string prefix = "library/" + folder + "/";
    for (const auto& [path, content] : resources()) {
        if (path.rfind(prefix, 0) != 0 || path.ends_with(".h")) continue;
        const std::string file = path.substr(prefix.size());
        const std::string text(content);
        out.push_back({file.substr(0, file.find('.')), text, keysOf(text)});
    }
    return out;
}

std::map<std::string, std::string> settings(const std::string& text) {
    std::map<std::string, std::string> out;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        const size_t equal = word.find('=');
        if (equal != std::string::npos) out[word.substr(0, equal)] = word.substr(equal + 1);
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> parametersOf(const std::string& verilog) {
    static const std::regex declaration(R"(^\s*parameter\s+(?:\[[^\]]*\]\s*)?(\w+)\s*=\s*([^,/\n]*[^,/\s]))");
    std::vector<std::pair<std::string, std::string>> out;
    std::istringstream lines(verilog);
    std::smatch match;
    for (std::string line; std::getline(lines, line) && line.rfind(") (", 0) != 0;)
        if (std::regex_search(line, match, declaration)) out.emplace_back(match[1], match[2]);
    return out;
}

std::vector<std::string> modulesBelow(const Library& library, const std::string& module) {
    static const std::regex instance(R"(\b(dna_\w+)\s+(?:#\(|u_\w+))");
    std::vector<std::string> found{module};
    for (size_t i = 0; i < found.size(); ++i) {
        const auto file = library.find(fileOf(found[i]));
        if (file == library.end()) continue;
        for (auto it = std::sregex_iterator(file->second.begin(), file->second.end(), instance);
             it != std::sregex_iterator(); ++it) {
            const std::string name = (*it)[1];
            if (library.count(fileOf(name)) != 0 && std::find(found.begin(), found.end(), name) == found.end())
                found.push_back(name);
        }
    }
    return found;
}

Library broken(const Library& library, const std::string& change) {
    static const std::regex form("^(\\S+): `([^`]*)` -> `([^`]*)`$");
    std::smatch match;
    DNA_CHECK(std::regex_match(change, match, form), "a change reads rtl/file.v: `from` -> `to`, found " + change);
    const std::string from = match[2];
    Library out = library;
    DNA_CHECK(out.count(match[1]) == 1, "no library file " + match[1].str());
    std::string& text = out.at(match[1]);
    const size_t place = text.find(from);
    DNA_CHECK(place != std::string::npos, fmt::format("{} no longer holds `{}`", match[1].str(), from));
    DNA_CHECK(text.find(from, place + 1) == std::string::npos,
              fmt::format("{} holds `{}` twice", match[1].str(), from));
    text.replace(place, from.size(), match[3].str());
    return out;
}

}  // namespace dna::verif
