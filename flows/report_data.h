#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/design/design.h"
#include "core/network/network.h"

namespace dna::flows::report {

/// The files of a run folder that a report is made of; what is not there stays null or empty.
struct RunData {
    base::Json config, result, cost, verify, das;
    base::Json accuracy;                      ///< accuracy.json, or what train.json says of the float network
    std::vector<base::Json> search;           ///< lines of search.jsonl
    std::map<std::string, base::Json> ppa;    ///< by platform
    std::optional<design::Design> design;
    std::optional<network::Network> network;
    std::map<std::string, std::string> hashes;  ///< SHA-256 of the main files
};

/// Throws InputError when the folder is none or holds nothing to report, or when a file is broken.
RunData readRunData(const std::filesystem::path& run);

/// The value below nested keys; null when it is not there.
const base::Json& at(const base::Json& json, std::initializer_list<const char*> keys);
/// The same as a number; NaN when it is none.
double number(const base::Json& json, std::initializer_list<const char*> keys);
/// The same as a text; empty when it is none.
std::string text(const base::Json& json, std::initializer_list<const char*> keys);

/// Of {"quantized"}, or of {"int8"} in runs of versions that knew no other width; NaN when there is neither.
double quantizedAccuracy(const RunData& run);
/// How its widths are called; "INT8" in those runs.
std::string quantizedName(const RunData& run);

/// The result of synthesis that the head of the report shows: on the configured platform, else the first.
const base::Json& mainPpa(const RunData& run);

}  // namespace dna::flows::report
