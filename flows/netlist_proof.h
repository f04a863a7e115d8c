#pragma once

#include <filesystem>
#include <string>

#include "core/base/log.h"
#include "flows/platform.h"

namespace dna::flows {

/// One module without reset, and how it is mapped. Texts hold the module, with the parameters wanted as defaults, and
/// all modules below it.
struct NetlistProof {
    std::string module;      ///< "dna_pe"
    std::string mapped_rtl;  ///< Verilog that is mapped
    std::string proven_rtl;  ///< Verilog that the netlist is compared with: the same, or one that must differ
};

struct ProofResult {
    bool equal = false;
    bool different = false;  ///< an input was found that tells them apart; neither: not decided
    long registers = 0;      ///< bits, each matched by its name
    long cells = 0;
    std::string note;  ///< what the checker said when it is not equal
};

/// Maps the module, flattened, to the cells of a platform and compares the printed netlist with its RTL: every register
/// is cut into an input and an output of the same name on both sides, and ABC (the copy that Yosys brings) proves all
/// of the logic between them equal (`cec`: SAT sweeping, no product is cut). Throws ToolError when a register has no
/// name.
ProofResult proveNetlist(const NetlistProof& proof, const Platform& platform, const PreparedPlatform& prepared,
                         const std::filesystem::path& folder, base::Log& log);

}  // namespace dna::flows
