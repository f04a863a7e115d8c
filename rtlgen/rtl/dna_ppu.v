// Post-processing unit: one lane a column and one row of the array a cycle, or one lane for SHARE columns, which it works on
// one after the other while their row stands still. Reads the residual buffer, writes words of channels (halves when the columns
// are half a word) or, for logits and partial sums, words of RAW_BITS sums into the output buffer. STAGES cycles from a row to
// its word.
// Parameters stand in words of the weight buffer, a record a column: bias (bits 0 to 31), shift - 1 (32 to 37), multiplier (40
// and up); 64 bits a record, 128 when MB > 24.
module dna_ppu #(
    parameter COLS     = 16,
    parameter SHARE    = 1,    // columns of a lane, at most COLS * RAW_BITS / 128
    parameter BITS     = 8,
    parameter ACC_BITS = 28,
    parameter RAW_BITS = 32,
    parameter MB       = 16,   // bits of the requantisation multiplier
    parameter DIGIT    = 8,
    parameter LEVELS   = 1,    // log2(MB / DIGIT)
    parameter STAGES   = 11,   // 9 + 2 LEVELS, and SHARE more where lanes are shared
    parameter SCALE    = 2,    // log2 of the words of a pixel's raw sums
    parameter ADDR     = 9     // address bits of the output and residual buffers
) (
    input  wire                     clk,
    input  wire                     rst_n,
    // parameters from the weight buffer
    input  wire                     parameter_write_i,
    input  wire [4:0]               parameter_index_i,
    input  wire [127:0]             parameter_data_i,
    input  wire                     activate_i,
    // rows from the array
    input  wire                     valid_i,
    input  wire [ADDR-1:0]          addr_i,
    input  wire                     half_i,
    input  wire                     slot_i,
    input  wire                     residual_slot_i,
    input  wire [COLS*ACC_BITS-1:0] row_i,
    // layer settings
    input  wire                     raw_i,
    input  wire                     residual_i,
    input  wire [BITS-1:0]          zero_i, low_i, high_i, zero_b_i,
    input  wire [MB-1:0]            multiplier_a_i, multiplier_b_i,
    input  wire [5:0]               shift_i,
    input  wire [BITS-1:0]          sum_zero_i, sum_low_i, sum_high_i,
    // residual buffer
    output wire                     residual_read_o,
    output wire                     residual_slot_o,
    output wire [ADDR-1:0]          residual_addr_o,
    input  wire [127:0]             residual_data_i,
    // output buffer
    output wire                     write_o,
    output wire                     write_slot_o,
    output wire [15:0]              write_mask_o,
    output wire [ADDR-1:0]          write_addr_o,
    output wire [127:0]             write_data_o
);
    localparam TAG       = ADDR + 3;
    localparam RAW_WORDS = COLS * RAW_BITS / 128;
    localparam RECORD    = MB > 24 ? 128 : 64;
    localparam LANES     = COLS / SHARE;
    localparam CHOOSE    = SHARE > 1 ? 1 : 0;        // a stage in front, in which the row's columns are chosen
    localparam VALUE     = 4 + LEVELS + CHOOSE;      // stage of the convolution's first values
    localparam PIECES    = RAW_WORDS / SHARE;        // words of the lanes' raw sums

    // Valid bit and address travel with the data: tag of stage s is in slice s-1.
    reg [STAGES-1:0]     valid_q;
    reg [STAGES*TAG-1:0] tag_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) valid_q <= {STAGES{1'b0}};
        else valid_q <= {valid_q[STAGES-2:0], valid_i};
    end
    always @(posedge clk) tag_q <= {tag_q[(STAGES-1)*TAG-1:0], {residual_slot_i, slot_i, half_i, addr_i}};

    // The residual word is there with the convolution's value, asked for one stage before.
    wire [TAG-1:0] ask_tag = tag_q[(VALUE-2)*TAG +: TAG];
    assign residual_read_o = valid_q[VALUE-2] && residual_i;
    assign residual_addr_o = ask_tag[ADDR-1:0];
    assign residual_slot_o = ask_tag[ADDR+2];

    // Which of its columns a lane takes: one a cycle; raw sums stay for the cycles in which they are written.
    wire [RAW_WORDS-1:0] since;                      // cycles since the row came, one bit
    wire [SHARE-1:0]     choose;
    genvar p;
    generate
        assign since = {valid_q[RAW_WORDS-2:0], valid_i};
        for (p = 0; p < SHARE; p = p + 1) begin : gen_choose
            assign choose[p] = raw_i ? |since[p*PIECES +: PIECES] : since[p];
        end
    endgenerate

    // Raw sums: RAW_WORDS cycles a row. Where a lane has one column its sum of stage 1 stays as long.
    reg [3:0] raw_left_q;
    wire raw_start = raw_i && (SHARE > 1 ? valid_q[0] : valid_i);
    wire hold      = SHARE == 1 && raw_left_q > 4'd1;
    wire [TAG-1:0]  raw_tag  = SHARE > 1 ? tag_q[TAG-1:0] : {residual_slot_i, slot_i, half_i, addr_i};
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) raw_left_q <= 4'd0;
        else if (raw_start) raw_left_q <= RAW_WORDS[3:0];
        else if (raw_left_q != 4'd0) raw_left_q <= raw_left_q - 4'd1;
    end
    localparam RAW_INDEX = RAW_WORDS > 4 ? 3 : RAW_WORDS > 2 ? 2 : 1;
    reg [ADDR-1:0]      raw_addr_q;
    reg [RAW_INDEX-1:0] raw_index_q;
    reg                 raw_slot_q;
    always @(posedge clk) begin
        if (raw_start) begin
            raw_addr_q  <= {raw_tag[ADDR-1-SCALE:0], {SCALE{1'b0}}} + (raw_tag[ADDR] ? RAW_WORDS[ADDR-1:0] : {ADDR{1'b0}});
            raw_slot_q  <= raw_tag[ADDR+1];
            raw_index_q <= {RAW_INDEX{1'b0}};
        end else begin
            raw_addr_q  <= raw_addr_q + 1'b1;
            raw_index_q <= raw_index_q + 1'b1;
        end
    end

    wire [LANES*RAW_BITS-1:0] raw;
    wire [LANES*BITS-1:0]     y;
    wire [COLS*BITS-1:0]      values;                // of all columns, with those of the last cycle
    wire [LANES*BITS-1:0]     residual_values;       // of the lanes' columns
    wire [127:0]              value_word;
    wire [TAG-1:0]            last_tag = tag_q[(STAGES-1)*TAG +: TAG];
    genvar c;
    generate
        if (COLS*BITS == 128) begin : gen_whole
            assign write_mask_o = 16'hffff;
            assign value_word   = values;
        end else begin : gen_halves
            assign write_mask_o = raw_i ? 16'hffff : (last_tag[ADDR] ? 16'hff00 : 16'h00ff);
            assign value_word   = {values, values};
        end

        // The residual's columns: the row's half of the word, of it the lanes' piece. Stage VALUE + p has the p-th piece.
        for (p = 0; p < SHARE; p = p + 1) begin : gen_residual
            wire [127:0] word;
            wire [LANES*BITS-1:0] piece;             // or nothing, and those before it
            if (COLS*BITS == 128) begin : gen_word
                assign word = residual_data_i;
            end else begin : gen_half
                assign word = tag_q[(VALUE-1+p)*TAG+ADDR] ? {64'd0, residual_data_i[127:64]} : residual_data_i;
            end
            wire unused_word = &{1'b0, word};
            if (SHARE == 1) begin : gen_all
                assign piece = word[LANES*BITS-1:0];
            end else if (p == 0) begin : gen_first
                assign piece = {(LANES*BITS){valid_q[VALUE-1]}} & word[LANES*BITS-1:0];
            end else begin : gen_next
                assign piece = gen_residual[p-1].piece |
                               ({(LANES*BITS){valid_q[VALUE-1+p]}} & word[p*LANES*BITS +: LANES*BITS]);
            end
        end
        assign residual_values = gen_residual[SHARE-1].piece;

        if (SHARE == 1) begin : gen_row
            assign values = y;
        end else begin : gen_gather
            reg [(COLS-LANES)*BITS-1:0] before_q;    // values of the cycles before, the first ones lowest
            always @(posedge clk) before_q <= values[COLS*BITS-1:LANES*BITS];
            assign values = {y, before_q};
        end

        for (c = 0; c < LANES; c = c + 1) begin : gen_lane
            wire [SHARE-1:0]          parameter_write;
            wire [SHARE*32-1:0]       bias;
            wire [SHARE*6-1:0]        scale_shift;
            wire [SHARE*MB-1:0]       scale;
            wire [SHARE*ACC_BITS-1:0] sums;
            for (p = 0; p < SHARE; p = p + 1) begin : gen_column
                localparam COLUMN = p * LANES + c;
                localparam WORD   = COLUMN * RECORD / 128;
                localparam FIRST  = COLUMN * RECORD % 128;
                assign parameter_write[p]                = parameter_write_i && {27'd0, parameter_index_i} == WORD;
                assign bias[p*32 +: 32]                  = parameter_data_i[FIRST +: 32];
                assign scale_shift[p*6 +: 6]             = parameter_data_i[FIRST+32 +: 6];
                assign scale[p*MB +: MB]                 = parameter_data_i[FIRST+40 +: MB];
                assign sums[p*ACC_BITS +: ACC_BITS]      = row_i[COLUMN*ACC_BITS +: ACC_BITS];
            end
            dna_ppu_lane #(.SHARE(SHARE), .BITS(BITS), .ACC_BITS(ACC_BITS), .RAW_BITS(RAW_BITS), .MB(MB), .DIGIT(DIGIT),
                           .LEVELS(LEVELS)) u_lane (
                .clk(clk), .parameter_write_i(parameter_write), .bias_i(bias), .scale_shift_i(scale_shift),
                .scale_i(scale), .activate_i(activate_i), .choose_i(choose), .sum_i(sums), .hold_i(hold),
                .raw_o(raw[c*RAW_BITS +: RAW_BITS]), .zero_i(zero_i), .low_i(low_i), .high_i(high_i),
                .residual_i(residual_i), .residual_value_i(residual_values[c*BITS +: BITS]), .zero_b_i(zero_b_i),
                .multiplier_a_i(multiplier_a_i), .multiplier_b_i(multiplier_b_i), .shift_i(shift_i),
                .sum_zero_i(sum_zero_i), .sum_low_i(sum_low_i), .sum_high_i(sum_high_i), .y_o(y[c*BITS +: BITS]));
        end
    endgenerate

    wire [127:0] raw_word;
    generate
        if (PIECES == 1) begin : gen_piece
            wire unused_index = &{1'b0, raw_index_q};
            assign raw_word = raw;
        end else begin : gen_pieces
            localparam INDEX = PIECES > 4 ? 3 : PIECES > 2 ? 2 : 1;
            wire unused_index = &{1'b0, raw_index_q};
            assign raw_word = raw[{raw_index_q[INDEX-1:0], 7'd0} +: 128];
        end
    endgenerate
    wire raw_busy = raw_left_q != 4'd0;
    wire unused_bits = &{1'b0, last_tag[ADDR+2], last_tag[ADDR], raw_tag, residual_data_i, parameter_data_i};
    assign write_o      = raw_i ? raw_busy : valid_q[STAGES-1];
    assign write_slot_o = raw_i ? raw_slot_q : last_tag[ADDR+1];
    assign write_addr_o = raw_i ? raw_addr_q : last_tag[ADDR-1:0];
    assign write_data_o = raw_i ? raw_word : value_word;
endmodule
