#pragma once

#include <string>
#include <vector>

#include "core/design/design.h"

namespace dna::design {

/// Choices of one hardware parameter: a key of a chunk in design.json and its values.
struct ParameterChoices {
    std::string name;
    std::vector<int> values;
};

/// The searched hardware parameters of one output-array chunk.
struct DesignSpace {
    std::vector<ParameterChoices> parameters;
    /// The chunk of a choice (index per parameter), other fields as in `base`.
    Chunk chunk(const std::vector<int>& choice, const Chunk& base) const;
    /// The choice that gives a chunk's searched fields (0 for values that are not offered).
    std::vector<int> choiceOf(const Chunk& chunk) const;
    double size() const;
};

/// What is wrong with one list of a target's design space; empty when nothing is.
std::string overrideProblem(const std::string& name, const base::Json& values);

/// The built-in space, with the lists of `overrides` ({"rows": [8, 16], ...}) in place of its own. Throws InputError
/// for unknown parameters and values that the hardware does not have; `file` stands in the messages.
DesignSpace designSpace(const base::Json& overrides, const std::string& file);

}  // namespace dna::design
