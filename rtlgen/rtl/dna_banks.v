// Memory of BANKS single-port memories, word a in bank a mod BANKS: an access takes one bank and costs what a memory of
// its size costs. Ports and timing of dna_sram_sp, behind a choice among the banks.
module dna_banks #(
    parameter WORDS = 64,
    parameter BITS  = 128,
    parameter ADDR  = 6,     // ceil(log2(WORDS))
    parameter BANKS = 1      // 1, 2, 4 or 8; at most WORDS / 2
) (
    input  wire              clk,
    input  wire              en_i,
    input  wire              we_i,
    input  wire [BITS/8-1:0] mask_i,
    input  wire [ADDR-1:0]   addr_i,
    input  wire [BITS-1:0]   wdata_i,
    output wire [BITS-1:0]   rdata_o
);
    localparam LOG = BANKS == 8 ? 3 : BANKS == 4 ? 2 : BANKS == 2 ? 1 : 0;
    localparam [31:0] MASK = BANKS - 1;
    wire [31:0] bank = {{(32-ADDR){1'b0}}, addr_i} & MASK;
    wire [BANKS*BITS-1:0] data;
    genvar b;
    generate
        for (b = 0; b < BANKS; b = b + 1) begin : gen_bank
            localparam [31:0] NUMBER = b;
            dna_sram_sp #(.WORDS((WORDS + BANKS - 1) / BANKS), .BITS(BITS), .ADDR(ADDR - LOG)) u_sram (
                .clk(clk), .en_i(en_i && bank == NUMBER), .we_i(we_i), .mask_i(mask_i), .addr_i(addr_i[ADDR-1:LOG]),
                .wdata_i(wdata_i), .rdata_o(data[b*BITS +: BITS]));
        end
        if (LOG == 0) begin : gen_single
            assign rdata_o = data;
        end else begin : gen_choice
            reg [LOG-1:0] bank_q;    // of the word last read
            always @(posedge clk) if (en_i && !we_i) bank_q <= addr_i[LOG-1:0];
            dna_pick #(.LOG(LOG), .BITS(BITS)) u_word (.words_i(data), .index_i(bank_q), .word_o(rdata_o));
        end
    endgenerate
endmodule
