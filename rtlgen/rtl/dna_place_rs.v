// Place of a row-stationary step in its tile: output column, and for group 0 the output rows that are left from it on, its
// first input row (from the tile's first one on) and the output word of its row. The sets of a block start at the same
// place; a block starts where the one before ended.
module dna_place_rs #(
    parameter OADDR = 9     // address bits of the output buffer
) (
    input  wire             clk,
    input  wire             start_i,       // to the tile's first step
    input  wire             step_i,        // to the next step
    input  wire             set_end_i,     // (with the last step or behind it) back to the block's first step, or
    input  wire             move_i,        // on to the next block
    input  wire             shift_i,
    input  wire [9:0]       rows_i,        // of the tile
    input  wire [9:0]       out_width_i,
    input  wire [5:0]       groups_i,
    input  wire [OADDR-1:0] group_words_i, // output words of `groups` rows
    output wire [9:0]       x_o,
    output wire [9:0]       left_rows_o,
    output wire [12:0]      in_row_o,
    output wire [OADDR-1:0] out_row_o
);
    localparam BITS = OADDR + 33;
    reg [BITS-1:0] now_q, first_q;
    assign {x_o, left_rows_o, in_row_o, out_row_o} = now_q;

    reg [9:0] last_x_q;
    wire turn = x_o == last_x_q;
    wire [12:0] group_rows = shift_i ? {6'd0, groups_i, 1'b0} : {7'd0, groups_i};
    wire [BITS-1:0] next = !step_i ? now_q
        : turn ? {10'd0, left_rows_o - {4'd0, groups_i}, in_row_o + group_rows, out_row_o + group_words_i}
               : {x_o + 10'd1, left_rows_o, in_row_o, out_row_o};
    wire [BITS-1:0] start = {10'd0, rows_i, 13'd0, {OADDR{1'b0}}};

    always @(posedge clk) begin
        last_x_q <= out_width_i - 10'd1;
        now_q <= start_i ? start : set_end_i && !move_i ? first_q : next;
        if (start_i) first_q <= start;
        else if (move_i) first_q <= next;
    end
endmodule
