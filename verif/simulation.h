#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "rtlgen/chip.h"
#include "verif/expected_counters.h"

namespace dna::verif {

/// One layer of one simulated picture.
struct SimulatedLayer {
    std::string name;
    int64_t done = 0;        ///< cycle of its last write response, from the start
    int64_t mismatches = 0;  ///< bytes that differ from the reference
    int64_t first = -1;      ///< offset of the first one in the stored map
    int found = 0, expected = 0;
    std::array<uint32_t, kCounters> counters{};  ///< dna_perf, since the start
};

struct SimulatedPicture {
    int image = 0;
    bool stalled = false;
    std::vector<SimulatedLayer> layers;
};

/// Builds the Verilator model of a chip with the bench; finished builds are kept by the hash of all sources (in
/// $DNA_CACHE, $XDG_CACHE_HOME/dna or ~/.cache/dna), so that equal hardware is built once. Returns the program. Throws
/// ToolError when Verilator is missing or fails.
std::filesystem::path buildSimulator(const rtlgen::Chip& chip, bool counters, base::Log& log);

struct SimulationJob {
    int first = 0, count = 0;  ///< pictures of the vectors
    uint64_t stall_seed = 0;   ///< 0: normative memory
    int64_t bus_error = 0;     ///< n: the first picture's nth read beat is answered SLVERR, -n: its nth written burst
};

/// Runs jobs side by side in processes (one Verilator thread each). Throws ToolError when the bench stops on an AXI or
/// bench error, with its message.
std::vector<SimulatedPicture> simulate(const std::filesystem::path& simulator, const std::filesystem::path& vectors,
                                       const std::vector<SimulationJob>& jobs, int processes, base::Log& log);

/// The bench's source, for emitted folders.
std::string benchSource();
/// The same bench in Verilog, for event-driven simulators.
std::string verilogBenchSource();
/// What a model adds to a bench that is compiled apart from it.
std::string benchCounters();

/// Where finished simulators are kept: $DNA_CACHE, $XDG_CACHE_HOME/dna or ~/.cache/dna.
std::filesystem::path cacheFolder();

}  // namespace dna::verif
