// Memory of descriptors: the host writes words of 32 bits while the chip is idle, the chip reads words of 128 bits while it
// runs (dna_csr_axil sees to it), so that one port is enough.
module dna_descriptor_ram #(
    parameter WORDS = 1024,        // of 128 bits
    parameter ADDR  = 10           // ceil(log2(WORDS))
) (
    input  wire            clk,
    // host; the address counts words of 32 bits, the first one is the lowest quarter of a word of 128
    input  wire            write_i,
    input  wire [ADDR+1:0] write_addr_i,
    input  wire [31:0]     write_data_i,
    // chip; data one cycle later, kept until the next read
    input  wire            read_i,
    input  wire [ADDR-1:0] addr_i,
    output wire [127:0]    data_o
);
    wire [15:0] mask = 16'h000f << {write_addr_i[1:0], 2'b00};
    dna_sram_sp #(.WORDS(WORDS), .BITS(128), .ADDR(ADDR)) u_sram (
        .clk(clk), .en_i(write_i || read_i), .we_i(write_i), .mask_i(mask),
        .addr_i(write_i ? write_addr_i[ADDR+1:2] : addr_i), .wdata_i({4{write_data_i}}), .rdata_o(data_o));

`ifdef DNA_CHECKS
    always @(posedge clk)
        if (write_i === 1'b1 && read_i === 1'b1) $fatal(1, "dna_descriptor_ram: the host writes while the chip reads");
`endif
endmodule
