// Post-processing unit: one lane a column, one row of the array a cycle. Reads the residual buffer, writes words of 16
// channels (COLS = 8: halves) or, for logits, int32 words into the output buffer.
module dna_ppu #(
    parameter COLS     = 16,
    parameter ACC_BITS = 28,
    parameter ADDR     = 9     // address bits of the output and residual buffers
) (
    input  wire                     clk,
    input  wire                     rst_n,
    // parameters from the weight buffer
    input  wire                     parameter_write_i,
    input  wire [2:0]               parameter_index_i,
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
    input  wire [7:0]               zero_i, low_i, high_i,
    input  wire [7:0]               zero_a_i, zero_b_i,
    input  wire [15:0]              multiplier_a_i, multiplier_b_i,
    input  wire [4:0]               shift_i,
    input  wire [7:0]               sum_zero_i, sum_low_i, sum_high_i,
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
    localparam STAGES    = 10;
    localparam TAG       = ADDR + 3;
    localparam RAW_WORDS = COLS / 4;

    // Valid bit and address travel with the data: tag of stage s is in slice s-1.
    reg [STAGES-1:0]     valid_q;
    reg [STAGES*TAG-1:0] tag_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) valid_q <= {STAGES{1'b0}};
        else valid_q <= {valid_q[STAGES-2:0], valid_i};
    end
    always @(posedge clk) tag_q <= {tag_q[(STAGES-1)*TAG-1:0], {residual_slot_i, slot_i, half_i, addr_i}};

    // Residual word of stage 5 is asked for in stage 4.
    wire [TAG-1:0] tag4 = tag_q[3*TAG +: TAG];
    assign residual_read_o = valid_q[3] && residual_i;
    assign residual_addr_o = tag4[ADDR-1:0];
    assign residual_slot_o = tag4[ADDR+2];

    // Logits: the sums of stage 1 stay for RAW_WORDS cycles.
    reg [2:0] raw_left_q;
    wire raw_start = valid_i && raw_i;
    wire hold      = raw_left_q > 3'd1;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) raw_left_q <= 3'd0;
        else if (raw_start) raw_left_q <= RAW_WORDS[2:0];
        else if (raw_left_q != 3'd0) raw_left_q <= raw_left_q - 3'd1;
    end
    reg [ADDR-1:0] raw_addr_q;
    reg [1:0]      raw_index_q;
    reg            raw_slot_q;
    always @(posedge clk) begin
        if (raw_start) begin
            raw_addr_q  <= (COLS == 8 && half_i) ? addr_i + RAW_WORDS[ADDR-1:0] : addr_i;
            raw_slot_q  <= slot_i;
            raw_index_q <= 2'd0;
        end else begin
            raw_addr_q  <= raw_addr_q + 1'b1;
            raw_index_q <= raw_index_q + 2'd1;
        end
    end

    wire [COLS*32-1:0] raw;
    wire [COLS*8-1:0]  y;
    wire [127:0]       residual_word;
    genvar c;
    generate
        if (COLS == 16) begin : gen_whole
            assign residual_word = residual_data_i;
            assign write_mask_o  = 16'hffff;
        end else begin : gen_halves
            // Half of the word that stage 5 works on.
            assign residual_word = tag_q[4*TAG+ADDR] ? {64'd0, residual_data_i[127:64]} : residual_data_i;
            assign write_mask_o  = raw_i ? 16'hffff : (tag_q[9*TAG+ADDR] ? 16'hff00 : 16'h00ff);
        end
        for (c = 0; c < COLS; c = c + 1) begin : gen_lane
            dna_ppu_lane #(.ACC_BITS(ACC_BITS)) u_lane (
                .clk(clk), .parameter_write_i(parameter_write_i && {29'd0, parameter_index_i} == c / 2),
                .parameter_i(parameter_data_i[(c % 2)*64 +: 64]), .activate_i(activate_i),
                .sum_i(row_i[c*ACC_BITS +: ACC_BITS]), .hold_i(hold), .raw_o(raw[c*32 +: 32]),
                .zero_i(zero_i), .low_i(low_i), .high_i(high_i), .residual_i(residual_i),
                .residual_value_i(residual_word[c*8 +: 8]), .zero_a_i(zero_a_i), .zero_b_i(zero_b_i),
                .multiplier_a_i(multiplier_a_i), .multiplier_b_i(multiplier_b_i), .shift_i(shift_i),
                .sum_zero_i(sum_zero_i), .sum_low_i(sum_low_i), .sum_high_i(sum_high_i), .y_o(y[c*8 +: 8]));
        end
    endgenerate

    wire [TAG-1:0] tag10    = tag_q[9*TAG +: TAG];
    wire           raw_busy = raw_left_q != 3'd0;
    wire unused_tag = &{1'b0, tag10[ADDR+2], tag10[ADDR], residual_word};
    assign write_o      = raw_i ? raw_busy : valid_q[STAGES-1];
    assign write_slot_o = raw_i ? raw_slot_q : tag10[ADDR+1];
    assign write_addr_o = raw_i ? raw_addr_q : tag10[ADDR-1:0];
    assign write_data_o = raw_i ? raw[{raw_index_q[(COLS == 16 ? 1 : 0):0], 7'd0} +: 128] : {(16/COLS){y}};
endmodule
