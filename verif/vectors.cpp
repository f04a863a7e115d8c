#include "verif/vectors.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/design/templates.h"
#include "verif/interpreter.h"
#include "verif/reference.h"

namespace dna::verif {

namespace {

std::string bytesOf(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

/// What the host writes to the chip's descriptor RAM, from its first word on.
std::vector<uint8_t> descriptorRam(const mapping::Program& program) {
    if (program.design.chunk().descriptors != design::DescriptorSource::Ram) return {};
    std::vector<uint8_t> bytes(program.descriptor_base, 0);
    const std::vector<uint8_t> descriptors = mapping::descriptorBytes(program.descriptors);
    bytes.insert(bytes.end(), descriptors.begin(), descriptors.end());
    return bytes;
}

std::string programText(const mapping::Program& program) {
    const mapping::Layer& first = program.plans.front().layer;
    const design::MemoryModel memory;
    std::string text = fmt::format("dram {}\nbeat {}\ndescriptor_base {}\ninput {} {}\nlatency {} {}\n", program.dram_bytes,
                                   program.design.chunk().axi_bits / 8, program.descriptor_base,
                                   program.map_address[size_t(first.input.node)], mapping::inputMapBytes(first),
                                   memory.read_latency, memory.write_latency);
    for (size_t i = 0; i < program.plans.size(); ++i) {
        const mapping::LayerPlan& plan = program.plans[i];
        text += fmt::format("layer {} {} {} {}\n", plan.layer.name, plan.subs.size(),
                            program.map_address[size_t(plan.layer.output_node)], mapping::outputMapBytes(plan.layer));
        if (plan.splitsReduction())
            text += fmt::format("sums {} {}\n", program.sums_address[i], mapping::sumsMapBytes(plan.layer));
    }
    return text;
}

mapping::StoredMap storedMap(const mapping::Layer& layer, const ReferenceOutputs& outputs) {
    if (layer.raw_output) return mapping::layoutLogits(layer, outputs.logits);
    return mapping::layoutOutput(layer, outputs.maps[size_t(layer.output_node)]);
}

void checkInterpreter(const nn::IntegerNetwork& network, const mapping::Program& program, const uint8_t* picture,
                      const mapping::StoredMap& expected) {
    std::vector<uint8_t> dram(program.dram_bytes, 0);
    std::copy(program.image.begin(), program.image.end(), dram.begin());
    const mapping::Layer& first = program.plans.front().layer;
    const std::vector<uint8_t> input = mapping::layoutInput(network, first, picture);
    std::copy(input.begin(), input.end(), dram.begin() + program.map_address[size_t(first.input.node)]);
    if (program.design.chunk().localDescriptors())
        interpret(dram, mapping::descriptorBytes(program.descriptors), 0, program.design.chunk());
    else
        interpret(dram, dram, program.descriptor_base, program.design.chunk());
    const uint32_t base = program.map_address[size_t(program.plans.back().layer.output_node)];
    for (size_t i = 0; i < expected.bytes.size(); ++i)
        DNA_CHECK(((dram[base + i] ^ expected.bytes[i]) & expected.care[i]) == 0,
                  fmt::format("descriptors and reference disagree at output byte {}", i));
}

}  // namespace

void writeVectors(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                  const mapping::Program& program, const std::vector<const uint8_t*>& pictures) {
    std::vector<uint8_t> inputs, expected, care;
    for (const uint8_t* picture : pictures) {
        const std::vector<uint8_t> input = mapping::layoutInput(network, program.plans.front().layer, picture);
        inputs.insert(inputs.end(), input.begin(), input.end());
        const ReferenceOutputs outputs = runReference(network, picture);
        mapping::StoredMap map;
        for (const mapping::LayerPlan& plan : program.plans) {
            map = storedMap(plan.layer, outputs);
            expected.insert(expected.end(), map.bytes.begin(), map.bytes.end());
            if (picture == pictures.front()) care.insert(care.end(), map.care.begin(), map.care.end());
        }
        checkInterpreter(network, program, picture, map);
    }
    base::makeFolder(folder);
    base::writeFileAtomic(folder / "image.bin", bytesOf(program.image));
    base::writeFileAtomic(folder / "descriptors.bin", bytesOf(descriptorRam(program)));
    base::writeFileAtomic(folder / "program.txt", programText(program));
    base::writeFileAtomic(folder / "care.bin", bytesOf(care));
    base::writeFileAtomic(folder / "inputs.bin", bytesOf(inputs));
    base::writeFileAtomic(folder / "expected.bin", bytesOf(expected));
}

}  // namespace dna::verif
