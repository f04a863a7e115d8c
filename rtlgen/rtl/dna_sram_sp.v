// Single-port memory, WORDS x BITS, byte write mask, read data one cycle after the access, held until the next one.
// Behavioural body for simulation and FPGA; synthesis for standard cells replaces this module by macros.
module dna_sram_sp #(
    parameter WORDS = 64,
    parameter BITS  = 128,
    parameter ADDR  = 6   // ceil(log2(WORDS))
) (
    input  wire              clk,
    input  wire              en_i,
    input  wire              we_i,
    input  wire [BITS/8-1:0] mask_i,
    input  wire [ADDR-1:0]   addr_i,
    input  wire [BITS-1:0]   wdata_i,
    output reg  [BITS-1:0]   rdata_o
);
    reg [BITS-1:0] memory [0:WORDS-1];

    // One write process a byte: a loop over the bytes of a wide word is more than some tools unroll.
    genvar b;
    generate
        for (b = 0; b < BITS / 8; b = b + 1) begin : g_byte
            always @(posedge clk) begin
                if (en_i && we_i && mask_i[b]) memory[addr_i][8*b +: 8] <= wdata_i[8*b +: 8];
            end
        end
    endgenerate

    always @(posedge clk) begin
        if (en_i && !we_i) rdata_o <= memory[addr_i];
    end
endmodule
