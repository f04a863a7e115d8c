#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/design/design.h"

namespace dna::design {

/// Choices of one hardware parameter: a key of a chunk in design.json and its values (of `template`: the templates' numbers).
struct ParameterChoices {
    std::string name;
    std::vector<int> values;
};

/// The searched hardware parameters of one chunk.
struct DesignSpace {
    std::vector<ParameterChoices> parameters;
    /// The chunk of a choice (index per parameter), other fields as in `base`. What its template does not have takes the nearest
    /// value that it has, so that every choice is a chunk. `input_words` of a choice are those of a lane.
    Chunk chunk(const std::vector<int>& choice, const Chunk& base) const;
    double size() const;
};

/// Words of an input memory of a chunk whose lanes have so many: where weights stay there is one memory for all rows.
int inputMemoryWords(const Chunk& chunk, int lane_words);

/// The next larger value of a parameter that the hardware has; nothing behind the largest.
std::optional<int> nextLegal(const std::string& name, int value);

/// What is wrong with one list of a target's design space; empty when nothing is.
std::string overrideProblem(const std::string& name, const base::Json& values);

/// The built-in space, with the lists of `overrides` ({"rows": [8, 16], ...}) in place of its own. Throws InputError
/// for unknown parameters and values that the hardware does not have; `file` stands in the messages.
DesignSpace designSpace(const base::Json& overrides, const std::string& file);

}  // namespace dna::design
