// ROWS x COLS output array with its lanes. Rows are output pixels, columns are output channels; operands enter registered,
// sums leave at row 0, one row a cycle (with HOLD: one row a cycle of `shift_i`). Row controls are registered once per row (fan-out COLS).
module dna_array #(
    parameter ROWS     = 16,
    parameter COLS     = 16,
    parameter BITS     = 8,
    parameter SELECT   = 4,     // log2 of the channels in a word
    parameter ACC_BITS = 28,
    parameter PE_CUT   = 1,
    parameter MAX_POOL = 0,
    parameter HOLD     = 0
) (
    input  wire                     clk,
    input  wire [ROWS*128-1:0]      word_i,       // aligned words, one a row
    input  wire [ROWS-1:0]          valid_i,
    input  wire                     load_i,       // one cycle before word_i
    input  wire [BITS-1:0]          pad_i,
    input  wire [SELECT-1:0]        select_i,
    input  wire                     depthwise_i,
    input  wire                     half_i,
    input  wire                     max_i,
    input  wire [COLS*BITS-1:0]     w_i,
    input  wire                     first_i,      // one cycle before the product
    input  wire                     transfer_i,   // one cycle before the sum is taken
    input  wire                     shift_i,      // one cycle before the rows move on
    output wire [COLS*ACC_BITS-1:0] row_o
);
    genvar r, c;
    generate
        for (r = 0; r <= ROWS; r = r + 1) begin : gen_chain
            wire [COLS*ACC_BITS-1:0] sums;       // of row r, inverted where r is odd
        end
        assign gen_chain[ROWS].sums = {(COLS*ACC_BITS){1'b0}};
        assign row_o = gen_chain[0].sums;

        for (r = 0; r < ROWS; r = r + 1) begin : gen_row
            wire [COLS*BITS-1:0] x;
            reg first_q, transfer_q, shift_q, max_q;
            always @(posedge clk) begin
                max_q      <= max_i;
                first_q    <= first_i;
                transfer_q <= transfer_i;
                shift_q    <= shift_i;
            end
            dna_lane #(.COLS(COLS), .BITS(BITS), .SELECT(SELECT)) u_lane (
                .clk(clk), .load_i(load_i), .word_i(word_i[r*128 +: 128]), .valid_i(valid_i[r]), .pad_i(pad_i),
                .select_i(select_i), .depthwise_i(depthwise_i), .half_i(half_i), .x_o(x));
            for (c = 0; c < COLS; c = c + 1) begin : gen_col
                dna_pe #(.BITS(BITS), .ACC_BITS(ACC_BITS), .PE_CUT(PE_CUT), .MAX_POOL(MAX_POOL), .HOLD(HOLD), .INVERT(1 - r % 2)) u_pe (
                    .clk(clk), .x_i(x[c*BITS +: BITS]), .w_i(w_i[c*BITS +: BITS]), .max_i(max_q), .first_i(first_q),
                    .transfer_i(transfer_q), .shift_i(shift_q),
                    .chain_i(gen_chain[r+1].sums[c*ACC_BITS +: ACC_BITS]),
                    .chain_o(gen_chain[r].sums[c*ACC_BITS +: ACC_BITS]));
            end
        end
    endgenerate
endmodule
