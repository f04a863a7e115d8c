#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dna::flows {

/// The Verilog that `dna emit` wrote.
struct EmittedFolder {
    std::filesystem::path run;      ///< folder the user named: results go there
    std::filesystem::path folder;   ///< holds files.f
    std::vector<std::filesystem::path> sources;  ///< in the order of files.f
    std::string top = "dna_top";
};

/// Finds the emitted files in a run folder (RUN/rtl) or in the folder itself. InputError naming `dna emit` otherwise.
EmittedFolder findEmitted(const std::filesystem::path& run_or_folder);

}  // namespace dna::flows
