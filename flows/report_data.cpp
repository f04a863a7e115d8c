#include "flows/report_data.h"

#include <cmath>
#include <limits>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "flows/accuracy.h"

namespace dna::flows::report {
namespace fs = std::filesystem;
namespace {

const base::Json kNull;

base::Json readIfThere(const fs::path& file) {
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) ? base::JsonDocument::readAny(file).json() : base::Json();
}

std::vector<base::Json> readLines(const fs::path& file) {
    std::vector<base::Json> lines;
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) return lines;
    std::istringstream stream(base::readFile(file));
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
        ++number;
        if (!line.empty()) lines.push_back(base::JsonDocument::parse(line, file.string() + ": line " + std::to_string(number)).json());
    }
    return lines;
}

}  // namespace

const base::Json& at(const base::Json& json, std::initializer_list<const char*> keys) {
    const base::Json* value = &json;
    for (const char* key : keys) {
        if (!value->is_object() || !value->contains(key)) return kNull;
        value = &value->at(key);
    }
    return *value;
}

double number(const base::Json& json, std::initializer_list<const char*> keys) {
    const base::Json& value = at(json, keys);
    return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::string text(const base::Json& json, std::initializer_list<const char*> keys) {
    const base::Json& value = at(json, keys);
    return value.is_string() ? value.get<std::string>() : std::string();
}

RunData readRunData(const fs::path& run) {
    std::error_code ignored;
    if (!fs::is_directory(run, ignored)) throw base::InputError(run.string(), "", "is no folder");
    RunData data;
    data.config = readIfThere(run / "config.json");
    data.result = readIfThere(run / "result.json");
    data.cost = readIfThere(run / "cost.json");
    data.verify = readIfThere(run / "verify.json");
    data.das = readIfThere(run / "search.json");
    data.accuracy = readIfThere(run / "accuracy.json");
    if (const base::Json train = readIfThere(run / "train.json"); data.accuracy.is_null() && train.is_object())
        data.accuracy = {{"float", train}};
    data.search = readLines(run / "search.jsonl");
    if (fs::is_regular_file(run / "design.json", ignored)) data.design = design::readDesign(run / "design.json");
    if (fs::is_regular_file(run / "network.json", ignored)) data.network = network::readNetwork(run / "network.json");
    if (fs::is_directory(run / "synth", ignored))
        for (const auto& entry : fs::directory_iterator(run / "synth"))
            if (fs::is_regular_file(entry.path() / "ppa.json", ignored)) data.ppa[entry.path().filename()] = readIfThere(entry.path() / "ppa.json");
    for (const char* file : {"config.json", "network.json", "weights.safetensors", "design.json", "mapping.json"})
        if (fs::is_regular_file(run / file, ignored)) data.hashes[file] = base::sha256File(run / file);
    if (data.cost.is_null() && data.verify.is_null() && data.ppa.empty() && data.search.empty() && !data.design)
        throw base::InputError(run.string(), "", "holds nothing to report (no cost.json, verify.json, synth/ or search.jsonl)");
    return data;
}

double quantizedAccuracy(const RunData& run) {
    const double found = number(run.result, {"accuracy", "quantized"});
    return std::isfinite(found) ? found : number(run.result, {"accuracy", "int8"});
}

std::string quantizedName(const RunData& run) {
    const base::Json& accuracy = at(run.result, {"accuracy"});
    const bool says = at(accuracy, {"bits"}).is_number_integer() && at(accuracy, {"weight_bits"}).is_array();
    return says ? widthsText(accuracy) : "INT8";
}

const base::Json& mainPpa(const RunData& run) {
    const auto configured = run.ppa.find(text(run.config, {"synth", "platform"}));
    if (configured != run.ppa.end()) return configured->second;
    return run.ppa.empty() ? kNull : run.ppa.begin()->second;
}

}  // namespace dna::flows::report
