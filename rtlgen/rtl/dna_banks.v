// Memory of BANKS single-port memories, word a in bank a mod BANKS: an access takes one bank and costs what a memory of
// its size costs. One side writes, the other reads; they never do in the same cycle (checked under DNA_CHECKS). Which bank a
// side means is known before it is known whether that side is at work, which may arrive late.
module dna_banks #(
    parameter WORDS = 64,
    parameter BITS  = 128,
    parameter ADDR  = 6,     // ceil(log2(WORDS))
    parameter BANKS = 1      // 1, 2, 4 or 8; at most WORDS / 2
) (
    input  wire              clk,
    input  wire              write_i,
    input  wire [BITS/8-1:0] write_mask_i,
    input  wire [ADDR-1:0]   write_addr_i,
    input  wire [BITS-1:0]   write_data_i,
    input  wire              read_i,
    input  wire [ADDR-1:0]   read_addr_i,
    output wire [BITS-1:0]   read_data_o     // one cycle after read_i, until the next one
);
    localparam LOG = BANKS == 8 ? 3 : BANKS == 4 ? 2 : BANKS == 2 ? 1 : 0;
    localparam [31:0] MASK = BANKS - 1;
    wire [ADDR-1:0] write_bank = write_addr_i & MASK[ADDR-1:0];
    wire [ADDR-1:0] read_bank  = read_addr_i & MASK[ADDR-1:0];
    wire [BANKS*BITS-1:0] data;
    genvar b;
    generate
        for (b = 0; b < BANKS; b = b + 1) begin : gen_bank
            localparam [31:0] NUMBER = b;
            wire write = write_i && write_bank == NUMBER[ADDR-1:0];
            wire read  = read_i && read_bank == NUMBER[ADDR-1:0];
            dna_sram_sp #(.WORDS((WORDS + BANKS - 1) / BANKS), .BITS(BITS), .ADDR(ADDR - LOG)) u_sram (
                .clk(clk), .en_i(write || read), .we_i(write), .mask_i(write_mask_i),
                .addr_i(write_i ? write_addr_i[ADDR-1:LOG] : read_addr_i[ADDR-1:LOG]), .wdata_i(write_data_i),
                .rdata_o(data[b*BITS +: BITS]));
        end
        if (LOG == 0) begin : gen_single
            assign read_data_o = data;
        end else begin : gen_choice
            reg [LOG-1:0] bank_q;    // of the word last read
            always @(posedge clk) if (read_i) bank_q <= read_addr_i[LOG-1:0];
            dna_pick #(.LOG(LOG), .BITS(BITS)) u_word (.words_i(data), .index_i(bank_q), .word_o(read_data_o));
        end
    endgenerate
`ifdef DNA_CHECKS
    always @(posedge clk) if (write_i === 1'b1 && read_i === 1'b1) $fatal(1, "dna_banks: read and write meet in one memory");
`endif
endmodule
