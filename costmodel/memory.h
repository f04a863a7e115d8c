#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"

namespace dna::costmodel {

/// A size law of single-port memories, fitted or scaled (its source is stated): W words of B bits.
/// Wider or deeper memories than the law was made for are built from several in parallel or in banks.
struct MemoryLaw {
    double area_base_um2 = 0, area_per_word_um2 = 0, area_per_bit_um2 = 0, area_per_word_bit_um2 = 0;
    double read_base_pj = 0, read_per_bit_pj = 0, read_per_word_bit_pj = 0;
    double write_base_pj = 0, write_per_bit_pj = 0, write_per_word_bit_pj = 0;
    double leakage_nw_per_bit = 0;
    int max_bits = 64;    ///< widest single memory
    int max_words = 8192; ///< deepest single memory
};

/// One real single-port macro of a PDK.
struct MemoryMacro {
    std::string name;
    int words = 0, bits = 0;
    double area_um2 = 0;
    double read_pj = 0, write_pj = 0;  ///< one access
    double leakage_mw = 0;
};

/// Memories of a technology: macros where there are any, else the law.
struct MemorySource {
    std::string kind = "estimated";  ///< macros | scaled | estimated: stands beside every figure made from it
    MemoryLaw law;
    std::vector<MemoryMacro> macros;
};

/// How a memory of a given size is built, and what it costs. One access touches `wide` macros of one bank.
struct MemoryPrice {
    std::string macro;  ///< macro name; empty when priced by the law
    int wide = 1;       ///< macros in parallel
    int deep = 1;       ///< banks
    double area_um2 = 0;
    double read_pj = 0, write_pj = 0;
    double leakage_mw = 0;
};

/// The cheapest memory of words x bits: fewest banks first (each bank adds a multiplexer behind the macro's slow
/// output), then least area, then least read energy. Used by the cost model and by synthesis alike.
MemoryPrice priceMemory(const MemorySource& source, int words, int bits);

/// A memory of `banks` such memories, each with its part of the words: an access takes one bank.
MemoryPrice priceBanks(const MemorySource& source, int words, int bits, int banks);

/// Reads and writes the object {"source", "law"?, "macros"?}.
MemorySource readMemorySource(base::JsonObject& object);
base::Json toJson(const MemorySource& source);

}  // namespace dna::costmodel
