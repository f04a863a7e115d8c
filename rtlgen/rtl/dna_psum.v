// Partial sums of a weight-stationary array: WORDS entries of one sum a column, in an even and an odd single-port memory.
// Stage numbers relative to the array's column sums (stage 0): the old entry is read at -2 and registered at -1, the new sum
// stands in row_o at +1 and is written back then. Reads and writes are an odd number of cycles apart: when consecutive
// steps use consecutive entries and a set takes an even number of cycles, they never meet in one memory (checked).
module dna_psum #(
    parameter COLS     = 16,
    parameter SUM_BITS = 20,
    parameter ACC_BITS = 28,
    parameter WORDS    = 64,
    parameter ADDR     = 6,    // log2(WORDS)
    parameter HOLD     = 0     // 1: a sum stands until the next step's
) (
    input  wire                     clk,
    input  wire                     read_i,        // stage -2
    input  wire [ADDR-1:0]          read_addr_i,
    input  wire [COLS*SUM_BITS-1:0] sums_i,        // stage 0
    input  wire                     step_i,        // stage 0: there is a step
    input  wire                     first_i,       // stage 0: no earlier sum
    input  wire                     write_i,       // stage 1
    input  wire [ADDR-1:0]          write_addr_i,
    output reg  [COLS*ACC_BITS-1:0] row_o          // stage 1
);
    localparam BITS = (COLS*ACC_BITS + 7) / 8 * 8;    // whole bytes
    localparam REST = BITS - COLS*ACC_BITS;
    reg odd_q;
    wire keep = HOLD != 0 && !step_i;
    reg [COLS*ACC_BITS-1:0] old_q;

    wire [BITS-1:0] padded;
    genvar h, c;
    generate
        if (REST != 0) begin : gen_padding
            assign padded = {{REST{1'b0}}, row_o};
            wire unused_rest = &{1'b0, gen_half[0].data[BITS-1 -: REST], gen_half[1].data[BITS-1 -: REST]};
        end else begin : gen_whole
            assign padded = row_o;
        end
        for (h = 0; h < 2; h = h + 1) begin : gen_half
            wire read  = read_i && read_addr_i[0] == (h != 0);
            wire write = write_i && write_addr_i[0] == (h != 0);
            wire [BITS-1:0] data;
            dna_sram_sp #(.WORDS(WORDS/2), .BITS(BITS), .ADDR(ADDR-1)) u_sram (
                .clk(clk), .en_i(read || write), .we_i(write), .mask_i({(BITS/8){1'b1}}),
                .addr_i(write ? write_addr_i[ADDR-1:1] : read_addr_i[ADDR-1:1]), .wdata_i(padded), .rdata_o(data));
`ifdef DNA_CHECKS
            always @(posedge clk) if (write === 1'b1 && read === 1'b1)
                $fatal(1, "dna_psum: read and write meet in one memory");
`endif
        end
        for (c = 0; c < COLS; c = c + 1) begin : gen_col
            wire [SUM_BITS-1:0] sum = sums_i[c*SUM_BITS +: SUM_BITS];
            wire [ACC_BITS-1:0] old = old_q[c*ACC_BITS +: ACC_BITS] & {ACC_BITS{~first_i}};
            always @(posedge clk)
                if (!keep) row_o[c*ACC_BITS +: ACC_BITS] <= old + {{(ACC_BITS-SUM_BITS){sum[SUM_BITS-1]}}, sum};
        end
    endgenerate

    always @(posedge clk) begin
        odd_q <= read_addr_i[0];
        old_q <= odd_q ? gen_half[1].data[COLS*ACC_BITS-1:0] : gen_half[0].data[COLS*ACC_BITS-1:0];
    end
endmodule
