#include "flows/run_folder.h"

#include <fmt/format.h>

#include "core/base/file.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;
constexpr const char* kConfig = "config.json";
constexpr const char* kRecords = "search.jsonl";

void removeTemporaries(const fs::path& folder) {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
        if (entry->is_regular_file(error) && entry->path().extension() == ".tmp") fs::remove(entry->path(), error);
}

/// JSON pointers of what differs between two configurations.
std::string differences(const base::Json& found, const base::Json& wanted) {
    std::string text;
    for (const auto& change : base::Json::diff(found, wanted)) {
        const std::string path = change.at("path").get<std::string>();
        text += (text.empty() ? "" : ", ") + (path.empty() ? std::string("/") : path);
    }
    return text;
}

bool holdsNothing(const fs::path& folder) {
    if (!fs::exists(folder)) return true;
    if (!fs::is_directory(folder)) throw base::InputError(folder.string(), "", "is not a folder");
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() != ".tmp") return false;
    return true;
}

}  // namespace

RunFolder::RunFolder(const fs::path& folder, const base::Json& config, bool resume, bool allow_drift)
    : folder_(folder), checkpoint_(folder, allow_drift) {
    const bool fresh = holdsNothing(folder);
    if (!fresh && !resume)
        throw base::InputError(folder.string(), "",
                               "the folder is not empty; continue its run with --resume, or name another folder");
    if (!fresh) {
        if (!fs::exists(folder / kConfig))
            throw base::InputError(folder.string(), "", "holds no config.json: it is not the folder of a run");
        const base::Json found = base::JsonDocument::readAny(folder / kConfig).json();
        if (found != config)
            throw base::InputError((folder / kConfig).string(), "",
                                   "the run was started with another configuration (" + differences(found, config) +
                                       "); --resume continues a run unchanged");
        removeTemporaries(folder);
        return;
    }
    base::makeFolder(folder);
    removeTemporaries(folder);
    base::writeJson(folder / kConfig, config);
}

void RunFolder::record(const base::Json& line) { base::appendLine(folder_ / kRecords, line.dump()); }

uint64_t RunFolder::recordedBytes() const {
    return fs::exists(folder_ / kRecords) ? fs::file_size(folder_ / kRecords) : 0;
}

void RunFolder::truncateRecords(uint64_t bytes) { truncateFile(folder_ / kRecords, bytes); }

void RunFolder::removeOutput(const fs::path& name) {
    std::error_code error;
    fs::remove_all(folder_ / name, error);
    if (error) throw base::ToolError((folder_ / name).string() + ": " + error.message());
}

base::Json withoutTimes(base::Json json) {
    if (json.is_array()) {
        for (base::Json& item : json) item = withoutTimes(std::move(item));
        return json;
    }
    if (!json.is_object()) return json;
    base::Json kept = base::Json::object();
    // Points of a search's curve: [evaluations, mapping_evaluations, cpu_seconds, objective].
    if (json.contains("curve") && json.at("curve").is_array())
        for (base::Json& point : json.at("curve"))
            if (point.is_array() && point.size() == 4) point.erase(2);
    for (auto& [key, value] : json.items())
        if (key != "cpu_seconds" && key != "seconds" && key != "wall_seconds") kept[key] = withoutTimes(value);
    return kept;
}

}  // namespace dna::flows
