#include "rtlgen/descriptor_rom.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace dna::rtlgen {

namespace {

constexpr size_t kWordsOfDescriptor = 16;  ///< of 128 bits

/// Word `i` of a descriptor: its fields' word 4 i is the lowest quarter.
std::string wordText(const mapping::Descriptor& d, size_t i) {
    return fmt::format("128'h{:08x}_{:08x}_{:08x}_{:08x}", d[4 * i + 3], d[4 * i + 2], d[4 * i + 1], d[4 * i]);
}

std::string ports(int address_bits) {
    return fmt::format(
        "module dna_desc_rom0 (\n"
        "    input  wire         clk,\n"
        "    input  wire         read_i,\n"
        "    input  wire [{}:0] addr_i,\n"
        "    output reg  [127:0] data_o\n"
        ");\n",
        address_bits - 1);
}

}  // namespace

int descriptorRomAddressBits(size_t descriptors) { return std::bit_width(std::max<size_t>(1, descriptors) * kWordsOfDescriptor - 1); }

std::string descriptorRom(const std::vector<mapping::Descriptor>& descriptors, const std::vector<std::string>& header) {
    const int bits = descriptorRomAddressBits(descriptors.size());
    std::string text;
    for (const std::string& line : header) text += "// " + line + "\n";
    text += fmt::format("// Descriptors of the program: {} of {} words of 128 bits, a word one cycle after its read.\n", descriptors.size(),
                        kWordsOfDescriptor);
    text += ports(bits) + "    reg [127:0] word;\n    always @* begin\n        case (addr_i)\n";
    for (size_t d = 0; d < descriptors.size(); ++d) {
        text += fmt::format("            // descriptor {}\n", d);
        for (size_t i = 0; i < kWordsOfDescriptor; ++i)
            text += fmt::format("            {}'d{}: word = {};\n", bits, d * kWordsOfDescriptor + i, wordText(descriptors[d], i));
    }
    text += "            default: word = 128'd0;\n        endcase\n    end\n";
    return text + "    always @(posedge clk) if (read_i) data_o <= word;\nendmodule\n";
}

}  // namespace dna::rtlgen
