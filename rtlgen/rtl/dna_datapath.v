// Datapath of a chunk: operands from the buffers through the array and the post-processing unit into the output buffer.
// Stage numbers count from the cycle in which dna_compute issues a MAC (stage 0): addresses 1 to 4, memories 5, rotation and
// weight vector 6, PE operands 7, product 7 + PE_CUT, sum 8 + PE_CUT, first drained row one later.
module dna_datapath #(
    parameter ROWS         = 16,
    parameter LOG          = 4,     // log2(ROWS)
    parameter COLS         = 16,
    parameter BITS         = 8,
    parameter SELECT       = 4,     // log2 of the channels in a word
    parameter RAW_BITS     = 32,
    parameter MB           = 16,
    parameter DIGIT        = 8,
    parameter LEVELS       = 1,
    parameter STAGES       = 11,    // of the post-processing
    parameter PE_CUT       = 1,     // a register behind the PEs' multipliers
    parameter ACC_BITS     = 28,
    parameter MAX_POOL     = 0,     // PEs can take maxima
    parameter SPILL        = 0,     // partial sums can go to and come from DRAM
    parameter SHARE        = 1,     // columns of a post-processing lane = cycles of a row
    parameter PACE         = 1,     // cycles of a row of raw sums, where rows can stand still
    parameter PACKED       = 0,     // weights can be packed
    parameter PIXELS       = 4,     // of a narrow word
    parameter QUARTER      = 2,     // log2(PIXELS)
    parameter INPUT_SLOTS  = 2,     // tiles that the buffers hold: 1 or 2
    parameter WEIGHT_SLOTS = 2,
    parameter OUTPUT_SLOTS = 2,     // also of the residual buffer
    parameter INPUT_BANKS  = 1,     // of each memory of the buffers: 1, 2, 4 or 8
    parameter WEIGHT_BANKS = 1,
    parameter OUTPUT_BANKS = 1,     // also of the residual buffer
    parameter INPUT_WORDS  = 64,
    parameter IADDR        = 6,
    parameter WEIGHT_WORDS = 512,
    parameter WADDR        = 9,
    parameter OUTPUT_WORDS = 512,
    parameter OADDR        = 9
) (
    input  wire             clk,
    input  wire             rst_n,
    // issue (stage 0)
    input  wire             mac_i, first_i, last_i, load_i, half_i, weight_read_i, parameter_read_i, input_slot_i, weight_slot_i, fresh_i, part_end_i, job_end_i,
    input  wire [PACKED:0]  weight_part_i,
    input  wire signed [5:0] tap_x_i, tap_y_i,
    input  wire [SELECT-1:0] select_i,
    input  wire [9:0]       x_block_i, y_block_i, y_base_i,
    input  wire [15:0]      channel_addr_i,
    input  wire [WADDR-1:0] weight_addr_i,
    input  wire [4:0]       parameter_index_i,
    input  wire [OADDR-1:0] block_base_i,
    input  wire [5:0]       x_left_i, y_left_i,
    // layer
    input  wire             depthwise_i, packed_i, shift_i, raw_i, residual_i, max_i, slow_i, reload_i,
    input  wire [2:0]       log2_x_i, log2_y_i,
    input  wire [BITS-1:0]  pad_value_i,
    input  wire [9:0]       in_height_i, in_width_i, out_width_i,
    input  wire [15:0]      x_words_i, plane_words_i,
    input  wire [BITS-1:0]  zero_i, low_i, high_i, zero_b_i, sum_zero_i, sum_low_i, sum_high_i,
    input  wire [5:0]       sum_shift_i,
    input  wire [MB-1:0]    multiplier_a_i, multiplier_b_i,
    // fill side
    input  wire             input_write_i, input_write_slot_i,
    input  wire [LOG-1:0]   input_write_bank_i,
    input  wire [IADDR-1:0] input_write_addr_i,
    input  wire [127:0]     input_write_data_i,
    input  wire [QUARTER-1:0] input_write_group_i,
    input  wire [PIXELS-1:0]  input_write_valid_i,
    input  wire [127:0]       input_write_pixels_i,
    input  wire             weight_write_i, weight_write_slot_i,
    input  wire [WADDR-1:0] weight_write_addr_i,
    input  wire             residual_write_i, residual_write_slot_i,
    input  wire [OADDR-1:0] residual_write_addr_i,
    input  wire [127:0]     fill_data_i,
    // store side
    input  wire             output_read_i, output_read_slot_i,
    input  wire [OADDR-1:0] output_read_addr_i,
    output wire [127:0]     output_data_o,
    output wire             part_done_o,        // the last word of a part of the tile is in the output buffer
    output wire             tile_done_o,        // of a job
    // events for the counters
    output wire [ROWS-1:0]  bank_read_o,
    output wire             weight_access_o, output_write_o, residual_read_o
);
    // ---- Control pipeline, stages 1 to 8.
    localparam SIDE = SELECT + PACKED + 7;     // of it, still needed at stage 5
    localparam TAG  = WADDR + SIDE + 2;
    reg [8:1] mac_q, first_q, last_q, load_q, parameter_q;
    reg [4:1] weight_read_q;
    reg [4*TAG-1:0] tag_q;          // stages 1 to 4
    wire [TAG-1:0] tag4 = tag_q[3*TAG +: TAG];
    reg [SIDE-1:0] tag5_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            mac_q <= 8'd0; first_q <= 8'd0; last_q <= 8'd0; load_q <= 8'd0; weight_read_q <= 4'd0; parameter_q <= 8'd0;
        end else begin
            mac_q         <= {mac_q[7:1], mac_i};
            first_q       <= {first_q[7:1], first_i};
            last_q        <= {last_q[7:1], last_i};
            load_q        <= {load_q[7:1], load_i};
            weight_read_q <= {weight_read_q[3:1], weight_read_i};
            parameter_q   <= {parameter_q[7:1], parameter_read_i};
        end
    end
    always @(posedge clk) begin
        tag_q  <= {tag_q[3*TAG-1:0], {weight_addr_i, weight_slot_i, input_slot_i, parameter_index_i,
                                      weight_part_i, half_i, select_i}};
        tag5_q <= tag4[SIDE-1:0];
    end
    wire [WADDR-1:0] weight_addr4 = tag4[SIDE+2 +: WADDR];
    wire weight_slot4 = tag4[SIDE+1], input_slot4 = tag4[SIDE];
    wire [4:0]        parameter_index5;
    wire [PACKED:0]   weight_part5;
    wire              half5;
    wire [SELECT-1:0] select5;
    assign {parameter_index5, weight_part5, half5, select5} = tag5_q;
    wire unused_pipeline = &{1'b0, mac_q, first_q, load_q, parameter_q};

    // ---- Input operands: addresses (stage 4), banks (5), rotation (5), lanes and array.
    wire [ROWS*IADDR-1:0] bank_addr;
    wire [LOG-1:0]        amount4;
    wire [ROWS*128-1:0]   bank_data;
    reg  [LOG-1:0]        amount_q;
    reg  [ROWS-1:0]       bank_valid_q;
    always @(posedge clk) begin
        amount_q     <= amount4;
        bank_valid_q <= bank_read_o;
    end
    dna_address #(.ROWS(ROWS), .LOG(LOG), .ADDR(IADDR)) u_address (
        .clk(clk), .load_i(load_i), .tap_x_i(tap_x_i), .tap_y_i(tap_y_i), .x_block_i(x_block_i), .y_block_i(y_block_i),
        .y_base_i(y_base_i), .channel_addr_i(channel_addr_i), .shift_i(shift_i), .log2_x_i(log2_x_i), .log2_y_i(log2_y_i),
        .in_height_i(in_height_i), .in_width_i(in_width_i), .x_words_i(x_words_i),
        .plane_words_i(plane_words_i), .read_o(bank_read_o), .addr_o(bank_addr), .amount_o(amount4));
    dna_input_buffer #(.PIXELS(PIXELS), .QUARTER(QUARTER), .ROWS(ROWS), .LOG(LOG), .WORDS(INPUT_WORDS), .ADDR(IADDR), .SLOTS(INPUT_SLOTS), .BANKS(INPUT_BANKS)) u_input_buffer (
        .clk(clk), .write_i(input_write_i), .write_slot_i(input_write_slot_i), .write_bank_i(input_write_bank_i),
        .write_addr_i(input_write_addr_i), .write_data_i(input_write_data_i), .write_group_i(input_write_group_i),
        .write_valid_i(input_write_valid_i), .write_pixels_i(input_write_pixels_i), .read_slot_i(input_slot4),
        .read_i(bank_read_o), .read_addr_i(bank_addr), .read_data_o(bank_data));
    wire [ROWS*129-1:0] banks, lanes;
    wire [ROWS*128-1:0] words;
    wire [ROWS-1:0]     valids;
    genvar r;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : gen_word
            assign banks[r*129 +: 129] = {bank_valid_q[r], bank_data[r*128 +: 128]};
            assign {valids[r], words[r*128 +: 128]} = lanes[r*129 +: 129];
        end
    endgenerate
    reg [2:0] log2_x_q;       // set long before the layer's first word arrives
    always @(posedge clk) log2_x_q <= log2_x_i;
    dna_align #(.ROWS(ROWS), .LOG(LOG), .BITS(129)) u_align (
        .banks_i(banks), .amount_i(amount_q), .log2_x_i(log2_x_q), .lanes_o(lanes));

    // ---- Weights (read at stage 4) and the array.
    wire [127:0] weight_data;
    dna_buffer #(.WORDS(WEIGHT_WORDS), .ADDR(WADDR), .SLOTS(WEIGHT_SLOTS), .BANKS(WEIGHT_BANKS)) u_weight_buffer (
        .clk(clk), .write_i(weight_write_i), .write_slot_i(weight_write_slot_i), .write_mask_i(16'hffff),
        .write_addr_i(weight_write_addr_i), .write_data_i(fill_data_i), .read_i(weight_read_q[4]),
        .read_slot_i(weight_slot4), .read_addr_i(weight_addr4), .read_data_o(weight_data));
    wire [COLS*BITS-1:0] w;
    dna_weights #(.VECTOR(COLS*BITS), .BITS(BITS), .PACKED(PACKED)) u_weights (
        .clk(clk), .mac_i(mac_q[5]), .packed_i(packed_i), .part_i(weight_part5), .data_i(weight_data), .w_o(w));
    wire [COLS*ACC_BITS-1:0] row;
    wire drain_shift;
    dna_array #(.ROWS(ROWS), .COLS(COLS), .BITS(BITS), .SELECT(SELECT), .ACC_BITS(ACC_BITS), .PE_CUT(PE_CUT),
                .MAX_POOL(MAX_POOL), .HOLD(PACE > 1 ? 1 : 0)) u_array (
        .clk(clk), .word_i(words), .valid_i(valids), .load_i(load_q[4]), .pad_i(pad_value_i), .select_i(select5),
        .depthwise_i(depthwise_i), .half_i(half5), .max_i(max_i), .w_i(w), .first_i(first_q[6+PE_CUT]), .transfer_i(last_q[7+PE_CUT]),
        .shift_i(drain_shift), .row_o(row));

    // ---- Drain and post-processing.
    wire drain_valid, drain_half, drain_slot, drain_residual_slot, activate, drain_part_last, drain_last;
    wire [OADDR-1:0] drain_addr;
    localparam PHASE = PACE == 8 ? 3 : PACE == 4 ? 2 : 1;     // log2(PACE), at least 1
    localparam SCALE = BITS == 4 ? 3 : 2;                     // log2 of the words of a pixel's raw sums
    wire ahead, ahead_half, ahead_slot;
    wire [OADDR-1:0] ahead_addr;
    wire [PHASE-1:0] ahead_phase;
    dna_drain #(.LOG(LOG), .ADDR(OADDR), .BASE(SHARE), .PACE(PACE), .PACE_LOG(PHASE)) u_drain (
        .clk(clk), .rst_n(rst_n), .push_i(last_i), .base_i(block_base_i), .x_left_i(x_left_i), .y_left_i(y_left_i),
        .half_i(half_i), .fresh_i(fresh_i), .part_end_i(part_end_i), .job_end_i(job_end_i), .transfer_i(last_q[7+PE_CUT]), .log2_x_i(log2_x_i), .out_width_i(out_width_i),
        .residual_i(residual_i), .slow_i(slow_i), .shift_o(drain_shift), .ahead_o(ahead), .ahead_half_o(ahead_half),
        .ahead_slot_o(ahead_slot), .ahead_addr_o(ahead_addr), .ahead_phase_o(ahead_phase), .valid_o(drain_valid), .addr_o(drain_addr), .half_o(drain_half),
        .slot_o(drain_slot), .residual_slot_o(drain_residual_slot), .activate_o(activate), .part_last_o(drain_part_last), .last_o(drain_last));
    wire reload_read, reload_slot, sum_valid, sum_half, sum_slot, sum_residual_slot, sum_activate, sum_part_last, sum_last;
    wire [OADDR-1:0] reload_addr, sum_addr;
    wire [COLS*ACC_BITS-1:0] sums;
    wire [127:0] residual_data;
    generate
        if (SPILL != 0) begin : gen_reload
            dna_reload #(.COLS(COLS), .ACC_BITS(ACC_BITS), .RAW_BITS(RAW_BITS), .WORDS(PACE), .PHASE(PHASE), .SCALE(SCALE),
                         .ADDR(OADDR)) u_reload (
                .clk(clk), .rst_n(rst_n), .reload_i(reload_i), .ahead_i(ahead), .ahead_half_i(ahead_half),
                .ahead_slot_i(ahead_slot), .ahead_addr_i(ahead_addr), .ahead_phase_i(ahead_phase), .read_o(reload_read),
                .slot_o(reload_slot), .addr_o(reload_addr), .data_i(residual_data), .valid_i(drain_valid),
                .half_i(drain_half), .output_slot_i(drain_slot), .residual_slot_i(drain_residual_slot),
                .activate_i(activate), .part_last_i(drain_part_last), .last_i(drain_last), .row_addr_i(drain_addr), .row_i(row), .valid_o(sum_valid),
                .half_o(sum_half), .output_slot_o(sum_slot), .residual_slot_o(sum_residual_slot),
                .activate_o(sum_activate), .part_last_o(sum_part_last), .last_o(sum_last), .row_addr_o(sum_addr), .row_o(sums));
        end else begin : gen_no_reload
            wire unused_ahead = &{1'b0, ahead, ahead_half, ahead_slot, ahead_addr, ahead_phase, reload_i};
            assign {reload_read, reload_slot, reload_addr} = {(OADDR+2){1'b0}};
            assign {sum_valid, sum_half, sum_slot} = {drain_valid, drain_half, drain_slot};
            assign {sum_residual_slot, sum_activate} = {drain_residual_slot, activate};
            assign {sum_part_last, sum_last} = {drain_part_last, drain_last};
            assign sum_addr = drain_addr;
            assign sums     = row;
        end
    endgenerate
    reg [STAGES-1:0] part_done_q, tile_done_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) {part_done_q, tile_done_q} <= {(2*STAGES){1'b0}};
        else begin
            part_done_q <= {part_done_q[STAGES-2:0], sum_part_last};
            tile_done_q <= {tile_done_q[STAGES-2:0], sum_last};
        end
    end
    assign part_done_o = part_done_q[STAGES-1];
    assign tile_done_o = tile_done_q[STAGES-1];

    wire add_read, add_slot, output_write_slot;
    wire [OADDR-1:0] add_addr, output_write_addr;
    wire [127:0] output_write_data;
    assign residual_read_o = reload_read || add_read;
    wire residual_read_slot = reload_read ? reload_slot : add_slot;
    wire [OADDR-1:0] residual_read_addr = reload_read ? reload_addr : add_addr;
    wire [15:0]  output_write_mask;
    dna_ppu #(.COLS(COLS), .SHARE(SHARE), .BITS(BITS), .ACC_BITS(ACC_BITS), .RAW_BITS(RAW_BITS), .MB(MB), .DIGIT(DIGIT), .LEVELS(LEVELS),
              .STAGES(STAGES), .SCALE(SCALE), .ADDR(OADDR)) u_ppu (
        .clk(clk), .rst_n(rst_n), .parameter_write_i(parameter_q[5]), .parameter_index_i(parameter_index5),
        .parameter_data_i(weight_data), .activate_i(sum_activate), .valid_i(sum_valid), .addr_i(sum_addr),
        .half_i(sum_half), .slot_i(sum_slot), .residual_slot_i(sum_residual_slot), .row_i(sums), .raw_i(raw_i),
        .residual_i(residual_i && !reload_i), .zero_i(zero_i), .low_i(low_i), .high_i(high_i), .zero_b_i(zero_b_i),
        .multiplier_a_i(multiplier_a_i), .multiplier_b_i(multiplier_b_i), .shift_i(sum_shift_i), .sum_zero_i(sum_zero_i),
        .sum_low_i(sum_low_i), .sum_high_i(sum_high_i), .residual_read_o(add_read),
        .residual_slot_o(add_slot), .residual_addr_o(add_addr),
        .residual_data_i(residual_data), .write_o(output_write_o), .write_slot_o(output_write_slot),
        .write_mask_o(output_write_mask), .write_addr_o(output_write_addr), .write_data_o(output_write_data));
    dna_buffer #(.WORDS(OUTPUT_WORDS), .ADDR(OADDR), .SLOTS(OUTPUT_SLOTS), .BANKS(OUTPUT_BANKS)) u_residual_buffer (
        .clk(clk), .write_i(residual_write_i), .write_slot_i(residual_write_slot_i), .write_mask_i(16'hffff),
        .write_addr_i(residual_write_addr_i), .write_data_i(fill_data_i), .read_i(residual_read_o),
        .read_slot_i(residual_read_slot), .read_addr_i(residual_read_addr), .read_data_o(residual_data));
    dna_buffer #(.WORDS(OUTPUT_WORDS), .ADDR(OADDR), .SLOTS(OUTPUT_SLOTS), .BANKS(OUTPUT_BANKS)) u_output_buffer (
        .clk(clk), .write_i(output_write_o), .write_slot_i(output_write_slot), .write_mask_i(output_write_mask),
        .write_addr_i(output_write_addr), .write_data_i(output_write_data), .read_i(output_read_i),
        .read_slot_i(output_read_slot_i), .read_addr_i(output_read_addr_i), .read_data_o(output_data_o));
    assign weight_access_o = weight_read_q[4];
endmodule
