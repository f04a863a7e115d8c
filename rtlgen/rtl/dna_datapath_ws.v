// Datapath of the weight-stationary templates: operands from the buffers through the array, the partial sums and the
// post-processing unit into the output buffer. Stage numbers count from the cycle in which dna_compute_ws issues a step
// (stage 0): addresses 1 to 4, memories 5, held word and weight vector 6, PE operands 7, column sums SUMS, rows SUMS + 1.
module dna_datapath_ws #(
    parameter SYSTOLIC     = 0,
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
    parameter CUT          = 2,
    parameter SHARE        = 1,     // columns of a post-processing lane = cycles of a pixel in a last set
    parameter SUMS         = 10,    // stage of the column sums
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
    input  wire             mac_i, swap_i, first_i, last_i, half_i, input_slot_i, weight_slot_i, job_end_i,
    input  wire signed [5:0] tap_x_i, tap_y_i,
    input  wire [9:0]       x_i, y_i, y_base_i,
    input  wire [15:0]      channel_addr_i,
    input  wire [SELECT-1:0] select_i,
    input  wire [PADDR-1:0] entry_i,
    input  wire [OADDR-1:0] out_addr_i,
    input  wire             weight_read_i, weight_load_i, parameter_read_i,
    input  wire [PACKED:0]  weight_part_i,
    input  wire [WADDR-1:0] weight_addr_i,
    input  wire [LOG-1:0]   weight_row_i,
    input  wire [SELECT-1:0] weight_select_i,
    input  wire [4:0]       parameter_index_i,
    // layer
    input  wire             depthwise_i, packed_i, shift_i, raw_i, residual_i,
    input  wire [BITS-1:0]  pad_value_i,
    input  wire [9:0]       in_height_i, in_width_i,
    input  wire [15:0]      x_words_i, plane_words_i,
    input  wire [BITS-1:0]  zero_i, low_i, high_i, zero_b_i, sum_zero_i, sum_low_i, sum_high_i,
    input  wire [5:0]       sum_shift_i,
    input  wire [MB-1:0]    multiplier_a_i, multiplier_b_i,
    // fill side
    input  wire             input_write_i, input_write_slot_i,
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
    output wire             bank_read_o,
    output wire             weight_access_o, output_write_o, residual_read_o, psum_write_o, psum_read_o
);
    // ---- Control pipeline.
    localparam WTAG = WADDR + LOG + SELECT + PACKED + 8;
    reg [4:1] weight_read_q;
    reg [6:1] weight_load_q, parameter_q;
    reg [SUMS+1:1] mac_q, first_q, last_q;
    reg [4*WTAG-1:0] wtag_q;       // stages 1 to 4
    reg [WTAG-WADDR-2:0] wtag5_q;
    reg [5*(SELECT+2)-1:0] step_q; // stages 1 to 5: swap, input slot, channel select
    wire [WTAG-1:0] wtag4 = wtag_q[3*WTAG +: WTAG];
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            mac_q <= {(SUMS+1){1'b0}}; weight_read_q <= 4'd0; weight_load_q <= 6'd0; parameter_q <= 6'd0;
        end else begin
            mac_q         <= {mac_q[SUMS:1], mac_i};
            weight_read_q <= {weight_read_q[3:1], weight_read_i};
            weight_load_q <= {weight_load_q[5:1], weight_load_i};
            parameter_q   <= {parameter_q[5:1], parameter_read_i};
        end
    end
    always @(posedge clk) begin
        first_q <= {first_q[SUMS:1], first_i};
        last_q  <= {last_q[SUMS:1], last_i};
        wtag_q  <= {wtag_q[3*WTAG-1:0], {weight_addr_i, weight_slot_i, parameter_index_i, weight_part_i, half_i,
                                         weight_row_i, weight_select_i}};
        wtag5_q <= wtag4[WTAG-WADDR-2:0];
        step_q  <= {step_q[4*(SELECT+2)-1:0], {input_slot_i, swap_i && mac_i, select_i}};
    end
    wire [WADDR-1:0] weight_addr4 = wtag4[WTAG-1 -: WADDR];
    wire weight_slot4 = wtag4[WTAG-WADDR-1];
    wire [4:0]        parameter_index5;
    wire [PACKED:0]   weight_part5;
    wire              half5;
    wire [LOG-1:0]    weight_row5;
    wire [SELECT-1:0] weight_select5;
    assign {parameter_index5, weight_part5, half5, weight_row5, weight_select5} = wtag5_q;
    wire input_slot4 = step_q[3*(SELECT+2)+SELECT+1];
    wire swap5       = step_q[4*(SELECT+2)+SELECT];
    wire [SELECT-1:0] select5 = step_q[4*(SELECT+2) +: SELECT];
    wire unused_pipeline = &{1'b0, step_q[5*(SELECT+2)-1], weight_load_q[6], parameter_q[6]};

    // ---- Input operands: address (stage 4), word (5).
    wire [IADDR-1:0] input_addr;
    wire             unused_amount;
    wire [127:0]     word;
    reg              valid_q;
    always @(posedge clk) valid_q <= bank_read_o;
    dna_address #(.ROWS(1), .LOG(1), .ADDR(IADDR)) u_address (
        .clk(clk), .load_i(mac_i), .tap_x_i(tap_x_i), .tap_y_i(tap_y_i), .x_block_i(x_i), .y_block_i(y_i),
        .y_base_i(y_base_i), .channel_addr_i(channel_addr_i), .shift_i(shift_i), .log2_x_i(3'd0), .log2_y_i(3'd0),
        .in_height_i(in_height_i), .in_width_i(in_width_i), .x_words_i(x_words_i),
        .plane_words_i(plane_words_i), .read_o(bank_read_o), .addr_o(input_addr), .amount_o(unused_amount));
    dna_buffer #(.WORDS(INPUT_WORDS), .ADDR(IADDR), .SLOTS(INPUT_SLOTS), .BANKS(INPUT_BANKS)) u_input_buffer (
        .clk(clk), .write_i(input_write_i), .write_slot_i(input_write_slot_i), .write_mask_i(16'hffff),
        .write_addr_i(input_write_addr_i), .write_data_i(input_write_data_i), .read_i(bank_read_o),
        .read_slot_i(input_slot4), .read_addr_i(input_addr), .read_data_o(word));

    // ---- Weights (read at stage 4), array, partial sums.
    wire [127:0] weight_data;
    dna_buffer #(.WORDS(WEIGHT_WORDS), .ADDR(WADDR), .SLOTS(WEIGHT_SLOTS), .BANKS(WEIGHT_BANKS)) u_weight_buffer (
        .clk(clk), .write_i(weight_write_i), .write_slot_i(weight_write_slot_i), .write_mask_i(16'hffff),
        .write_addr_i(weight_write_addr_i), .write_data_i(fill_data_i), .read_i(weight_read_q[4]),
        .read_slot_i(weight_slot4), .read_addr_i(weight_addr4), .read_data_o(weight_data));
    wire [COLS*BITS-1:0] w;
    dna_weights #(.VECTOR(COLS*BITS), .BITS(BITS), .PACKED(PACKED)) u_weights (
        .clk(clk), .mac_i(weight_load_q[5]), .packed_i(packed_i), .part_i(weight_part5), .data_i(weight_data), .w_o(w));
    localparam SUM_BITS = 2*BITS + LOG;
    wire [COLS*SUM_BITS-1:0] sums;
    dna_array_ws #(.SYSTOLIC(SYSTOLIC), .ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .PE_CUT(PE_CUT), .CUT(CUT), .SELECT(SELECT),
                   .SUM_BITS(SUM_BITS)) u_array (
        .clk(clk), .word_i(word), .valid_i(valid_q), .load_i(mac_q[4]), .pad_i(pad_value_i), .select_i(select5),
        .swap_i(swap5), .weight_load_i(weight_load_q[5]), .weight_row_i(weight_row5), .weight_select_i(weight_select5),
        .weight_half_i(half5), .diagonal_i(depthwise_i), .w_i(w), .sums_o(sums));

    // Places of a step's sums: entry to read (stage SUMS - 2) and to write (SUMS + 1), place in the output tile (SUMS + 1).
    localparam TAG = PADDR + OADDR + 2;
    reg [(SUMS+1)*TAG-1:0] tag_q;
    always @(posedge clk) tag_q <= {tag_q[SUMS*TAG-1:0], {job_end_i, half_i, out_addr_i, entry_i}};
    wire [TAG-1:0] row_tag = tag_q[SUMS*TAG +: TAG];
    wire row_last = mac_q[SUMS+1] && last_q[SUMS+1];
    assign psum_read_o  = mac_q[SUMS-2] && !first_q[SUMS-2];
    assign psum_write_o = mac_q[SUMS+1] && !last_q[SUMS+1];
    wire [COLS*ACC_BITS-1:0] row;
    dna_psum #(.COLS(COLS), .SUM_BITS(SUM_BITS), .ACC_BITS(ACC_BITS), .WORDS(PSUM), .ADDR(PADDR), .HOLD(SHARE > 1 ? 1 : 0)) u_psum (
        .clk(clk), .read_i(psum_read_o), .read_addr_i(tag_q[(SUMS-3)*TAG +: PADDR]), .sums_i(sums),
        .step_i(mac_q[SUMS]), .first_i(first_q[SUMS]), .write_i(psum_write_o), .write_addr_i(row_tag[PADDR-1:0]),
        .row_o(row));

    // ---- Post-processing: slots change behind the last row of a job.
    wire job_end = row_last && row_tag[TAG-1];
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
    // The unit's parameters become active with the first row of a block's last set.
    wire activate = mac_q[SUMS] && last_q[SUMS] && tag_q[(SUMS-1)*TAG +: PADDR] == {PADDR{1'b0}};
    wire residual_read_slot, output_write_slot;
    wire [OADDR-1:0] residual_read_addr, output_write_addr;
    wire [127:0] residual_data, output_write_data;
    wire [15:0]  output_write_mask;
    dna_ppu #(.COLS(COLS), .SHARE(SHARE), .BITS(BITS), .ACC_BITS(ACC_BITS), .RAW_BITS(RAW_BITS), .SCALE(BITS == 4 ? 3 : 2), .MB(MB), .DIGIT(DIGIT), .LEVELS(LEVELS),
              .STAGES(STAGES), .ADDR(OADDR)) u_ppu (
        .clk(clk), .rst_n(rst_n), .parameter_write_i(parameter_q[5]), .parameter_index_i(parameter_index5),
        .parameter_data_i(weight_data), .activate_i(activate), .valid_i(row_last), .addr_i(row_tag[PADDR +: OADDR]),
        .half_i(row_tag[TAG-2]), .slot_i(slot_q), .residual_slot_i(residual_slot_q), .row_i(row), .raw_i(raw_i),
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
