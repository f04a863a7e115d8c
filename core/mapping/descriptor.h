#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/mapping/transfers.h"
#include "core/nn/integer/integer_network.h"

namespace dna::mapping {

constexpr int kDescriptorWords = 64;
constexpr int kDescriptorBytes = 4 * kDescriptorWords;

/// The 256 bytes that tell the hardware one sub-layer; docs/descriptor.md lists the fields. Words 0-23 are read by the
/// load engine, 24-47 by the compute engine, 48-63 by the store engine.
using Descriptor = std::array<uint32_t, kDescriptorWords>;

/// Descriptors as they stand in memory, one behind the other, little-endian.
std::vector<uint8_t> descriptorBytes(const std::vector<Descriptor>& descriptors);

/// Where a sub-layer's tensors stand in DRAM, and its place in the program.
struct DescriptorPlace {
    uint32_t input = 0, weights = 0, output = 0, residual = 0;  ///< byte addresses of the tensors, 4 KiB aligned
    uint32_t sums = 0;          ///< map of partial sums of a split reduction
    bool wait_previous = true;  ///< input loads wait until all descriptors before are stored, or what they read of the one before
    bool by_blocks = false;     ///< or its blocks of channels that they read
    bool last = false;          ///< end of the program
};

/// Output arithmetic of a layer (hardware.md 3.7).
struct LayerArithmetic {
    int pad_value = 0;             ///< input zero point
    network::Quantization output;  ///< of the convolution
    bool residual = false;
    int residual_zero = 0;
    int multiplier_conv = 0, multiplier_residual = 0, residual_shift = 1;
    network::Quantization sum;  ///< of the add
};
LayerArithmetic arithmeticOf(const nn::IntegerNetwork& network, const Layer& layer);

Descriptor encodeDescriptor(const LayerPlan& plan, const SubPlan& sub, const LayerArithmetic& arithmetic,
                            const DescriptorPlace& place);

/// The sub-layer's weight image: for every unit its requantisation parameters (a record a column: bias, shift - 1,
/// multiplier), then one vector of `cols` weights per MAC cycle, in the order of use, each of the plan's storedWeightBits.
std::vector<uint8_t> weightImage(const LayerPlan& plan, const SubPlan& sub, const nn::IntegerNetwork& network);

}  // namespace dna::mapping
