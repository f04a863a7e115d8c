#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dna::verif {

/// A bench or a set of properties of the library, one embedded file each. What to do with it stands in its head:
/// lines of the form `// key: value`.
struct Harness {
    std::string name;  ///< file name without folder and extension
    std::string text;
    std::multimap<std::string, std::string> keys;
    /// The value of a key that must be there once.
    const std::string& value(const std::string& key) const;
    std::vector<std::string> values(const std::string& key) const;
};

/// All harnesses of a folder below verif/library, by name.
std::vector<Harness> harnesses(const std::string& folder);

/// "BITS=8 DEPTH=4" -> {BITS: "8", DEPTH: "4"}; "-" is none.
std::map<std::string, std::string> settings(const std::string& text);

using Library = std::map<std::string, std::string>;  ///< "rtl/dna_pe.v" -> text

/// Parameters of a module with their default values, in the order of its header.
std::vector<std::pair<std::string, std::string>> parametersOf(const std::string& verilog);

/// The module and all modules below it.
std::vector<std::string> modulesBelow(const Library& library, const std::string& module);

/// A change of the library that a check must notice: "rtl/dna_fifo.v: `from` -> `to`". Throws InternalError when the
/// text is not there once: a check that proves nothing is worse than none.
Library broken(const Library& library, const std::string& change);

}  // namespace dna::verif
