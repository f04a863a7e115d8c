#include "flows/emitted_folder.h"

#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"

namespace dna::flows {
namespace fs = std::filesystem;

EmittedFolder findEmitted(const fs::path& run_or_folder) {
    std::error_code ignored;
    if (!fs::is_directory(run_or_folder, ignored))
        throw base::InputError(run_or_folder.string(), "", "is no folder");
    EmittedFolder emitted{.run = run_or_folder, .folder = {}, .sources = {}};
    for (const fs::path& candidate : {run_or_folder, run_or_folder / "rtl"})
        if (emitted.folder.empty() && fs::exists(candidate / "files.f", ignored)) emitted.folder = candidate;
    if (emitted.folder.empty())
        throw base::InputError(run_or_folder.string(), "", "holds no emitted Verilog (files.f); run \"dna emit\" first");
    std::istringstream lines(base::readFile(emitted.folder / "files.f"));
    for (std::string line; std::getline(lines, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (line.empty() || line.rfind("//", 0) == 0) continue;
        if (!fs::is_regular_file(emitted.folder / line, ignored))
            throw base::InputError((emitted.folder / "files.f").string(), "", "names " + line + ", which is not there");
        emitted.sources.push_back(emitted.folder / line);
    }
    if (emitted.sources.empty()) throw base::InputError((emitted.folder / "files.f").string(), "", "names no files");
    if (fs::exists(emitted.folder / "manifest.json", ignored)) {
        const base::JsonDocument manifest = base::JsonDocument::read(emitted.folder / "manifest.json", "manifest");
        if (manifest.json().contains("top") && manifest.json().at("top").is_string()) emitted.top = manifest.json().at("top");
    }
    return emitted;
}

}  // namespace dna::flows
