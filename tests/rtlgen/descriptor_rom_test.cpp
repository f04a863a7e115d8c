#include "rtlgen/descriptor_rom.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "rtlgen/chip.h"

using namespace dna;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Two descriptors whose words count from 0.
std::vector<mapping::Descriptor> counting() {
    std::vector<mapping::Descriptor> descriptors(2);
    uint32_t next = 0;
    for (mapping::Descriptor& descriptor : descriptors)
        for (uint32_t& word : descriptor) word = next++;
    return descriptors;
}

design::Design designWith(design::DescriptorSource source) {
    design::Design design;
    design.chunks.front().descriptors = source;
    return design;
}

}  // namespace

TEST_CASE("a descriptor ROM has every word at its address and 0 elsewhere") {
    const std::string text = rtlgen::descriptorRom(counting(), {"header"});
    CHECK(text.rfind("// header\n", 0) == 0);
    CHECK(contains(text, "input  wire [4:0] addr_i"));
    CHECK(contains(text, "5'd0: word = 128'h00000003_00000002_00000001_00000000;"));
    CHECK(contains(text, "5'd17: word = 128'h00000047_00000046_00000045_00000044;"));
    CHECK(contains(text, "5'd31: word = 128'h0000007f_0000007e_0000007d_0000007c;"));
    CHECK(contains(text, "default: word = 128'd0;"));
    CHECK(rtlgen::descriptorRomAddressBits(1) == 4);
    CHECK(rtlgen::descriptorRomAddressBits(3) == 6);
    CHECK(rtlgen::descriptorRomAddressBits(257) == 13);
}

TEST_CASE("a chip with a ROM is emitted with its program, and with another one for another program") {
    const design::Design design = designWith(design::DescriptorSource::Rom);
    std::vector<mapping::Descriptor> descriptors = counting();
    const rtlgen::Chip chip = rtlgen::emitChip(design, descriptors);
    CHECK(contains(chip.files.at("rtl/dna_desc_rom0.v"), designHash(design)));
    CHECK(contains(chip.files.at("rtl/dna_chunk0.v"), "dna_desc_rom0"));
    descriptors[1][5] ^= 1;
    CHECK(rtlgen::emitChip(design, descriptors).files != chip.files);
    CHECK_THROWS_AS(rtlgen::emitChip(design), base::InputError);
}

TEST_CASE("a chip with a descriptor RAM names its memory; one with descriptors in DRAM has none, whatever its program") {
    design::Design ram = designWith(design::DescriptorSource::Ram);
    ram.chunks.front().descriptor_slots = 10;
    const rtlgen::MemoryUse memory = rtlgen::emitChip(ram).memories.back();
    CHECK(memory.instance == "u_chunk0.u_descriptors.u_sram");
    CHECK(memory.words == 160);
    CHECK(memory.bits == 128);
    CHECK(memory.count == 1);
    const design::Design dram;
    const rtlgen::Chip chip = rtlgen::emitChip(dram);
    CHECK(chip.files == rtlgen::emitChip(dram, counting()).files);
    CHECK(chip.memories.size() + 1 == rtlgen::emitChip(ram).memories.size());
    CHECK(chip.files.count("rtl/dna_desc_rom0.v") == 0);
}
