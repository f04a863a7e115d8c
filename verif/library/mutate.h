#pragma once

#include <string>
#include <vector>

#include "verif/library/harness.h"

namespace dna::verif {

/// One token of the library changed: an operator, a constant, a clock edge.
struct Mutant {
    std::string file;  ///< "rtl/dna_pe.v"
    int line = 0;
    size_t place = 0;  ///< of the token, from the file's begin
    std::string from, to;
    /// "rtl/dna_pe.v:31: `+` -> `-`"
    std::string text() const;
    /// "dna_pe"
    std::string module() const;
};

/// All single-token changes of a file's logic: bodies of modules without comments, assertions (DNA_CHECKS),
/// declarations' ranges, constants' definitions, loops that build hardware, and nets that are left open on purpose.
std::vector<Mutant> mutantsOf(const std::string& file, const std::string& text);

/// Of the whole library, in the order of its files.
std::vector<Mutant> mutantsOf(const Library& library);

Library mutated(const Library& library, const Mutant& mutant);

}  // namespace dna::verif
