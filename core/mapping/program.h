#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/design/design.h"
#include "core/mapping/descriptor.h"
#include "core/mapping/plan.h"
#include "core/nn/integer/integer_network.h"

namespace dna::mapping {

/// A region of DRAM.
struct Region {
    std::string name;  ///< "descriptors" (those in DRAM), "<layer>.weights", node name
    uint32_t address = 0;
    uint32_t bytes = 0;
};

/// A whole network as the chip runs it: descriptors, weights and the places of all maps.
struct Program {
    design::Design design;
    std::vector<LayerPlan> plans;
    std::vector<Descriptor> descriptors;  ///< sub-layers in order
    std::vector<int> descriptor_layer;    ///< layer of each descriptor
    std::vector<uint8_t> image;           ///< DRAM from 0: descriptors (where they stand in DRAM) and weights
    std::vector<Region> regions;          ///< memory map
    std::vector<uint32_t> map_address;    ///< per network node; only for nodes that are stored
    std::vector<uint32_t> sums_address;   ///< per plan; only for those that split their reduction
    uint32_t dram_bytes = 0;              ///< end of the highest map
    /// Byte address of the first descriptor where the design's descriptors stand: DRAM, or the chip's memory.
    uint32_t descriptor_base = 0;
};

/// Maps get the lowest free place of their live range (descriptors and weights stand in front, alive all the time). Throws
/// InputError when the design can't hold the program.
Program buildProgram(const nn::IntegerNetwork& network, const design::Design& design,
                     const std::vector<LayerPlan>& plans);

/// Throws InputError when a design's descriptor RAM is too small for the layers; `design_file` stands in the message.
void checkDescriptorSlots(const std::vector<LayerPlan>& plans, const design::Design& design, const std::string& design_file);

/// A picture ([3][H][W] bytes) as the host lays it out: mapped by the input table, [H][W] pixels of 4 values (a word
/// when the network's input has more than 4 channels), rows padded to words.
std::vector<uint8_t> layoutInput(const nn::IntegerNetwork& network, const Layer& first, const uint8_t* picture);

/// A layer's output as it stands in DRAM, from CHW values in logical channel order (or logits); bytes of channels beyond
/// the map's are not compared (`care` is 0 there).
struct StoredMap {
    std::vector<uint8_t> bytes;
    std::vector<uint8_t> care;
};
StoredMap layoutOutput(const Layer& layer, const std::vector<nn::Code>& chw);
StoredMap layoutLogits(const Layer& layer, const std::vector<int64_t>& logits);

}  // namespace dna::mapping
