#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/network/network.h"
#include "flows/onnx/model.h"

namespace dna::flows::onnx {

/// Batch norm as it stands in a file.
struct BatchNorm {
    std::vector<float> gamma, beta, mean, variance;
    double epsilon = 1e-5;
};

/// A layer of the network that is being read. `node.inputs` are indices of earlier layers.
struct Layer {
    network::Node node;
    std::string place{};                  ///< of the ONNX node it comes from, for messages
    bool input_is_its_own = false;        ///< nobody else reads the map it reads
    std::vector<float> weight{}, bias{};  ///< OIHW; a bias for every output (conv2d, linear)
    std::optional<BatchNorm> batch_norm{};
    std::optional<std::pair<float, float>> bounds{};  ///< a Clip that is no ReLU6: only a quantised network holds it
    bool read_unquantized = false;                    ///< somebody reads its output before QuantizeLinear

    // Of a quantised network:
    std::vector<int64_t> weight_codes{};
    std::vector<double> weight_scales{};  ///< one, or one an output channel
    std::vector<int64_t> bias_codes{};    ///< empty: `bias` holds real values only
    std::vector<double> bias_scales{};    ///< input scale x weight scale, where the codes are used
};

/// A tensor that is known when the network is read.
struct ConstantValue {
    std::string name{};  ///< of the initializer; empty when it was computed
    std::shared_ptr<const Constant> values{};
    /// Where DequantizeLinear made it: the integers and their scales (one, or one per index of `axis`).
    std::shared_ptr<const Constant> codes{};
    std::vector<double> scales{};
    int axis = 0;
};

/// A feature map, or a view of it with other dimensions.
struct MapValue {
    enum class Stage { Real, Codes, Restored };  ///< never quantised; after QuantizeLinear; after DequantizeLinear
    int layer = -1;
    std::vector<int64_t> dims{};  ///< as ONNX sees it, batch first
    int groups = 0;               ///< channels are seen as [groups][n] (5 dimensions) ...
    bool swapped = false;         ///< ... or, transposed, as [n][groups]
    int pad = 0;                  ///< zeros that a Pad put around the map
    bool exclusive = true;        ///< nobody else reads this layer's output
    Stage stage = Stage::Real;
};

/// Nothing is known of a tensor that an unsupported node makes.
using Value = std::variant<std::monostate, ConstantValue, MapValue>;

}  // namespace dna::flows::onnx
