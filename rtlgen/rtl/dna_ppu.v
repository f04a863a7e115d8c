// Post-processing unit: one lane a column, one row of the array a cycle. Reads the residual buffer, writes words of channels
// (halves when the columns are half a word) or, for logits and partial sums, words of RAW_BITS sums into the output buffer. STAGES cycles from
// a row to its word.
// Parameters stand in words of the weight buffer, a record a column: bias (bits 0 to 31), shift - 1 (32 to 37), multiplier (40
// and up); 64 bits a record, 128 when MB > 24.
module dna_ppu #(
    parameter COLS     = 16,
    parameter BITS     = 8,
    parameter ACC_BITS = 28,
    parameter RAW_BITS = 32,
    parameter MB       = 16,   // bits of the requantisation multiplier
    parameter DIGIT    = 8,
    parameter LEVELS   = 1,    // log2(MB / DIGIT)
    parameter STAGES   = 11,   // 9 + 2 LEVELS
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
    localparam VALUE     = 4 + LEVELS;               // stage of the convolution's value

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

    // Raw sums: the sums of stage 1 stay for RAW_WORDS cycles.
    reg [3:0] raw_left_q;
    wire raw_start = valid_i && raw_i;
    wire hold      = raw_left_q > 4'd1;
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
            raw_addr_q  <= {addr_i[ADDR-1-SCALE:0], {SCALE{1'b0}}} + (half_i ? RAW_WORDS[ADDR-1:0] : {ADDR{1'b0}});
            raw_slot_q  <= slot_i;
            raw_index_q <= {RAW_INDEX{1'b0}};
        end else begin
            raw_addr_q  <= raw_addr_q + 1'b1;
            raw_index_q <= raw_index_q + 1'b1;
        end
    end

    wire [COLS*RAW_BITS-1:0] raw;
    wire [COLS*BITS-1:0]     y;
    wire [127:0]             residual_word, value_word;
    wire [TAG-1:0]           last_tag = tag_q[(STAGES-1)*TAG +: TAG];
    genvar c;
    generate
        if (COLS*BITS == 128) begin : gen_whole
            assign residual_word = residual_data_i;
            assign write_mask_o  = 16'hffff;
            assign value_word    = y;
        end else begin : gen_halves
            assign residual_word = tag_q[(VALUE-1)*TAG+ADDR] ? {64'd0, residual_data_i[127:64]} : residual_data_i;
            assign write_mask_o  = raw_i ? 16'hffff : (last_tag[ADDR] ? 16'hff00 : 16'h00ff);
            assign value_word    = {y, y};
        end
        for (c = 0; c < COLS; c = c + 1) begin : gen_lane
            localparam WORD  = c * RECORD / 128;
            localparam FIRST = c * RECORD % 128;
            dna_ppu_lane #(.BITS(BITS), .ACC_BITS(ACC_BITS), .RAW_BITS(RAW_BITS), .MB(MB), .DIGIT(DIGIT),
                           .LEVELS(LEVELS)) u_lane (
                .clk(clk), .parameter_write_i(parameter_write_i && {27'd0, parameter_index_i} == WORD),
                .bias_i(parameter_data_i[FIRST +: 32]), .scale_shift_i(parameter_data_i[FIRST+32 +: 6]),
                .scale_i(parameter_data_i[FIRST+40 +: MB]), .activate_i(activate_i),
                .sum_i(row_i[c*ACC_BITS +: ACC_BITS]), .hold_i(hold), .raw_o(raw[c*RAW_BITS +: RAW_BITS]),
                .zero_i(zero_i), .low_i(low_i), .high_i(high_i), .residual_i(residual_i),
                .residual_value_i(residual_word[c*BITS +: BITS]), .zero_b_i(zero_b_i),
                .multiplier_a_i(multiplier_a_i), .multiplier_b_i(multiplier_b_i), .shift_i(shift_i),
                .sum_zero_i(sum_zero_i), .sum_low_i(sum_low_i), .sum_high_i(sum_high_i), .y_o(y[c*BITS +: BITS]));
        end
    endgenerate

    wire raw_busy = raw_left_q != 4'd0;
    wire unused_bits = &{1'b0, last_tag[ADDR+2], last_tag[ADDR], residual_word, parameter_data_i};
    assign write_o      = raw_i ? raw_busy : valid_q[STAGES-1];
    assign write_slot_o = raw_i ? raw_slot_q : last_tag[ADDR+1];
    assign write_addr_o = raw_i ? raw_addr_q : last_tag[ADDR-1:0];
    assign write_data_o = raw_i ? raw[{raw_index_q, 7'd0} +: 128] : value_word;
endmodule
