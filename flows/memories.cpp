#include "flows/memories.h"

#include <fmt/format.h>

#include <algorithm>

namespace dna::flows {
namespace {

/// `signal[high:low]`, filled up with zeros to `width` bits.
std::string slice(const std::string& signal, int low, int bits, int width) {
    const std::string part = fmt::format("{}[{}:{}]", signal, low + bits - 1, low);
    return bits == width ? part : fmt::format("{{{}'d0, {}}}", width - bits, part);
}

/// One macro: bank `bank`, bits from `low`.
std::string macroInstance(const MemoryUse& use, const PlatformMacros& pins, const costmodel::MemoryMacro& macro, int bank,
                          int low, bool banked) {
    const int bits = std::min(macro.bits, use.bits - low);
    const int address = addressBits(macro.words), have = std::min(address, addressBits(use.words));
    const std::string select = banked ? fmt::format("bank == {}", bank) : "1'b1";
    std::string text = fmt::format("      wire [{}:0] out_{}_{};\n", macro.bits - 1, bank, low);
    text += fmt::format("      {} u_{}_{} (.{}(clk), .{}(en_i && {}), .{}(we_i),\n", macro.name, bank, low, pins.clock,
                        pins.enable, select, pins.write);
    text += fmt::format("        .{}({}), .{}({}),\n", pins.address, slice("addr_i", 0, have, address), pins.data_in,
                        slice("wdata_i", low, bits, macro.bits));
    text += fmt::format("        .{}({}), .{}(out_{}_{}));\n", pins.mask, slice("mask", low, bits, macro.bits), pins.data_out,
                        bank, low);
    text += fmt::format("      assign data_{}[{}:{}] = out_{}_{}[{}:0];\n", bank, low + bits - 1, low, bank, low, bits - 1);
    return text;
}

std::string macroBody(const MemoryUse& use, const PlatformMacros& pins, const costmodel::MemorySource& memory) {
    const costmodel::MemoryPrice price = costmodel::priceMemory(memory, use.words, use.bits);
    const auto macro = std::find_if(memory.macros.begin(), memory.macros.end(),
                                    [&](const auto& candidate) { return candidate.name == price.macro; });
    const bool banked = price.deep > 1;
    std::string text = fmt::format("      wire [{}:0] mask;\n      genvar b;\n", use.bits - 1);
    text += fmt::format("      for (b = 0; b < {}; b = b + 1) begin : gen_mask\n        assign mask[b] = mask_i[b / 8];\n      end\n",
                        use.bits);
    if (banked) {
        const int low = addressBits(macro->words), high = addressBits(use.words) - 1;
        text += fmt::format("      wire [{}:0] bank = addr_i[{}:{}];\n      reg  [{}:0] bank_q;\n", high - low, high, low, high - low);
        text += "      always @(posedge clk) if (en_i && !we_i) bank_q <= bank;\n";
    }
    std::string result;
    for (int bank = 0; bank < price.deep; ++bank) {
        text += fmt::format("      wire [{}:0] data_{};\n", use.bits - 1, bank);
        for (int low = 0; low < use.bits; low += macro->bits) text += macroInstance(use, pins, *macro, bank, low, banked);
        result += bank + 1 < price.deep ? fmt::format("bank_q == {} ? data_{} : ", bank, bank) : fmt::format("data_{}", bank);
    }
    return text + "      assign rdata_o = " + result + ";\n";
}

std::string lawBody(const MemoryUse& use) {
    return fmt::format(
        "      dna_memory_{}x{} u_memory (.clk(clk), .en_i(en_i), .we_i(we_i), .mask_i(mask_i), .addr_i(addr_i),\n"
        "        .wdata_i(wdata_i), .rdata_o(rdata_o));\n",
        use.words, use.bits);
}

std::string busType(const std::string& name, int width) {
    return fmt::format(
        "  type ({}) {{ base_type : array; data_type : bit; bit_width : {}; bit_from : {}; bit_to : 0; downto : true; }}\n",
        name, width, width - 1);
}

std::string constraint(const char* type, double ns) {
    return fmt::format(
        "      timing () {{ related_pin : \"clk\"; timing_type : {}; rise_constraint (scalar) {{ values (\"{:.3f}\"); }} "
        "fall_constraint (scalar) {{ values (\"{:.3f}\"); }} }}\n",
        type, ns, ns);
}

std::string inputPin(const char* kind, const std::string& name, const std::string& bus_type, double setup_ns) {
    std::string text = fmt::format("    {} ({}) {{ {}direction : input; capacitance : 0.02;\n", kind, name,
                                   bus_type.empty() ? "" : "bus_type : " + bus_type + "; ");
    return text + constraint("setup_rising", setup_ns) + constraint("hold_rising", 0.0) + "    }\n";
}

std::string lawCell(const MemoryUse& use, const Platform& platform, const costmodel::MemorySource& memory) {
    const costmodel::MemoryPrice price = costmodel::priceMemory(memory, use.words, use.bits);
    const std::string name = fmt::format("dna_memory_{}x{}", use.words, use.bits);
    std::string text = busType(name + "_data", use.bits) + busType(name + "_mask", use.bits / 8) +
                       busType(name + "_addr", addressBits(use.words));
    text += fmt::format("  cell ({}) {{\n    area : {:.3f};\n    interface_timing : true;\n    dont_touch : true;\n    dont_use : true;\n", name,
                        price.area_um2);
    text += fmt::format("    cell_leakage_power : {:.3f};\n", price.leakage_mw * 1e6);
    text += "    pin (clk) { direction : input; capacitance : 0.05; clock : true; }\n";
    const double setup = platform.memory_setup_ns, delay = platform.memory_clock_to_output_ns;
    text += inputPin("pin", "en_i", "", setup) + inputPin("pin", "we_i", "", setup);
    text += inputPin("bus", "mask_i", name + "_mask", setup) + inputPin("bus", "addr_i", name + "_addr", setup) +
            inputPin("bus", "wdata_i", name + "_data", setup);
    text += fmt::format(
        "    bus (rdata_o) {{ bus_type : {}_data; direction : output; max_capacitance : 1.0;\n"
        "      timing () {{ related_pin : \"clk\"; timing_type : rising_edge; timing_sense : non_unate;\n"
        "        cell_rise (scalar) {{ values (\"{:.3f}\"); }} cell_fall (scalar) {{ values (\"{:.3f}\"); }}\n"
        "        rise_transition (scalar) {{ values (\"0.2\"); }} fall_transition (scalar) {{ values (\"0.2\"); }} }}\n    }}\n",
        name, delay, delay);
    return text + "  }\n";
}

}  // namespace

int addressBits(int words) {
    int bits = 1;
    while ((1 << bits) < words) ++bits;
    return bits;
}

std::string memoryWrapper(const std::vector<MemoryUse>& uses, const Platform& platform, const costmodel::MemorySource& memory) {
    std::string text =
        "// Memories of this design for synthesis: dna_sram_sp with the macros of the platform inside.\n"
        "module dna_sram_sp #(\n    parameter WORDS = 64,\n    parameter BITS  = 128,\n    parameter ADDR  = 6\n) (\n"
        "    input  wire              clk,\n    input  wire              en_i,\n    input  wire              we_i,\n"
        "    input  wire [BITS/8-1:0] mask_i,\n    input  wire [ADDR-1:0]   addr_i,\n    input  wire [BITS-1:0]   wdata_i,\n"
        "    output wire [BITS-1:0]   rdata_o\n);\n  generate\n";
    for (const MemoryUse& use : uses) {
        text += fmt::format("    if (WORDS == {} && BITS == {}) begin : gen_{}x{}\n", use.words, use.bits, use.words, use.bits);
        text += platform.macros ? macroBody(use, *platform.macros, memory) : lawBody(use);
        text += "    end\n";
    }
    return text + "  endgenerate\nendmodule\n";
}

std::string memoryLiberty(const std::vector<MemoryUse>& uses, const Platform& platform, const costmodel::MemorySource& memory) {
    std::string text = fmt::format(
        "/* Memories priced by a law ({}): {} */\n"
        "library (dna_memories) {{\n  delay_model : table_lookup;\n  time_unit : \"1ns\";\n  voltage_unit : \"1V\";\n"
        "  current_unit : \"1uA\";\n  leakage_power_unit : \"1nW\";\n  pulling_resistance_unit : \"1kohm\";\n"
        "  capacitive_load_unit (1, pf);\n  nom_process : 1;\n  nom_temperature : 25;\n  nom_voltage : {};\n"
        "  slew_lower_threshold_pct_rise : 20;\n  slew_upper_threshold_pct_rise : 80;\n"
        "  slew_lower_threshold_pct_fall : 20;\n  slew_upper_threshold_pct_fall : 80;\n"
        "  input_threshold_pct_rise : 50;\n  input_threshold_pct_fall : 50;\n"
        "  output_threshold_pct_rise : 50;\n  output_threshold_pct_fall : 50;\n",
        memory.kind, platform.memory_note, platform.voltage);
    for (const MemoryUse& use : uses) text += lawCell(use, platform, memory);
    return text + "}\n";
}

}  // namespace dna::flows
