#pragma once

#include <string>
#include <vector>

#include "core/base/rng.h"

/// A file broken at random: bits, bytes, lengths, pieces cut out, doubled, or taken from another file.
std::string mutated(const std::string& bytes, const std::string& other, dna::base::Rng& rng);

/// JSON text broken where it stays JSON for longer: numbers, names and nesting.
std::string mutatedJson(const std::string& text, const std::string& other, dna::base::Rng& rng);

/// An ONNX model broken where it stays protobuf: attributes, shapes, wiring, operators, values.
std::string mutatedModel(const std::string& bytes, const std::string& other, dna::base::Rng& rng);
