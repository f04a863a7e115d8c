#pragma once

#include <string>
#include <vector>

#include "core/design/design.h"
#include "core/network/network.h"

namespace dna::mapping {

/// How the array works on a layer: Dense broadcasts one input channel along a row of PEs; Depthwise gives every column
/// its own channel. Global pooling is Depthwise with unit weights and a kernel of the map's size.
enum class ArrayMode { Dense, Depthwise };

/// Where a feature map stands for the hardware: the node whose bytes it holds, and how its physical channel order
/// differs from the logical one (a folded channel shuffle).
struct TensorRef {
    int node = 0;
    int shuffle_groups = 1;  ///< g > 1: logical channel a*g + b is physical channel b*(C/g) + a
    /// Physical position of a logical channel.
    int physical(int logical, int channels) const;
};

/// A run of consecutive output channels that reads the same input channels: one descriptor. Dense layers have one; a
/// grouped convolution has one per set of groups that a word of output channels touches; a split reduction has one per pass.
struct SubLayer {
    int out_begin = 0;  ///< first output channel, multiple of the channels of a word
    int out_channels = 0;
    int in_begin = 0;     ///< first physical input channel of run 0
    int in_channels = 0;  ///< channels of one run
    int runs = 1;         ///< 1, or 2 when a channel shuffle of two groups is folded
    int run_stride = 0;   ///< physical channels from run 0 to run 1
    bool operator==(const SubLayer&) const = default;
};

/// One layer as the hardware sees it: a convolution-like node with the residual add that is fused behind it.
struct Layer {
    std::string name;     ///< name of the node whose output it writes
    int node = 0;         ///< convolution, linear or pool node; -1 for a bare residual add
    int output_node = 0;  ///< `node`, or the add fused behind it
    ArrayMode mode = ArrayMode::Dense;
    bool pool = false;        ///< any pool: unit weights, one parameter set for all channels
    bool max_pool = false;    ///< the largest product instead of the sum
    bool raw_output = false;  ///< accumulators as logits
    TensorRef input;
    TensorRef output;
    int residual_node = -1;          ///< second operand of the fused add, or -1
    bool residual_is_first = false;  ///< the fused add's operand 0 is the residual, operand 1 the convolution
    int in_channels = 0, in_height = 0, in_width = 0;
    int out_channels = 0, out_height = 0, out_width = 0;
    int kernel = 1, kernel_width = 1;  ///< rows and columns of the kernel; they differ in global pools only
    int stride = 1, pad = 0, dilation = 1, groups = 1;
    bool narrow_input = false;  ///< the picture: 4 channels a pixel instead of a word
    int operand_bits = 8;       ///< width of the chip's operands: 4, 8 or 16; a word has 128 / operand_bits channels
    int value_bits = 8;         ///< widest container of its maps and weights
    int weight_bits = 8;        ///< container of its weights: 4, 8 or 16
    std::vector<SubLayer> subs;
    int64_t macs = 0;  ///< useful multiply-accumulates (pools: additions or comparisons)

    int taps() const { return kernel * kernel_width; }
    int block() const { return 8 * design::kWordBytes / operand_bits; }  ///< channels of a word
    int narrowPixels() const { return block() / 4; }                     ///< pixels of a word of the picture
    int rawBytes() const { return operand_bits == 16 ? 8 : 4; }          ///< of a logit
    int rawWords() const { return block() * rawBytes() / design::kWordBytes; }  ///< sums of a pixel's channels of a word
    /// Input rows that a kernel spans, the gaps of a dilation included.
    int span() const { return dilation * (kernel - 1) + 1; }

    /// Two layers with equal shapes cost the same under the same mapping.
    std::string shapeKey() const;
};

/// The layers of a network in execution order. Throws InputError naming the node for what the hardware can't run
/// (e.g. a shuffle of more than two groups in front of a grouped convolution, an add of maps in different order).
/// `operand_bits`: width of the chip that is to run them.
std::vector<Layer> extractLayers(const network::Network& network, int operand_bits = 8);

/// Whether packed weights pay: a layer with weights of its own (no pool) needs at most half of the operands' width.
bool hasNarrowWeights(const std::vector<Layer>& layers);

}  // namespace dna::mapping
