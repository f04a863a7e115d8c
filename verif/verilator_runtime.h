#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dna::verif {

/// How Verilator's models and benches are compiled where many small runs are wanted: one unoptimised translation unit a
/// model; Verilator's runtime is compiled once and kept in the cache.
struct ModelCompiler {
    std::string optimize = "-O0";  ///< of the C++ compiler
    bool coverage = false;         ///< models were made with --coverage

    /// Compiles `source` in `folder` with more options; its CPU time. Throws ToolError.
    double compile(const std::filesystem::path& folder, const std::string& source, const std::string& object,
                   const std::vector<std::string>& options = {}) const;
    /// Objects of Verilator's runtime, compiled with -O2.
    std::vector<std::filesystem::path> runtime() const;
    /// Links objects of `folder` and the runtime; its CPU time.
    double link(const std::filesystem::path& folder, const std::vector<std::string>& objects,
                const std::filesystem::path& program) const;
};

/// Verilator's include folder.
std::filesystem::path verilatorInclude();

/// Writes "unit.cc": all C++ files that Verilator wrote to `model`, then `more`, as one translation unit.
void writeUnit(const std::filesystem::path& model, const std::string& more);

}  // namespace dna::verif
