#pragma once

#include <filesystem>
#include <string>

#include "verif/fuzz_case.h"

namespace dna::verif {

/// What is wrong with a run; all zero when RTL, reference and model agree.
struct Verdict {
    int64_t mismatches = 0;          ///< bytes of stored maps that differ from the reference
    int64_t writes_outside = 0;      ///< write bursts outside the layer's map (the run stops at the first)
    int64_t cycle_differences = 0;   ///< layers that end in another cycle than predicted, cycle classes that differ
    int64_t access_differences = 0;  ///< access counters that differ
    bool stopped = false;            ///< an assertion, an AXI rule, no progress, or descriptors that are wrong already
    std::string kind;                ///< of the first difference: "bytes", "cycles", a counter's name, "stopped"
    std::string first;               ///< the first difference in words
    bool passed() const {
        return mismatches + writes_outside + cycle_differences + access_differences == 0 && !stopped;
    }
};

/// Descriptors of a case's program, for chips that hold them in a ROM; nothing for others.
std::vector<mapping::Descriptor> romOf(const FuzzCase& fuzz_case);

/// Writes the vectors of a case to `folder` for a bench that gives up soon when nothing moves; the layers as they are
/// lowered. `descriptor_base`: where the program's descriptors stand in the chip. Throws InternalError when reference and
/// descriptors disagree.
std::vector<mapping::LayerPlan> writeCaseVectors(const FuzzCase& fuzz_case, const std::filesystem::path& folder,
                                                 uint32_t descriptor_base = 0);

/// Runs a case on the simulator of its design. Vectors stand in `folder` meanwhile. Cycles are compared with the
/// normative memory only, access counts always. Throws ToolError when the simulator can't be run at all.
Verdict runCase(const FuzzCase& fuzz_case, const std::filesystem::path& simulator, const std::filesystem::path& folder,
                uint32_t descriptor_base = 0);

}  // namespace dna::verif
