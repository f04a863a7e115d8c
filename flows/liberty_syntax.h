#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dna::flows {

/// One group of a Liberty file: `name (arguments) { attributes, groups }`. Complex attributes (`index_1 ("...")`)
/// hold their arguments; simple ones (`area : 32;`) a single value. Quotes are removed.
struct LibertyGroup {
    struct Attribute {
        std::string name;
        std::vector<std::string> values;
    };
    std::string name;
    std::vector<std::string> arguments;
    std::vector<Attribute> attributes;
    std::vector<LibertyGroup> groups;
    size_t begin = 0, end = 0;  ///< byte range in the text, closing brace included

    /// First value of an attribute; empty when it is absent.
    std::string value(std::string_view attribute) const;
    /// First argument; empty when there is none.
    std::string argument() const { return arguments.empty() ? std::string() : arguments.front(); }
};

/// The outermost group (`library`). Throws InputError with file and line when the text is no Liberty.
LibertyGroup parseLiberty(std::string_view text, const std::string& file);

}  // namespace dna::flows
