#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/base/json.h"

namespace dna::flows {

/// Accesses of one kind of buffer for one picture, counted in accesses of single macro halves.
struct BufferAccesses {
    double reads = 0, writes = 0;
};

/// What the simulation of a run counted, per picture without stalls.
struct RunCounters {
    double cycles = 0;
    double macs = 0;                               ///< valid multiply-accumulates
    double values = 0;                             ///< outputs through the requantisation lanes
    std::map<std::string, BufferAccesses> buffers; ///< input, weight, output, residual, psum
};

/// What the cost model promised for the chip (without DRAM), per picture.
struct ModelFigures {
    std::string technology;
    double clock_mhz = 0, latency_ms = 0, energy_mj = 0, edp_mj_ms = 0, area_um2 = 0;
};

/// Counters of verify.json of a run; nothing when it is absent. InputError when it is broken.
std::optional<RunCounters> readRunCounters(const std::filesystem::path& run);

/// Totals of cost.json of a run; nothing when it is absent.
std::optional<ModelFigures> readModelFigures(const std::filesystem::path& run);

}  // namespace dna::flows
