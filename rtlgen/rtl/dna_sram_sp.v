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
    integer i;

    always @(posedge clk) begin
        if (en_i && we_i) begin
            for (i = 0; i < BITS / 8; i = i + 1) begin
                if (mask_i[i]) memory[addr_i][8*i +: 8] <= wdata_i[8*i +: 8];
            end
        end
        if (en_i && !we_i) rdata_o <= memory[addr_i];
    end
endmodule
