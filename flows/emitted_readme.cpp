#include "flows/emitted_readme.h"

#include <fmt/format.h>

namespace dna::flows {

using design::Chunk;
using design::DescriptorSource;

namespace {

/// What differs by where the descriptors stand.
struct SourceText {
    const char* image;      ///< what program/image.bin holds
    std::string file_row;   ///< of program/descriptors.bin
    std::string to_run;     ///< what a host does with the descriptors
    const char* base;       ///< what the descriptor base is
    const char* registers;  ///< rows of registers that only this source has
    const char* programs;   ///< which networks the chip runs
};

constexpr const char* kAnyNetwork = "The chip is not made for this network: `dna compile` writes `program/` of any other network that fits its buffers";

SourceText dramText() {
    return {"descriptors and weights", "", "write the\ndescriptor base (0) to CSR 0x0c", "address of the first descriptor", "",
            kAnyNetwork};
}

SourceText ramText(const Chunk& chunk) {
    return {"weights",
            "| `program/descriptors.bin` | descriptors, for the descriptor RAM |\n",
            fmt::format("write 0 to CSR 0x14 and\n`program/descriptors.bin` to CSR 0x18, a word of 32 bits (little-endian) behind the other; the descriptor base (0)\n"
                        "to CSR 0x0c. The RAM holds {} descriptors of 256 bytes and keeps them: it is written once, not for every picture. Several\n"
                        "programs can stand in it, each at a multiple of 256, which is then its base. Then",
                        chunk.descriptor_slots),
            "byte address of the first descriptor in the descriptor RAM, a multiple of 256",
            "| 0x14 | byte address in the descriptor RAM, a multiple of 4 (ignored while busy) |\n"
            "| 0x18 | write only: 32 bits for the descriptor RAM at that address, which then counts on by 4 (ignored while busy) |\n",
            kAnyNetwork};
}

SourceText romText() {
    return {"weights",
            "| `program/descriptors.bin` | descriptors, as they stand in `rtl/dna_desc_rom0.v` |\n",
            "write the\ndescriptor base (0) to CSR 0x0c",
            "byte address of the first descriptor in the ROM: 0",
            "",
            "The chip runs this program only: its descriptors stand in a ROM"};
}

SourceText textOf(const Chunk& chunk) {
    switch (chunk.descriptors) {
        case DescriptorSource::Ram:
            return ramText(chunk);
        case DescriptorSource::Rom:
            return romText();
        default:
            return dramText();
    }
}

std::string files(const SourceText& source) {
    return fmt::format(R"(| file | what |
|---|---|
| `files.f`, `rtl/` | Verilog-2005, one module a file, in compilation order |
| `design.json`, `mapping.json`, `network.json`, `weights.safetensors` | what it was made from |
| `program/image.bin` | DRAM from address 0: {} |
{}| `program/memory_map.json`, `program/desc.txt` | where everything stands; descriptors as text |
| `tb/` | bench with its own vectors: `make -C tb` runs it in Verilator, `icarus` in Icarus, `vcd` with waveforms; `lint` checks every file |
| `manifest.json` | top module and memory instances, for synthesis flows |
| `orfs/nangate45/` | hand-over to OpenROAD-flow-scripts: `config.mk`, constraints, memory macros |
)",
                       source.image, source.file_row);
}

std::string registers(const SourceText& source) {
    return fmt::format(R"(| CSR | what |
|---|---|
| 0x00 | "DNA1" |
| 0x04 | status: bit 0 busy, bit 1 done, bit 2 a read or write was answered SLVERR or DECERR since the start: the results are not to be trusted |
| 0x08 | write 1: start (ignored while busy) |
| 0x0c | {} |
| 0x10 | descriptors done since the start |
{}| 0x20 to 0x3c | design SHA-256, first word first |
| 0x40 on | counters since the start (`rtl/dna_perf.v`), 0 without them |
)",
                       source.base, source.registers);
}

}  // namespace

std::string emittedReadme(const design::Design& design) {
    const Chunk& c = design.chunk();
    const SourceText source = textOf(c);
    return fmt::format(R"(# Accelerator emitted by DNA

Design SHA-256 {}; {} x {} PEs ({}), {} accumulator bits, buffers of {} x {} words per lane (input), {} x {} (weights),
{} x {} (output, residual), their memories of {}, {} and {} banks. Top module `dna_top`: AXI4-Lite slave for control, AXI4 master of {} bits for data.

{}
To run it: load `program/image.bin` at DRAM address 0, the picture at the address of `input` in the memory map, {}, write 1 to CSR 0x08, wait for `done_o` (or bit 1 of CSR 0x04); the logits stand at the last layer's map.

{}
{}.
)",
                       designHash(design), c.rows, c.cols, design::templateName(c.array), c.accumulator_bits, c.input_slots,
                       c.input_words, c.weight_slots, c.weight_words, c.output_slots, c.output_words, c.input_banks, c.weight_banks,
                       c.output_banks, c.axi_bits, files(source),
                       source.to_run, registers(source), source.programs);
}

}  // namespace dna::flows
