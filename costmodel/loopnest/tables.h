#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "costmodel/loopnest/evaluate.h"

namespace dna::costmodel::loopnest {

/// Replaces the prices of an architecture by those of an Accelergy energy reference table (ERT, YAML, versions 0.3 and
/// 0.4; pJ per action, an action being one word).
///
/// A table belongs to the level called like the last part of its name without the range: "system.chip.GLB[1..1]" is
/// GLB. Actions read; fill or write; update, else write. The MACs take compute, mac_random or mac of the table called
/// "mac" or of the only one with such an action. Of an action with several arguments the dearest counts, as in
/// Timeloop. Returns the tables that belong to no level. Throws InputError with every problem: levels or actions
/// without an entry, repeated ones, energies below 0, YAML that does not parse.
std::vector<std::string> applyEnergyTable(const std::filesystem::path& file, Architecture& architecture);

/// Counts as comma-separated values (RFC 4180): one row for every level and tensor of every mapping, then its MACs and
/// its total. Words are those of all instances, tiles those of one.
class Spreadsheet {
public:
    void add(const std::string& name, int64_t count, const Architecture& architecture, const Mapping& mapping,
             const Evaluation& evaluation);
    /// A last row over all that was added: energy and cycles times counts, and the product of the two sums.
    void addTotal(const std::string& name);
    const std::string& text() const { return text_; }

private:
    void row(const std::vector<std::string>& fields);

    std::string text_ =
        "name,count,architecture,level,tensor,tile_words,instances,reads,fills,updates,macs,energy_pj,cycles,"
        "edp_pj_cycles\r\n";
    double energy_pj_ = 0, cycles_ = 0, macs_ = 0;
    int64_t count_ = 0;
};

}  // namespace dna::costmodel::loopnest
