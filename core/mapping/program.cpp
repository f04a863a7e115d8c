#include "core/mapping/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/mapping/joined.h"
#include "core/mapping/values.h"

namespace dna::mapping {

using design::kWordBytes;

namespace {

constexpr uint32_t kAlign = 4096;
uint32_t alignUp(int64_t bytes) { return uint32_t((bytes + kAlign - 1) / kAlign * kAlign); }

int descriptorCount(const std::vector<LayerPlan>& plans) {
    int count = 0;
    for (const LayerPlan& plan : plans) count += int(plan.subs.size());
    return count;
}

/// A map's place in time (layers) and memory.
struct Placed {
    int first, last;
    uint32_t address, bytes;
};

/// First fit by address among the maps that are alive at the same time.
uint32_t firstFit(const std::vector<Placed>& placed, int first, int last, uint32_t bytes, uint32_t base) {
    std::vector<const Placed*> alive;
    for (const Placed& p : placed)
        if (p.first <= last && first <= p.last) alive.push_back(&p);
    std::sort(alive.begin(), alive.end(), [](const Placed* a, const Placed* b) { return a->address < b->address; });
    uint32_t address = base;
    for (const Placed* p : alive) {
        if (address + bytes <= p->address) break;
        address = std::max(address, p->address + p->bytes);
    }
    return address;
}

class Builder {
public:
    Builder(const nn::IntegerNetwork& network, const design::Design& design, const std::vector<LayerPlan>& plans)
        : network_(network) {
        program_.design = design;
        program_.plans = plans;
        program_.map_address.assign(network.graph.nodes.size(), 0);
        placed_.assign(network.graph.nodes.size(), false);
        program_.sums_address.assign(plans.size(), 0);
    }

    Program run() {
        placeWeights();
        placeMaps();
        encode();
        return std::move(program_);
    }

private:
    void placeWeights() {
        if (!program_.design.chunk().localDescriptors()) {
            const uint32_t descriptor_bytes = alignUp(int64_t(descriptorCount(program_.plans)) * kDescriptorBytes);
            program_.regions.push_back({"descriptors", 0, descriptor_bytes});
            program_.image.assign(descriptor_bytes, 0);
        }
        for (const LayerPlan& plan : program_.plans) {
            const uint32_t begin = uint32_t(program_.image.size());
            weight_address_.push_back(begin);
            for (const SubPlan& sub : plan.subs) {
                const std::vector<uint8_t> part = weightImage(plan, sub, network_);
                program_.image.insert(program_.image.end(), part.begin(), part.end());
            }
            program_.regions.push_back({plan.layer.name + ".weights", begin, uint32_t(program_.image.size()) - begin});
        }
    }

    void placeMaps() {
        const auto& plans = program_.plans;
        const int layers = int(plans.size());
        std::vector<Placed> placed;
        const std::vector<JoinedPlace> places = joinedPlaces(network_.graph);
        auto whole = [&](int node) { return node < 0 ? -1 : places[size_t(node)].whole; };
        auto lastUse = [&](int node) {
            int last = -1;
            for (int i = 0; i < layers; ++i)
                if (whole(plans[size_t(i)].layer.input.node) == node || whole(plans[size_t(i)].layer.residual_node) == node)
                    last = i;
            return last < 0 ? layers : last;
        };
        auto region = [&](const std::string& name, int first, int last, int64_t bytes) {
            const uint32_t size = alignUp(bytes);
            const uint32_t address = firstFit(placed, first, last, size, uint32_t(program_.image.size()));
            placed.push_back({first, last, address, size});
            program_.regions.push_back({name, address, uint32_t(bytes)});
            program_.dram_bytes = std::max(program_.dram_bytes, address + size);
            return address;
        };
        auto place = [&](int node, int first, int64_t bytes) {
            program_.map_address[size_t(node)] =
                region(network_.graph.nodes[size_t(node)].name, first, lastUse(node), bytes);
            placed_[size_t(node)] = true;
        };
        place(plans.front().layer.input.node, -1, inputMapBytes(plans.front().layer));
        for (int i = 0; i < layers; ++i) {
            const LayerPlan& plan = plans[size_t(i)];
            const int map = whole(plan.layer.output_node);
            if (map == plan.layer.output_node)
                place(map, i, outputMapBytes(plan.layer));
            else if (!placed_[size_t(map)])
                place(map, i, mapBytes(network_.graph.nodes[size_t(map)].shape, plan.layer.block()));
            if (plan.splitsReduction())
                program_.sums_address[size_t(i)] =
                    region(plan.layer.name + ".partial_sums", i, i, sumsMapBytes(plan.layer));
        }
        placeJoined(places);
    }

    /// Maps that stand in others, and concats that stand in others.
    void placeJoined(const std::vector<JoinedPlace>& places) {
        const int block = program_.plans.front().layer.block();
        for (size_t i = 0; i < places.size(); ++i) {
            network::Shape before = network_.graph.nodes[i].shape;
            before.channels = places[i].begin;
            if (places[i].whole != int(i))
                program_.map_address[i] = program_.map_address[size_t(places[i].whole)] + uint32_t(mapBytes(before, block));
        }
    }

    void encode() {
        for (size_t i = 0; i < program_.plans.size(); ++i) {
            const LayerPlan& plan = program_.plans[i];
            const LayerArithmetic arithmetic = arithmeticOf(network_, plan.layer);
            uint32_t weights = weight_address_[i];
            for (size_t s = 0; s < plan.subs.size(); ++s) {
                DescriptorPlace place;
                place.input = program_.map_address[size_t(plan.layer.input.node)];
                place.output = program_.map_address[size_t(plan.layer.output_node)];
                place.weights = weights;
                place.sums = program_.sums_address[i];
                if (plan.layer.residual_node >= 0)
                    place.residual = program_.map_address[size_t(plan.layer.residual_node)];
                place.wait_previous = s == 0;
                place.by_blocks = i > 0 && readsBlocks(plan, program_.plans[i - 1]);
                place.last = i + 1 == program_.plans.size() && s + 1 == plan.subs.size();
                program_.descriptors.push_back(encodeDescriptor(plan, plan.subs[s], arithmetic, place));
                program_.descriptor_layer.push_back(int(i));
                weights += uint32_t(weightImageBytes(plan.subs[s]));
            }
        }
        if (program_.design.chunk().localDescriptors()) return;
        const std::vector<uint8_t> bytes = descriptorBytes(program_.descriptors);
        std::copy(bytes.begin(), bytes.end(), program_.image.begin());
    }

    const nn::IntegerNetwork& network_;
    Program program_;
    std::vector<uint32_t> weight_address_;
    std::vector<bool> placed_;  ///< nodes whose maps have their place
};

}  // namespace

Program buildProgram(const nn::IntegerNetwork& network, const design::Design& design,
                     const std::vector<LayerPlan>& plans) {
    DNA_CHECK(!plans.empty(), "a program needs layers");
    if (network.multiplierBits() > design.chunk().multiplier_bits)
        throw base::InputError(network.graph.name, "/multipliers",
                               fmt::format("the network was quantised with multipliers of {} bits, the design's have {}",
                                           network.multiplierBits(), design.chunk().multiplier_bits));
    checkDescriptorSlots(plans, design, design.name);
    return Builder(network, design, plans).run();
}

void checkDescriptorSlots(const std::vector<LayerPlan>& plans, const design::Design& design, const std::string& design_file) {
    const design::Chunk& chunk = design.chunk();
    const int count = descriptorCount(plans);
    if (chunk.descriptors != design::DescriptorSource::Ram || count <= chunk.descriptor_slots) return;
    throw base::InputError(design_file, "/chunks/0/descriptor_slots",
                           fmt::format("expected at least the {} descriptors of the program, found {}", count, chunk.descriptor_slots));
}

std::vector<uint8_t> layoutInput(const nn::IntegerNetwork& network, const Layer& first, const uint8_t* picture) {
    const int height = first.in_height, width = first.in_width;
    const int64_t row = inputBlockPitch(first) / height;
    const int values = first.narrow_input ? 4 : first.block();
    std::vector<uint8_t> bytes(size_t(inputMapBytes(first)), 0);
    for (int c = 0; c < first.in_channels; ++c)
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) {
                const uint8_t value = picture[(size_t(c) * height + y) * width + x];
                putValue(bytes.data() + y * row, int64_t{x} * values + c, first.operand_bits,
                         network.input_table[size_t(c) % 3][value]);
            }
    return bytes;
}

StoredMap layoutOutput(const Layer& layer, const std::vector<nn::Code>& chw) {
    StoredMap map;
    map.bytes.assign(size_t(outputMapBytes(layer)), 0);
    map.care = map.bytes;
    const int plane = layer.out_height * layer.out_width;
    for (int c = 0; c < layer.out_channels; ++c) {
        const int physical = layer.output.physical(c, layer.out_channels);
        for (int p = 0; p < plane; ++p) {
            const int64_t at = (int64_t{physical / layer.block()} * plane + p) * layer.block() + physical % layer.block();
            putValue(map.bytes.data(), at, layer.operand_bits, chw[size_t(c) * plane + p]);
            putValue(map.care.data(), at, layer.operand_bits, -1);
        }
    }
    return map;
}

StoredMap layoutLogits(const Layer& layer, const std::vector<int64_t>& logits) {
    StoredMap map;
    map.bytes.assign(size_t(outputMapBytes(layer)), 0);
    map.care = map.bytes;
    const size_t bytes = size_t(layer.rawBytes());
    for (size_t c = 0; c < logits.size(); ++c)
        for (size_t b = 0; b < bytes; ++b) {
            map.bytes[bytes * c + b] = uint8_t(uint64_t(logits[c]) >> (8 * b));
            map.care[bytes * c + b] = 0xff;
        }
    return map;
}

}  // namespace dna::mapping
