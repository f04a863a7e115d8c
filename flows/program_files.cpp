#include "flows/program_files.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/mapping/mapping_file.h"
#include "costmodel/mapper.h"
#include "verif/vectors.h"

namespace dna::flows {

using base::Json;

MappedNetwork readMapped(const std::filesystem::path& network_json, const std::filesystem::path& design_json,
                         const std::optional<std::filesystem::path>& mapping_json, const design::Target& target) {
    MappedNetwork mapped;
    mapped.network = network::readNetwork(network_json);
    mapped.design = design::readDesign(design_json);
    mapped.layers = mapping::extractLayers(mapped.network, mapped.design.chunk().operand_bits);
    const design::Chunk& chunk = mapped.design.chunk();
    if (mapping_json) {
        const mapping::NetworkMapping mappings = mapping::readMapping(*mapping_json);
        mapped.plans = mapping::lowerAll(mapped.layers, chunk, mappings, mapping_json->string());
    } else {
        const costmodel::Technology technology = costmodel::builtinTechnology(target.technology);
        costmodel::Mapper mapper(technology, target);
        mapped.plans = mapper.refine(mapper.best(mapped.layers, chunk, design_json.string()), chunk);
    }
    mapping::checkDescriptorSlots(mapped.plans, mapped.design, design_json.string());
    return mapped;
}

EmittedProgram readEmittedProgram(const std::filesystem::path& folder) {
    EmittedProgram emitted;
    emitted.network = nn::readIntegerNetwork(folder / "network.json");
    const design::Design design = design::readDesign(folder / "design.json");
    const mapping::NetworkMapping mappings = mapping::readMapping(folder / "mapping.json");
    const auto plans = mapping::lowerAll(mapping::extractLayers(emitted.network.graph, design.chunk().operand_bits), design.chunk(), mappings,
                                         (folder / "mapping.json").string());
    emitted.program = mapping::buildProgram(emitted.network, design, plans);
    return emitted;
}

void writeProgram(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                  const mapping::Program& program) {
    base::writeJson(folder / "design.json", design::toJson(program.design));
    base::writeJson(folder / "mapping.json", mapping::toJson(program.plans));
    nn::writeIntegerNetwork(network, folder);
    base::makeFolder(folder / "program");
    base::writeFileAtomic(folder / "program" / "image.bin", std::string(program.image.begin(), program.image.end()));
    if (program.design.chunk().localDescriptors()) {
        const std::vector<uint8_t> bytes = mapping::descriptorBytes(program.descriptors);
        base::writeFileAtomic(descriptorFile(folder), std::string(bytes.begin(), bytes.end()));
    }
    base::writeJson(folder / "program" / "memory_map.json", memoryMapJson(program));
    base::writeFileAtomic(folder / "program" / "desc.txt", descriptorText(program));
}

std::filesystem::path descriptorFile(const std::filesystem::path& folder) { return folder / "program" / "descriptors.bin"; }

void checkRom(const mapping::Program& program, const std::filesystem::path& program_json, const std::filesystem::path& chip) {
    if (program.design.chunk().descriptors != design::DescriptorSource::Rom) return;
    const std::string rom = base::readFile(descriptorFile(chip));
    const std::vector<uint8_t> bytes = mapping::descriptorBytes(program.descriptors);
    if (std::string(bytes.begin(), bytes.end()) == rom) return;
    throw base::InputError(program_json.string(), "",
                           fmt::format("expected the program in the ROM of the chip in {} ({} descriptors), found another one ({} descriptors); "
                                       "emit a chip for this network, or one whose \"descriptors\" are \"dram\" or \"ram\"",
                                       chip.string(), rom.size() / mapping::kDescriptorBytes, program.descriptors.size()));
}

void writeBenchVectors(const std::filesystem::path& folder, const nn::IntegerNetwork& network,
                       const mapping::Program& program) {
    constexpr size_t kPictures = 2;
    std::vector<std::vector<uint8_t>> pictures(kPictures);
    std::vector<const uint8_t*> pointers;
    for (size_t i = 0; i < pictures.size(); ++i) {
        base::Rng rng(i, "bench picture");
        pictures[i].resize(size_t(network.graph.inputShape().elements()));
        for (uint8_t& byte : pictures[i]) byte = uint8_t(rng.below(256));
        pointers.push_back(pictures[i].data());
    }
    verif::writeVectors(folder, network, program, pointers);
}

std::string descriptorText(const mapping::Program& program) {
    std::string text =
        "# Descriptors in order of execution: 64 words of 32 bits each (docs/descriptor.md); zero words are left "
        "out.\n";
    for (size_t i = 0; i < program.descriptors.size(); ++i) {
        const mapping::LayerPlan& plan = program.plans[size_t(program.descriptor_layer[i])];
        text += fmt::format("\ndescriptor {} at 0x{:08x}: {}\n", i, i * mapping::kDescriptorBytes, plan.layer.name);
        for (size_t w = 0; w < mapping::kDescriptorWords; ++w) {
            const uint32_t word = program.descriptors[i][w];
            const char section = w < 24 ? 'L' : w < 48 ? 'C' : 'S';
            const size_t index = w < 24 ? w : w < 48 ? w - 24 : w - 48;
            if (word != 0)
                text += fmt::format("  {}{:<2} 0x{:08x}  {} | {}\n", section, index, word, word & 0xffff, word >> 16);
        }
    }
    return text;
}

Json memoryMapJson(const mapping::Program& program) {
    Json json = base::makeDocument("memory_map");
    json["dram_bytes"] = program.dram_bytes;
    json["regions"] = Json::array();
    for (const mapping::Region& r : program.regions)
        json["regions"].push_back(Json{{"name", r.name}, {"address", r.address}, {"bytes", r.bytes}});
    return json;
}

}  // namespace dna::flows
