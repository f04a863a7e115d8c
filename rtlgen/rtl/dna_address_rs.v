// Addresses of the input banks for one column of a row-stationary step, four register stages:
//   1  input column
//   2  word row (times the words of a row), which word rows are inside the tile
//   3  the two candidates: banks behind the first input row's bank, and banks before it, which hold the next word row
//   4  address and enable of every bank
// Input row y stands in bank y mod ROWS, word (y / ROWS - y_base) * x_words + column. The step reads `span_i` rows (every
// second one with even_i) from row_base_i on; reads outside the map or the tile are not made, their rows get the pad value.
module dna_address_rs #(
    parameter ROWS = 16,
    parameter LOG  = 4,
    parameter ADDR = 6
) (
    input  wire                 clk,
    // stage 0
    input  wire                 load_i,
    input  wire [9:0]           x_i,             // output column
    input  wire [4:0]           tap_x_i,
    input  wire signed [12:0]   row_base_i,      // input row of lane 0
    input  wire [9:0]           y_base_i,        // word row where the tile starts
    input  wire [10:0]          limit_i,         // input rows from here on are not in the tile
    input  wire [15:0]          channel_addr_i,  // address of the channel block
    // layer
    input  wire                 shift_i, dilated_i, even_i,
    input  wire [LOG:0]         span_i,
    input  wire [2:0]           pad_i,
    input  wire [9:0]           in_width_i,
    input  wire [15:0]          x_words_i,
    // stage 4
    output reg  [ROWS-1:0]      read_o,
    output reg  [ROWS*ADDR-1:0] addr_o,
    output reg  [LOG-1:0]       amount_o         // bank of lane 0
);
    // Stage 1.
    wire [10:0] far_x = shift_i ? {x_i, 1'b0} : {1'b0, x_i};
    wire [5:0]  tap_x = dilated_i ? {tap_x_i, 1'b0} : {1'b0, tap_x_i};
    reg                   load1_q;
    reg signed [12:0]     column1_q, row1_q;
    reg [9:0]             base1_q;
    reg [10:0]            limit1_q;
    reg [15:0]            channel1_q;
    always @(posedge clk) begin
        load1_q    <= load_i;
        column1_q  <= $signed({2'b00, far_x}) + $signed({7'd0, tap_x}) - $signed({10'd0, pad_i});
        row1_q     <= row_base_i;
        base1_q    <= y_base_i;
        limit1_q   <= limit_i;
        channel1_q <= channel_addr_i;
    end

    // Stage 2: word rows [0] of lane 0's bank and the banks behind it, [1] of the banks before it.
    wire signed [12:0] now2  = row1_q >>> LOG;
    wire signed [12:0] next2 = now2 + 13'sd1;
    wire signed [12:0] whole = $signed({2'b00, limit1_q >> LOG});
    wire signed [12:0] row2  = now2 - $signed({3'b000, base1_q});
    wire signed [29:0] row_words = row2 * $signed({1'b0, x_words_i});
    wire inside_x = !column1_q[12] && column1_q < $signed({3'b000, in_width_i});
    reg           load2_q;
    reg [1:0]     full2_q, part2_q;
    reg [LOG-1:0] rest2_q, amount2_q;
    reg [15:0]    row_words2_q, offset2_q;
    wire unused_row = &{1'b0, row_words[29:16]};
    always @(posedge clk) begin
        load2_q      <= load1_q && inside_x;
        full2_q      <= {!next2[12] && next2 < whole, !now2[12] && now2 < whole};
        part2_q      <= {next2 == whole, now2 == whole};
        rest2_q      <= limit1_q[LOG-1:0];
        amount2_q    <= row1_q[LOG-1:0];
        row_words2_q <= row_words[15:0];
        offset2_q    <= channel1_q + {{3{column1_q[12]}}, column1_q};
    end

    // Stage 3.
    reg            load3_q;
    reg [1:0]      full3_q, part3_q;
    reg [LOG:0]    rest3_q;
    reg [LOG-1:0]  amount3_q;
    reg [ADDR-1:0] word_q, next_word_q;
    wire [15:0] word = row_words2_q + offset2_q;
    wire unused_word = &{1'b0, word, x_words_i};
    always @(posedge clk) begin
        load3_q <= load2_q;
        {full3_q, part3_q, amount3_q} <= {full2_q, part2_q, amount2_q};
        rest3_q     <= {1'b0, rest2_q};
        word_q      <= word[ADDR-1:0];
        next_word_q <= word[ADDR-1:0] + x_words_i[ADDR-1:0];
    end

    // Stage 4: every bank picks.
    always @(posedge clk) amount_o <= amount3_q;
    genvar b;
    generate
        for (b = 0; b < ROWS; b = b + 1) begin : gen_bank
            wire [LOG:0]   bank  = b[LOG:0];
            wire [LOG-1:0] lane  = bank[LOG-1:0] - amount3_q;
            wire           wraps = bank < {1'b0, amount3_q};
            wire inside_y = (wraps ? full3_q[1] : full3_q[0]) || ((wraps ? part3_q[1] : part3_q[0]) && bank < rest3_q);
            always @(posedge clk) begin
                read_o[b] <= load3_q && inside_y && {1'b0, lane} < span_i && !(even_i && lane[0]);
                addr_o[b*ADDR +: ADDR] <= wraps ? next_word_q : word_q;
            end
        end
    endgenerate
endmodule
