// Datapath of the row-stationary template: operands from the buffers through the array, the partial sums and the
// post-processing unit into the output buffer. Stage numbers count from the cycle in which dna_compute_rs issues a MAC
// (stage 0): addresses 1 to 4, memories 5, held word and weight vector 6, PE operands 7, product 7 + PE_CUT, sum and
// total one and two later; from there on dna_drain_rs counts.
module dna_datapath_rs #(
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
    parameter DEPTH        = 16,    // weights of a PE
    parameter RADDR        = 4,     // log2(DEPTH)
    parameter SUM_BITS     = 24,    // of a PE
    parameter ACC_BITS     = 28,
    parameter PSUM         = 64,
    parameter PADDR        = 6,
    parameter PACKED       = 0,     // weights can be packed
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
    input  wire             mac_i, first_i, last_i, load_i, half_i, input_slot_i, weight_slot_i,
    input  wire [RADDR-1:0] read_i,
    input  wire [9:0]       x_i, y_base_i,
    input  wire [4:0]       tap_x_i,
    input  wire signed [12:0] row_base_i,
    input  wire [10:0]      limit_i,
    input  wire [15:0]      channel_addr_i,
    input  wire [SELECT-1:0] select_i,
    input  wire             weight_read_i, weight_load_i, parameter_read_i,
    input  wire [PACKED:0]  weight_part_i,
    input  wire [WADDR-1:0] weight_addr_i,
    input  wire [5:0]       weight_chain_i,
    input  wire [RADDR-1:0] weight_place_i,
    input  wire [4:0]       parameter_index_i,
    // with last_i: the step's place
    input  wire             block_start_i, set_first_i, set_last_i, job_end_i,
    input  wire [5:0]       valid_groups_i,
    input  wire [PADDR-1:0] entry_i,
    input  wire [OADDR-1:0] out_addr_i,
    // layer
    input  wire             depthwise_i, packed_i, dilated_i, shift_i, raw_i, residual_i, even_i,
    input  wire [2:0]       pad_i,
    input  wire [BITS-1:0]  pad_value_i,
    input  wire [9:0]       in_width_i, out_width_i,
    input  wire [15:0]      x_words_i,
    input  wire [LOG:0]     span_i,
    input  wire [5:0]       chain_i,
    input  wire [ROWS*6-1:0]      fold_chain_i,
    input  wire [ROWS*LOG-1:0]    fold_lane_i,
    input  wire [ROWS*SELECT-1:0] fold_channel_i,
    input  wire [BITS-1:0]  zero_i, low_i, high_i, zero_b_i, sum_zero_i, sum_low_i, sum_high_i,
    input  wire [5:0]       sum_shift_i,
    input  wire [MB-1:0]    multiplier_a_i, multiplier_b_i,
    // fill side
    input  wire             input_write_i, input_write_slot_i,
    input  wire [LOG-1:0]   input_write_bank_i,
    input  wire [IADDR-1:0] input_write_addr_i,
    input  wire [127:0]     input_write_data_i,
    input  wire             weight_write_i, weight_write_slot_i,
    input  wire [WADDR-1:0] weight_write_addr_i,
    input  wire             residual_write_i, residual_write_slot_i,
    input  wire [OADDR-1:0] residual_write_addr_i,
    input  wire [127:0]     fill_data_i,
    // store side
    input  wire             output_read_i, output_read_slot_i,
    input  wire [OADDR-1:0] output_read_addr_i,
    output wire [127:0]     output_data_o,
    output wire             part_done_o, tile_done_o,   // the last word of a job is in the output buffer
    // events for the counters
    output wire [ROWS-1:0]  bank_read_o,
    output wire             weight_access_o, output_write_o, residual_read_o, psum_write_o, psum_read_o,
    output wire [ROWS-1:0]  rf_write_o          // array rows
);
    // ---- Control pipeline: events, weight side (stages 1 to 5), operand side (1 to 5).
    localparam SIDE = RADDR + PACKED + 12;     // of the weight side, still needed at stage 5
    localparam WTAG = WADDR + SIDE + 1;
    localparam STEP = SELECT + RADDR + 2;
    reg [8:1] last_q;
    reg [7:1] first_q;
    reg [5:1] mac_q, weight_load_q, parameter_q;
    reg [4:1] load_q, weight_read_q;
    reg [4*WTAG-1:0] wtag_q;
    reg [SIDE-1:0] wtag5_q;
    reg [5*STEP-1:0] step_q;
    wire [WTAG-1:0] wtag4 = wtag_q[3*WTAG +: WTAG];
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            last_q <= 8'd0; mac_q <= 5'd0; load_q <= 4'd0; weight_read_q <= 4'd0; weight_load_q <= 5'd0; parameter_q <= 5'd0;
        end else begin
            last_q        <= {last_q[7:1], last_i};
            mac_q         <= {mac_q[4:1], mac_i};
            load_q        <= {load_q[3:1], load_i};
            weight_read_q <= {weight_read_q[3:1], weight_read_i};
            weight_load_q <= {weight_load_q[4:1], weight_load_i};
            parameter_q   <= {parameter_q[4:1], parameter_read_i};
        end
    end
    always @(posedge clk) begin
        first_q <= {first_q[6:1], first_i};
        wtag_q  <= {wtag_q[3*WTAG-1:0], {weight_addr_i, weight_slot_i, parameter_index_i, weight_part_i, weight_chain_i,
                                         weight_place_i}};
        wtag5_q <= wtag4[SIDE-1:0];
        step_q  <= {step_q[4*STEP-1:0], {input_slot_i, half_i, read_i, select_i}};
    end
    wire [WADDR-1:0]  weight_addr4 = wtag4[WTAG-1 -: WADDR];
    wire              weight_slot4 = wtag4[WTAG-WADDR-1];
    wire [4:0]        parameter_index5;
    wire [PACKED:0]   weight_part5;
    wire              half5, unused_slot5;
    wire [5:0]        weight_chain5;
    wire [RADDR-1:0]  weight_place5, read5;
    wire [SELECT-1:0] select5;
    assign {parameter_index5, weight_part5, weight_chain5, weight_place5} = wtag5_q;
    assign {unused_slot5, half5, read5, select5} = step_q[4*STEP +: STEP];
    wire input_slot4 = step_q[4*STEP-1];

    // ---- Input operands: addresses (stage 4), banks (5).
    wire [ROWS*IADDR-1:0] bank_addr;
    wire [LOG-1:0]        amount4;
    wire [ROWS*128-1:0]   bank_data;
    reg  [ROWS-1:0]       bank_valid_q;
    always @(posedge clk) bank_valid_q <= bank_read_o;
    dna_address_rs #(.ROWS(ROWS), .LOG(LOG), .ADDR(IADDR)) u_address (
        .clk(clk), .load_i(load_i), .x_i(x_i), .tap_x_i(tap_x_i), .row_base_i(row_base_i), .y_base_i(y_base_i),
        .limit_i(limit_i), .channel_addr_i(channel_addr_i), .shift_i(shift_i), .dilated_i(dilated_i), .even_i(even_i),
        .span_i(span_i), .pad_i(pad_i), .in_width_i(in_width_i), .x_words_i(x_words_i), .read_o(bank_read_o),
        .addr_o(bank_addr), .amount_o(amount4));
    dna_input_buffer #(.PIXELS(1), .QUARTER(1), .ROWS(ROWS), .LOG(LOG), .WORDS(INPUT_WORDS), .ADDR(IADDR), .SLOTS(INPUT_SLOTS), .BANKS(INPUT_BANKS)) u_input_buffer (
        .clk(clk), .write_i(input_write_i), .write_slot_i(input_write_slot_i), .write_bank_i(input_write_bank_i),
        .write_addr_i(input_write_addr_i), .write_data_i(input_write_data_i), .write_group_i(1'b0),
        .write_valid_i(1'b1), .write_pixels_i(input_write_data_i), .read_slot_i(input_slot4),
        .read_i(bank_read_o), .read_addr_i(bank_addr), .read_data_o(bank_data));
    wire [ROWS*129-1:0] banks;
    genvar b;
    generate
        for (b = 0; b < ROWS; b = b + 1) begin : gen_word
            assign banks[b*129 +: 129] = {bank_valid_q[b], bank_data[b*128 +: 128]};
        end
    endgenerate

    // ---- Weights (read at stage 4) and the array.
    wire [127:0] weight_data;
    dna_buffer #(.WORDS(WEIGHT_WORDS), .ADDR(WADDR), .SLOTS(WEIGHT_SLOTS), .BANKS(WEIGHT_BANKS)) u_weight_buffer (
        .clk(clk), .write_i(weight_write_i), .write_slot_i(weight_write_slot_i), .write_mask_i(16'hffff),
        .write_addr_i(weight_write_addr_i), .write_data_i(fill_data_i), .read_i(weight_read_q[4]),
        .read_slot_i(weight_slot4), .read_addr_i(weight_addr4), .read_data_o(weight_data));
    wire [COLS*BITS-1:0] w;
    dna_weights #(.VECTOR(COLS*BITS), .BITS(BITS), .PACKED(PACKED)) u_weights (
        .clk(clk), .mac_i(weight_load_q[5]), .packed_i(packed_i), .part_i(weight_part5), .data_i(weight_data), .w_o(w));
    wire [LOG-1:0] total_row;
    wire [COLS*SUM_BITS-1:0] sums;
    dna_array_rs #(.ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .SELECT(SELECT), .PE_CUT(PE_CUT),
                   .DEPTH(DEPTH), .RADDR(RADDR), .SUM_BITS(SUM_BITS)) u_array (
        .clk(clk), .chain_i(fold_chain_i), .lane_i(fold_lane_i), .channel_i(fold_channel_i), .depthwise_i(depthwise_i),
        .pad_i(pad_value_i), .amount_i(amount4), .load_i(load_q[4]), .banks_i(banks), .select_i(select5), .half_i(half5),
        .read_i(read5), .use_i(mac_q[5]), .first_i(first_q[6+PE_CUT]), .transfer_i(last_q[7+PE_CUT]), .weight_load_i(weight_load_q[5]),
        .weight_chain_i(weight_chain5), .weight_place_i(weight_place5), .w_i(w), .written_o(rf_write_o), .row_i(total_row),
        .sums_o(sums));

    // ---- Drain and partial sums.
    wire psum_first, activate, row_valid, row_half, job_end;
    wire [PADDR-1:0] psum_read_entry, psum_write_entry;
    wire [OADDR-1:0] row_addr;
    dna_drain_rs #(.LOG(LOG), .PADDR(PADDR), .ADDR(OADDR)) u_drain (
        .clk(clk), .rst_n(rst_n), .push_i(last_i), .addr_i(out_addr_i), .entry_i(entry_i), .groups_i(valid_groups_i),
        .half_i(half_i), .start_i(block_start_i), .first_i(set_first_i), .last_i(set_last_i), .job_end_i(job_end_i),
        .transfer_i(last_q[7+PE_CUT]), .chain_i(chain_i), .out_width_i(out_width_i), .row_o(total_row), .read_o(psum_read_o),
        .read_entry_o(psum_read_entry), .first_o(psum_first), .activate_o(activate), .write_o(psum_write_o),
        .valid_o(row_valid), .write_entry_o(psum_write_entry), .addr_o(row_addr), .half_o(row_half), .job_end_o(job_end));
    wire [COLS*ACC_BITS-1:0] row;
    dna_psum #(.COLS(COLS), .SUM_BITS(SUM_BITS), .ACC_BITS(ACC_BITS), .WORDS(PSUM), .ADDR(PADDR)) u_psum (
        .clk(clk), .read_i(psum_read_o), .read_addr_i(psum_read_entry), .sums_i(sums), .step_i(1'b1), .first_i(psum_first),
        .write_i(psum_write_o), .write_addr_i(psum_write_entry), .row_o(row));

    // ---- Post-processing: slots change behind the last row of a job.
    reg slot_q, residual_slot_q;
    reg [STAGES-1:0] tile_done_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            slot_q          <= 1'b0;
            residual_slot_q <= 1'b0;
            tile_done_q     <= {STAGES{1'b0}};
        end else begin
            slot_q          <= slot_q ^ job_end;
            residual_slot_q <= residual_slot_q ^ (job_end && residual_i);
            tile_done_q     <= {tile_done_q[STAGES-2:0], job_end};
        end
    end
    assign part_done_o = tile_done_q[STAGES-1];
    assign tile_done_o = tile_done_q[STAGES-1];
    wire residual_read_slot, output_write_slot;
    wire [OADDR-1:0] residual_read_addr, output_write_addr;
    wire [127:0] residual_data, output_write_data;
    wire [15:0]  output_write_mask;
    dna_ppu #(.COLS(COLS), .BITS(BITS), .ACC_BITS(ACC_BITS), .RAW_BITS(RAW_BITS), .SCALE(BITS == 4 ? 3 : 2), .MB(MB), .DIGIT(DIGIT), .LEVELS(LEVELS),
              .STAGES(STAGES), .ADDR(OADDR)) u_ppu (
        .clk(clk), .rst_n(rst_n), .parameter_write_i(parameter_q[5]), .parameter_index_i(parameter_index5),
        .parameter_data_i(weight_data), .activate_i(activate), .valid_i(row_valid), .addr_i(row_addr),
        .half_i(row_half), .slot_i(slot_q), .residual_slot_i(residual_slot_q), .row_i(row), .raw_i(raw_i),
        .residual_i(residual_i), .zero_i(zero_i), .low_i(low_i), .high_i(high_i), .zero_b_i(zero_b_i),
        .multiplier_a_i(multiplier_a_i), .multiplier_b_i(multiplier_b_i), .shift_i(sum_shift_i), .sum_zero_i(sum_zero_i),
        .sum_low_i(sum_low_i), .sum_high_i(sum_high_i), .residual_read_o(residual_read_o),
        .residual_slot_o(residual_read_slot), .residual_addr_o(residual_read_addr),
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
