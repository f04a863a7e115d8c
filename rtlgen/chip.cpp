#include "rtlgen/chip.h"

#include <fmt/format.h>

#include <bit>
#include <string_view>

#include "core/base/error.h"
#include "rtlgen/descriptor_rom.h"
#include "rtlgen/verilog_text.h"

namespace dna::rtlgen {

using design::Chunk;
using design::Design;

/// Embedded Verilog library.
const std::map<std::string, std::string_view>& resources();

namespace {

int addressBits(int words) { return std::max(1, int(std::bit_width(unsigned(words - 1)))); }

struct BusPort {
    Direction direction;
    int width;
    const char* name;   ///< on the top
    const char* chunk;  ///< on the chunk, or null
};

/// AXI4 master: one id, INCR bursts of whole beats.
std::vector<BusPort> axiPorts(int bits) {
    using enum Direction;
    return {
        {Output, 1, "m_axi_arvalid", "arvalid_o"}, {Input, 1, "m_axi_arready", "arready_i"},
        {Output, 32, "m_axi_araddr", "araddr_o"},  {Output, 8, "m_axi_arlen", "arlen_o"},
        {Input, 1, "m_axi_rvalid", "rvalid_i"},    {Output, 1, "m_axi_rready", "rready_o"},
        {Input, bits, "m_axi_rdata", "rdata_i"},    {Input, 1, "m_axi_rlast", "rlast_i"},
        {Input, 2, "m_axi_rresp", "rresp_i"},
        {Output, 1, "m_axi_awvalid", "awvalid_o"}, {Input, 1, "m_axi_awready", "awready_i"},
        {Output, 32, "m_axi_awaddr", "awaddr_o"},  {Output, 8, "m_axi_awlen", "awlen_o"},
        {Output, 1, "m_axi_wvalid", "wvalid_o"},   {Input, 1, "m_axi_wready", "wready_i"},
        {Output, bits, "m_axi_wdata", "wdata_o"},  {Output, bits / 8, "m_axi_wstrb", "wstrb_o"},
        {Output, 1, "m_axi_wlast", "wlast_o"},     {Input, 1, "m_axi_bvalid", "bvalid_i"},
        {Output, 1, "m_axi_bready", "bready_o"},    {Input, 2, "m_axi_bresp", "bresp_i"},
    };
}

struct FixedOutput {
    int width;
    const char* name;
    std::string value;
};

/// AXI4 signals that never change.
std::vector<FixedOutput> axiConstants(int bits) {
    const std::string size = fmt::format("3'd{}", std::countr_zero(unsigned(bits / 8)));
    return {
        {1, "m_axi_arid", "1'b0"},       {3, "m_axi_arsize", size},   {2, "m_axi_arburst", "2'b01"},
        {4, "m_axi_arcache", "4'b0011"}, {3, "m_axi_arprot", "3'b000"}, {1, "m_axi_awid", "1'b0"},
        {3, "m_axi_awsize", size},     {2, "m_axi_awburst", "2'b01"}, {4, "m_axi_awcache", "4'b0011"},
        {3, "m_axi_awprot", "3'b000"},
    };
}

const std::vector<BusPort>& csrPorts() {
    using enum Direction;
    static const std::vector<BusPort> ports{
        {Input, 1, "s_axil_awvalid", "awvalid_i"}, {Output, 1, "s_axil_awready", "awready_o"},
        {Input, 8, "s_axil_awaddr", "awaddr_i"},   {Input, 3, "s_axil_awprot", "awprot_i"},
        {Input, 1, "s_axil_wvalid", "wvalid_i"},   {Output, 1, "s_axil_wready", "wready_o"},
        {Input, 32, "s_axil_wdata", "wdata_i"},    {Input, 4, "s_axil_wstrb", "wstrb_i"},
        {Output, 1, "s_axil_bvalid", "bvalid_o"},  {Input, 1, "s_axil_bready", "bready_i"},
        {Output, 2, "s_axil_bresp", "bresp_o"},
        {Input, 1, "s_axil_arvalid", "arvalid_i"}, {Output, 1, "s_axil_arready", "arready_o"},
        {Input, 8, "s_axil_araddr", "araddr_i"},   {Input, 3, "s_axil_arprot", "arprot_i"},
        {Output, 1, "s_axil_rvalid", "rvalid_o"},  {Input, 1, "s_axil_rready", "rready_i"},
        {Output, 32, "s_axil_rdata", "rdata_o"},   {Output, 2, "s_axil_rresp", "rresp_o"},
    };
    return ports;
}

void addControlPorts(Module& module) {
    module.port(Direction::Input, 1, "clk");
    module.port(Direction::Input, 1, "rst_n");
    module.port(Direction::Input, 1, "start_i");
    module.port(Direction::Input, 32, "descriptor_base_i");
    module.port(Direction::Output, 1, "busy_o");
    module.port(Direction::Output, 1, "done_o");
    module.port(Direction::Output, 1, "bus_error_o");
    module.port(Direction::Output, 16, "descriptors_done_o");
    module.port(Direction::Output, 1, "layer_done_o");
    module.port(Direction::Input, 5, "counter_index_i");
    module.port(Direction::Output, 32, "counter_o");
}

bool hasRam(const Chunk& chunk) { return chunk.descriptors == design::DescriptorSource::Ram; }
bool hasRom(const Chunk& chunk) { return chunk.descriptors == design::DescriptorSource::Rom; }

/// Address bits of the words of a chip's descriptor memory. A chip without one has ports of one descriptor's words that nothing
/// drives, whatever program it is emitted with.
int descriptorAddressBits(const Chunk& chunk, size_t descriptors) {
    if (hasRam(chunk)) return addressBits(chunk.descriptorRamWords());
    return descriptorRomAddressBits(hasRom(chunk) ? descriptors : 1);
}

/// Host side of the descriptor RAM, in words of 32 bits.
struct RamPort {
    int width;
    const char *chunk, *csr;  ///< port of dna_chunk0, of dna_csr_axil
    const char* net;          ///< between them
};
std::vector<RamPort> ramPorts(int address_bits) {
    return {{1, "descriptor_write_i", "ram_write_o", "descriptor_write"},
            {address_bits + 2, "descriptor_write_addr_i", "ram_addr_o", "descriptor_write_addr"},
            {32, "descriptor_write_data_i", "ram_data_o", "descriptor_write_data"}};
}

/// The memory that the chunk's descriptor port reads, and the port itself.
void addDescriptorMemory(Module& module, const Chunk& chunk, int address_bits) {
    Instance& core = module.instances.front();
    if (!chunk.localDescriptors()) {
        module.net(1, "unused_descriptor_read");
        module.net(address_bits, "unused_descriptor_addr");
        core.connect("descriptor_read_o", "unused_descriptor_read").connect("descriptor_addr_o", "unused_descriptor_addr");
        core.connect("descriptor_data_i", "128'd0");
        return;
    }
    module.net(1, "descriptor_read");
    module.net(address_bits, "descriptor_addr");
    module.net(128, "descriptor_data");
    core.connect("descriptor_read_o", "descriptor_read").connect("descriptor_addr_o", "descriptor_addr");
    core.connect("descriptor_data_i", "descriptor_data");
    Instance& memory = module.instantiate(hasRam(chunk) ? "dna_descriptor_ram" : "dna_desc_rom0", "u_descriptors");
    memory.connect("clk", "clk").connect("read_i", "descriptor_read").connect("addr_i", "descriptor_addr");
    memory.connect("data_o", "descriptor_data");
    if (!hasRam(chunk)) return;
    memory.parameter("WORDS", "DWORDS").parameter("ADDR", "DADDR");
    memory.connect("write_i", "descriptor_write_i").connect("write_addr_i", "descriptor_write_addr_i");
    memory.connect("write_data_i", "descriptor_write_data_i");
}

Module chunkModule(const Design& design, const Chunk& chunk, int descriptor_bits) {
    Module module;
    module.name = "dna_chunk0";
    module.purpose = "Parameters of chunk 0.";
    addControlPorts(module);
    for (const BusPort& port : axiPorts(chunk.axi_bits)) module.port(port.direction, port.width, port.chunk);
    auto constant = [&](const char* name, int value, const char* field) {
        module.constants.push_back({name, std::to_string(value), field});
    };
    constant("TEMPLATE", int(chunk.array), "chunks[0].template");
    constant("ROWS", chunk.rows, "chunks[0].rows");
    constant("LOG", std::countr_zero(unsigned(chunk.rows)), "log2 of rows");
    constant("BANKS", chunk.lanes(), "lanes of the input buffer, a memory each: pixels at a time");
    constant("BANK", addressBits(chunk.lanes()), "address bits of the lanes");
    constant("COLS", chunk.cols, "chunks[0].cols");
    constant("BITS", chunk.operand_bits, "chunks[0].operand_bits");
    constant("MB", chunk.multiplier_bits, "chunks[0].multiplier_bits");
    constant("DIGIT", chunk.multiplier_cut, "chunks[0].multiplier_cut");
    constant("LEVELS", chunk.multiplierLevels(), "log2 of multiplier_bits / multiplier_cut");
    constant("PE_CUT", chunk.pe_cut ? 1 : 0, "chunks[0].pe_cut");
    constant("CUT", chunk.tree_cut, "chunks[0].tree_cut");
    constant("PSUM", chunk.psum_words, "chunks[0].psum_words");
    constant("PADDR", addressBits(chunk.psum_words), "address bits of the partial sums");
    constant("DEPTH", chunk.rf_words, "chunks[0].rf_words");
    constant("RADDR", addressBits(chunk.rf_words), "address bits of a register file");
    constant("ACC_BITS", chunk.accumulator_bits, "chunks[0].accumulator_bits");
    constant("MAX_POOL", chunk.max_pool ? 1 : 0, "chunks[0].max_pool");
    constant("SPILL", chunk.split_reduction ? 1 : 0, "chunks[0].split_reduction");
    constant("SHARE", chunk.columns_per_lane, "chunks[0].columns_per_lane");
    constant("PACKED", chunk.packed_weights ? 1 : 0, "chunks[0].packed_weights");
    constant("INPUT_SLOTS", chunk.input_slots, "chunks[0].input_slots");
    constant("WEIGHT_SLOTS", chunk.weight_slots, "chunks[0].weight_slots");
    constant("OUTPUT_SLOTS", chunk.output_slots, "chunks[0].output_slots; also of the residual buffer");
    constant("INPUT_BANKS", chunk.input_banks, "chunks[0].input_banks, of each memory of the buffer");
    constant("WEIGHT_BANKS", chunk.weight_banks, "chunks[0].weight_banks");
    constant("OUTPUT_BANKS", chunk.output_banks, "chunks[0].output_banks; also of the residual buffer");
    constant("INPUT_WORDS", chunk.input_words, "chunks[0].input_words, per lane and slot");
    constant("IADDR", addressBits(chunk.input_words), "address bits of a lane's memory");
    constant("WEIGHT_WORDS", chunk.weight_words, "chunks[0].weight_words, per slot");
    constant("WADDR", addressBits(chunk.weight_words), "address bits of the weight buffer");
    constant("OUTPUT_WORDS", chunk.output_words, "chunks[0].output_words, per slot; also the residual buffer");
    constant("OADDR", addressBits(chunk.output_words), "address bits of the output buffer");
    constant("AXI", chunk.axi_bits, "chunks[0].axi_bits");
    constant("SPLIT", std::countr_zero(unsigned(chunk.beatsPerWord())), "log2 of the beats of a word");
    constant("LOCAL", chunk.localDescriptors() ? 1 : 0, "chunks[0].descriptors");
    constant("DADDR", descriptor_bits, "address bits of the memory of descriptors");
    constant("COUNTERS", design.counters ? 1 : 0, "counters");
    Instance& instance = module.instantiate("dna_chunk", "u_chunk");
    for (const Constant& c : module.constants) instance.parameter(c.name, c.name);
    for (const Port& port : module.ports) instance.connect(port.name, port.name);
    if (hasRam(chunk)) {
        constant("DWORDS", chunk.descriptorRamWords(), "chunks[0].descriptor_slots, 16 words each");
        for (const RamPort& port : ramPorts(descriptor_bits)) module.port(Direction::Input, port.width, port.chunk);
    }
    addDescriptorMemory(module, chunk, descriptor_bits);
    return module;
}

/// Wires what the host writes to the descriptor RAM from the slave to the chunk, or ends it where there is none.
void connectRam(Module& module, Instance& csr, const Chunk& chunk, int address_bits) {
    for (const RamPort& port : ramPorts(address_bits)) {
        const std::string net = (hasRam(chunk) ? "" : "unused_") + std::string(port.net);
        module.net(port.width, net);
        csr.connect(port.csr, net);
    }
}

Module topModule(const Chunk& chunk, const std::string& hash, int descriptor_bits) {
    const int axi_bits = chunk.axi_bits;
    Module module;
    module.name = "dna_top";
    module.purpose = fmt::format("Accelerator: AXI4-Lite control, one chunk, one AXI4 master of {} bits.", axi_bits);
    module.port(Direction::Input, 1, "clk");
    module.port(Direction::Input, 1, "rst_n");
    for (const BusPort& port : csrPorts()) module.port(port.direction, port.width, port.name);
    for (const BusPort& port : axiPorts(axi_bits)) module.port(port.direction, port.width, port.name);
    for (const FixedOutput& output : axiConstants(axi_bits)) {
        module.port(Direction::Output, output.width, output.name);
        module.assigns.emplace_back(output.name, output.value);
    }
    module.port(Direction::Output, 1, "busy_o");
    module.port(Direction::Output, 1, "done_o");
    module.port(Direction::Output, 1, "layer_done_o");
    module.net(1, "rst_sync_n");
    module.net(1, "start");
    module.net(1, "bus_error");
    module.net(32, "descriptor_base");
    module.net(16, "descriptors_done");
    module.net(5, "counter_index");
    module.net(32, "counter");
    module.constants.push_back({"HASH", "256'h" + hash, "SHA-256 of the canonical design.json"});

    module.instantiate("dna_rstsync", "u_reset")
        .connect("clk", "clk")
        .connect("rst_n", "rst_n")
        .connect("rst_sync_n", "rst_sync_n");

    Instance& csr = module.instantiate("dna_csr_axil", "u_csr").parameter("HASH", "HASH");
    csr.connect("clk", "clk").connect("rst_n", "rst_sync_n");
    for (const BusPort& port : csrPorts()) csr.connect(port.chunk, port.name);
    csr.connect("start_o", "start").connect("descriptor_base_o", "descriptor_base").connect("busy_i", "busy_o");
    csr.connect("done_i", "done_o").connect("bus_error_i", "bus_error").connect("descriptors_done_i", "descriptors_done");
    csr.connect("counter_index_o", "counter_index").connect("counter_i", "counter");
    csr.parameter("RAM", hasRam(chunk) ? "1" : "0").parameter("ADDR", std::to_string(descriptor_bits));
    connectRam(module, csr, chunk, descriptor_bits);

    Instance& core = module.instantiate("dna_chunk0", "u_chunk0");
    core.connect("clk", "clk").connect("rst_n", "rst_sync_n").connect("start_i", "start");
    core.connect("descriptor_base_i", "descriptor_base").connect("busy_o", "busy_o").connect("done_o", "done_o");
    core.connect("bus_error_o", "bus_error");
    core.connect("descriptors_done_o", "descriptors_done").connect("layer_done_o", "layer_done_o");
    core.connect("counter_index_i", "counter_index").connect("counter_o", "counter");
    for (const BusPort& port : axiPorts(axi_bits)) core.connect(port.chunk, port.name);
    if (hasRam(chunk))
        for (const RamPort& port : ramPorts(descriptor_bits)) core.connect(port.chunk, port.net);
    return module;
}

/// Ports of the modules that a generated module instantiates, read from the files emitted so far.
KnownPorts portsBelow(const Chip& chip, const Module& module) {
    KnownPorts known;
    for (const Instance& instance : module.instances) {
        const std::string file = "rtl/" + instance.module + ".v";
        if (const auto text = chip.files.find(file); text != chip.files.end())
            known[instance.module] = readVerilogModule(file, text->second).ports;
    }
    return known;
}

std::vector<std::string> headerOf(const std::string& hash) {
    return {"Generated by DNA 0.1.0 from a design with SHA-256", hash};
}

void addFile(Chip& chip, const std::string& module, const std::string& text) {
    const std::string file = "rtl/" + module + ".v";
    chip.files[file] = text;
    chip.order.push_back(file);
}

void addGenerated(Chip& chip, const Module& module, const std::string& hash) {
    const std::vector<std::string> problems = check(module, portsBelow(chip, module));
    DNA_CHECK(problems.empty(), problems.empty() ? "" : problems.front());
    addFile(chip, module.name, print(module, headerOf(hash)));
}

}  // namespace

std::map<std::string, std::string> libraryFiles() {
    std::map<std::string, std::string> files;
    for (const auto& [name, text] : resources()) files[name] = std::string(text);
    return files;
}

std::vector<MemoryUse> memoriesOf(const Chunk& chunk) {
    const bool stay = chunk.weightsStay();
    const std::string base =
        fmt::format("u_chunk0.u_chunk.{}.u_engine.u_datapath.", stay                    ? "gen_weight_stationary"
                                                                : chunk.rowStationary() ? "gen_row_stationary"
                                                                                        : "gen_output_array");
    const auto buffer = [&](const std::string& memories, int words, int banks, int count) {
        return MemoryUse{base + memories + ".u_banks.gen_bank[*].u_sram", design::bankWords(words, banks), 128, count * banks};
    };
    std::vector<MemoryUse> uses{
        buffer(stay ? "u_input_buffer.gen_half[*]" : "u_input_buffer.gen_bank[*].gen_half[*]", chunk.input_words, chunk.input_banks,
               chunk.input_slots * chunk.lanes()),
        buffer("u_weight_buffer.gen_half[*]", chunk.weight_words, chunk.weight_banks, chunk.weight_slots),
        buffer("u_output_buffer.gen_half[*]", chunk.output_words, chunk.output_banks, chunk.output_slots),
        buffer("u_residual_buffer.gen_half[*]", chunk.output_words, chunk.output_banks, chunk.output_slots)};
    if (chunk.hasPartialSums())
        uses.push_back(
            {base + "u_psum.gen_half[*].u_sram", chunk.psum_words / 2, chunk.psumBits(), 2});
    if (hasRam(chunk)) uses.push_back({"u_chunk0.u_descriptors.u_sram", chunk.descriptorRamWords(), 128, 1});
    return uses;
}

Chip emitChip(const Design& design, const std::vector<mapping::Descriptor>& descriptors) {
    if (design.chunks.size() != 1)
        throw base::InputError(design.name, "/chunks",
                               fmt::format("this version emits one chunk, found {}", design.chunks.size()));
    const Chunk& chunk = design.chunk();
    if (hasRom(chunk) && descriptors.empty())
        throw base::InputError(design.name, "/chunks/0/descriptors",
                               "expected a program with \"rom\", found none: a ROM holds the descriptors of one network");
    Chip chip;
    chip.files = libraryFiles();
    for (const auto& [name, text] : chip.files) chip.order.push_back(name);
    const std::string hash = designHash(design);
    const int bits = descriptorAddressBits(chunk, descriptors.size());
    if (hasRom(chunk)) addFile(chip, "dna_desc_rom0", descriptorRom(descriptors, headerOf(hash)));
    addGenerated(chip, chunkModule(design, chunk, bits), hash);
    addGenerated(chip, topModule(chunk, hash, bits), hash);
    chip.memories = memoriesOf(chunk);
    return chip;
}

}  // namespace dna::rtlgen
