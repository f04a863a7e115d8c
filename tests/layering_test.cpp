// Reads every include line of the tree against the table of docs/architecture.md: lower layers never see upper ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Layers = std::map<std::string, std::vector<std::string>>;

/// Folder -> folders it may include besides itself. The longest matching folder counts.
Layers layers() {
    const std::vector<std::string> base{"core/base"};
    const std::vector<std::string> math{"core/base", "core/autodiff", "core/nn"};
    const std::vector<std::string> search{"core/base",    "core/autodiff", "core/nn",     "core/data",
                                          "core/network", "core/design",   "core/mapping"};
    return {
        {"core/base", {}},
        {"core/autodiff", base},
        {"core/nn", {"core/base", "core/autodiff"}},
        {"core/nn/integer", {"core/base", "core/autodiff", "core/nn", "core/network"}},
        {"core/data", math},
        {"core/network", math},
        {"core/design", math},
        {"core/mapping", {search.begin(), search.end() - 1}},
        {"core/search", search},
        {"costmodel", {"core"}},
        {"rtlgen", {"core"}},
        {"verif", {"core", "costmodel", "rtlgen"}},
        {"flows", {"core", "costmodel", "rtlgen", "verif"}},
    };
}

bool isBelow(const std::string& path, const std::string& folder) { return path.rfind(folder + "/", 0) == 0; }

/// The table's folder that holds `path`; empty when none does.
std::string layerOf(const std::string& path, const Layers& table) {
    std::string best;
    for (const auto& [folder, allowed] : table)
        if (isBelow(path, folder) && folder.size() > best.size()) best = folder;
    return best;
}

bool allowed(const std::string& file, const std::string& included, const Layers& table) {
    const std::string own = layerOf(file, table);
    if (layerOf(included, table) == own) return true;
    const auto& folders = table.at(own);
    return std::any_of(folders.begin(), folders.end(), [&](const std::string& f) { return isBelow(included, f); });
}

/// Paths between quotes of the #include lines of a source text.
std::vector<std::string> includesOf(const std::string& source) {
    std::vector<std::string> out;
    std::istringstream lines(source);
    for (std::string line; std::getline(lines, line);) {
        const size_t hash = line.find_first_not_of(" \t");
        if (hash == std::string::npos || line[hash] != '#' || line.find("include", hash) == std::string::npos) continue;
        const size_t open = line.find('"'), close = line.rfind('"');
        if (open != std::string::npos && close > open) out.push_back(line.substr(open + 1, close - open - 1));
    }
    return out;
}

/// What is wrong with the includes of one file, one line each.
std::vector<std::string> violations(const std::string& file, const std::string& source, const Layers& table) {
    std::vector<std::string> out;
    for (const std::string& included : includesOf(source)) {
        if (layerOf(included, table).empty())
            out.push_back(file + " includes \"" + included + "\", which is not written from the root");
        else if (!allowed(file, included, table))
            out.push_back(file + " includes \"" + included + "\" of a layer it must not see");
    }
    return out;
}

std::string contentOf(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("layering: every include goes down") {
    const fs::path root = DNA_SOURCE_DIR;
    int files = 0;
    for (const char* top : {"core", "costmodel", "rtlgen", "verif", "flows"}) {
        if (!fs::is_directory(root / top)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
            const std::string extension = entry.path().extension();
            // Benches are compiled together with Verilator's output, outside this tree.
            const std::string file = fs::relative(entry.path(), root).generic_string();
            if ((extension != ".h" && extension != ".cpp") || isBelow(file, "verif/bench") ||
                isBelow(file, "verif/library/unit"))
                continue;
            ++files;
            for (const std::string& violation : violations(file, contentOf(entry.path()), layers())) FAIL_CHECK(violation);
        }
    }
    CHECK(files > 10);
}

TEST_CASE("layering: the checker catches a broken tree") {
    const Layers table = layers();
    const auto bad = [&](const char* file, const char* line) { return violations(file, line, table).size() == 1; };
    CHECK(bad("core/base/x.cpp", "#include \"core/nn/net.h\"\n"));
    CHECK(bad("core/data/x.h", "  #  include \"core/network/network.h\"\n"));
    CHECK(bad("costmodel/x.cpp", "#include \"rtlgen/emit.h\"\n"));
    CHECK(bad("rtlgen/x.cpp", "#include \"costmodel/cost.h\"\n"));
    CHECK(bad("core/mapping/x.cpp", "#include \"core/search/das.h\"\n"));
    CHECK(bad("core/nn/x.cpp", "#include \"core/network/network.h\"\n"));
    CHECK(bad("verif/x.cpp", "#include \"bench.h\"\n"));
    CHECK(!bad("core/nn/integer/x.cpp", "#include \"core/network/network.h\"\n"));
    CHECK(!bad("flows/x.cpp", "#include \"verif/bench.h\"\n#include <vector>\n"));
}
