#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "verif/fuzz_case.h"

namespace dna::verif {

/// A chunk's parameters and their values, sizes by octave.
std::map<std::string, std::string> featuresOf(const design::Chunk& chunk);

/// Which pairs of parameter values the layers of fuzz cases have met.
class PairTable {
public:
    void add(const FuzzCase& fuzz_case);
    void merge(const PairTable& other);

    int64_t covered() const;
    /// All pairs of values seen, of parameters that can stand together; what no layer can have counts too.
    int64_t possible() const;
    /// {"parameters": {name: [values]}, "covered", "possible", "missing": [{"a", "b", "values": [[..]]}]}
    base::Json toJson() const;
    /// Rows and columns are parameters; an entry says how many of the pairs of values were met, in percent.
    std::string text() const;

private:
    using Features = std::map<std::string, std::string>;
    void addLayer(const Features& features);

    std::map<std::string, std::set<std::string>> values_;
    std::map<std::pair<std::string, std::string>, std::set<std::pair<std::string, std::string>>> pairs_;
};

}  // namespace dna::verif
