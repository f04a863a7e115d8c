#pragma once

#include <filesystem>

#include "core/base/process.h"

/// Whether Yosys and Debian's cell library osu018 are installed.
inline bool haveOsu018() {
    return std::filesystem::exists("/usr/share/qflow/tech/osu018/osu018_stdcells.lib") && !dna::base::findProgram("yosys").empty();
}
