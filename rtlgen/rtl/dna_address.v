// Addresses of the input banks for one tap of one block, four register stages:
//   1  tap, split into plane (stride 2), rotation and word offset
//   2  first word address and which words are inside the map
//   3  the four candidates (banks before/behind the rotation point, in x and y)
//   4  address and enable of every bank
// A pixel (x', y') of a plane stands in bank (x' mod X0) + X0 * (y' mod Y0), word (y'/Y0 - base) * x_words + x'/X0. Reads
// outside the map are not made; their lanes get the pad value.
module dna_address #(
    parameter ROWS = 16,
    parameter LOG  = 4,
    parameter ADDR = 6
) (
    input  wire                 clk,
    // tap and block, stage 0
    input  wire                 load_i,
    input  wire signed [5:0]    tap_x_i, tap_y_i,   // in pixels from the output pixel's own: padding is behind, dilation in it
    input  wire [9:0]           x_block_i,       // word column of the block
    input  wire [9:0]           y_block_i,       // word row of the block, in the map
    input  wire [9:0]           y_base_i,        // word row where the tile starts
    input  wire [15:0]          channel_addr_i,  // address of the channel block
    // layer
    input  wire                 shift_i,
    input  wire [2:0]           log2_x_i, log2_y_i,
    input  wire [9:0]           in_height_i, in_width_i,
    input  wire [15:0]          x_words_i, plane_words_i,
    // stage 4
    output reg  [ROWS-1:0]      read_o,
    output reg  [ROWS*ADDR-1:0] addr_o,
    output reg  [LOG-1:0]       amount_o         // rotation
);
    wire [5:0] x_mask = ~(6'h3f << log2_x_i);
    wire [5:0] y_mask = ~(6'h3f << log2_y_i);

    // Stage 1.
    wire signed [5:0] tap_x = shift_i ? tap_x_i >>> 1 : tap_x_i;
    wire signed [5:0] tap_y = shift_i ? tap_y_i >>> 1 : tap_y_i;
    wire signed [5:0] step_x = tap_x >>> log2_x_i;
    wire signed [5:0] step_y = tap_y >>> log2_y_i;
    reg               load1_q, odd_x1_q, odd_y1_q;
    reg [5:0]         turn_x1_q, turn_y1_q;
    reg signed [11:0] word_x1_q, word_y1_q;
    reg [15:0]        channel1_q;
    reg [9:0]         base1_q;
    always @(posedge clk) begin
        load1_q    <= load_i;
        odd_x1_q   <= shift_i && tap_x_i[0];
        odd_y1_q   <= shift_i && tap_y_i[0];
        turn_x1_q  <= tap_x & x_mask;
        turn_y1_q  <= tap_y & y_mask;
        word_x1_q  <= $signed({2'b00, x_block_i}) + $signed({{6{step_x[5]}}, step_x});
        word_y1_q  <= $signed({2'b00, y_block_i}) + $signed({{6{step_y[5]}}, step_y});
        channel1_q <= channel_addr_i;
        base1_q    <= y_base_i;
    end

    // Stage 2. A plane of stride 2 is (size + 1 - odd) / 2 wide; its last word column may be partly filled.
    wire [9:0] plane_width  = shift_i ? (in_width_i + {9'd0, ~odd_x1_q}) >> 1 : in_width_i;
    wire [9:0] plane_height = shift_i ? (in_height_i + {9'd0, ~odd_y1_q}) >> 1 : in_height_i;
    wire signed [11:0] words_x = $signed({2'b00, plane_width >> log2_x_i});
    wire signed [11:0] words_y = $signed({2'b00, plane_height >> log2_y_i});
    wire signed [11:0] next_x1 = word_x1_q + 12'sd1;
    wire signed [11:0] next_y1 = word_y1_q + 12'sd1;
    wire signed [11:0] row     = word_y1_q - $signed({2'b00, base1_q});
    wire signed [28:0] row_words = row * $signed({1'b0, x_words_i});
    wire [15:0] plane = (odd_x1_q ? plane_words_i : 16'd0) + (odd_y1_q ? {plane_words_i[14:0], 1'b0} : 16'd0);
    reg               load2_q;
    reg [1:0]         full_x2_q, full_y2_q, part_x2_q, part_y2_q;   // [0] before, [1] behind the rotation point
    reg [5:0]         turn_x2_q, turn_y2_q, rest_x2_q, rest_y2_q;
    reg [15:0]        row2_q, offset2_q;
    wire unused_row = &{1'b0, row_words[28:16]};
    always @(posedge clk) begin
        load2_q   <= load1_q;
        turn_x2_q <= turn_x1_q;
        turn_y2_q <= turn_y1_q;
        rest_x2_q <= plane_width[5:0] & x_mask;
        rest_y2_q <= plane_height[5:0] & y_mask;
        full_x2_q <= {next_x1 >= 12'sd0 && next_x1 < words_x, word_x1_q >= 12'sd0 && word_x1_q < words_x};
        full_y2_q <= {next_y1 >= 12'sd0 && next_y1 < words_y, word_y1_q >= 12'sd0 && word_y1_q < words_y};
        part_x2_q <= {next_x1 == words_x, word_x1_q == words_x};
        part_y2_q <= {next_y1 == words_y, word_y1_q == words_y};
        row2_q    <= row_words[15:0];
        offset2_q <= channel1_q + plane + {{4{word_x1_q[11]}}, word_x1_q};
    end

    // Stage 3: candidate [y behind][x behind].
    reg               load3_q;
    reg [1:0]         full_x3_q, full_y3_q, part_x3_q, part_y3_q;
    reg [5:0]         turn_x3_q, turn_y3_q, rest_x3_q, rest_y3_q;
    reg [ADDR-1:0]    word00_q, word01_q, word10_q, word11_q;
    wire [15:0] word = row2_q + offset2_q;
    wire unused_word = &{1'b0, word, x_words_i};
    always @(posedge clk) begin
        load3_q <= load2_q;
        {full_x3_q, full_y3_q, part_x3_q, part_y3_q} <= {full_x2_q, full_y2_q, part_x2_q, part_y2_q};
        {turn_x3_q, turn_y3_q, rest_x3_q, rest_y3_q} <= {turn_x2_q, turn_y2_q, rest_x2_q, rest_y2_q};
        word00_q <= word[ADDR-1:0];
        word01_q <= word[ADDR-1:0] + 1'b1;
        word10_q <= word[ADDR-1:0] + x_words_i[ADDR-1:0];
        word11_q <= word[ADDR-1:0] + x_words_i[ADDR-1:0] + 1'b1;
    end

    // Stage 4: every bank picks.
    wire [5:0] amount = turn_x3_q | (turn_y3_q << log2_x_i);
    wire unused_amount = &{1'b0, amount};
    always @(posedge clk) amount_o <= amount[LOG-1:0];
    genvar b;
    generate
        for (b = 0; b < ROWS; b = b + 1) begin : gen_bank
            wire [5:0] bank   = b;
            wire [5:0] bank_x = bank & x_mask;
            wire [5:0] bank_y = bank >> log2_x_i;
            wire behind_x = bank_x < turn_x3_q;
            wire behind_y = bank_y < turn_y3_q;
            wire inside_x = (behind_x ? full_x3_q[1] : full_x3_q[0]) ||
                            ((behind_x ? part_x3_q[1] : part_x3_q[0]) && bank_x < rest_x3_q);
            wire inside_y = (behind_y ? full_y3_q[1] : full_y3_q[0]) ||
                            ((behind_y ? part_y3_q[1] : part_y3_q[0]) && bank_y < rest_y3_q);
            always @(posedge clk) begin
                read_o[b] <= load3_q && inside_x && inside_y;
                addr_o[b*ADDR +: ADDR] <= behind_y ? (behind_x ? word11_q : word10_q) : (behind_x ? word01_q : word00_q);
            end
        end
    endgenerate
endmodule
