#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "flows/onnx/draft.h"

namespace dna::flows::onnx {

/// Keys of the metadata that this program writes and reads; values are numbers between commas.
constexpr const char* kMeanKey = "dna.input.mean";            ///< of bytes, three numbers
constexpr const char* kDeviationKey = "dna.input.deviation";  ///< of bytes, three numbers
constexpr const char* kTableKey = "dna.input.table";  ///< of a quantised network: 3 x 256 input codes of the bytes
/// Widths of the weights: one number for every convolution and linear layer, in the order of the file; 0 where a float
/// network states none. Absent: 8 bits in a quantised network, none stated in a float one.
constexpr const char* kWeightBitsKey = "dna.weight_bits";

/// Numbers between commas; nothing when there is anything else.
std::optional<std::vector<double>> numbers(const std::string& text);

/// The value of kWeightBitsKey; nothing where its absence says the same.
std::optional<std::string> weightBitsText(const network::Network& network);

/// Gives the layers the widths that the text states. What is wrong is added to `problems`: another number of widths than
/// of layers with weights, widths that no network has, weights that don't fit.
void readWeightBits(const std::string& text, const std::string& file, std::vector<Layer>& layers,
                    std::vector<base::Problem>& problems);

}  // namespace dna::flows::onnx
