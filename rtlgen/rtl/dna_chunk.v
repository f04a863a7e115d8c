// One processing chunk: load, compute and store engines around the output array, connected by tokens. One AXI4 master.
module dna_chunk #(
    parameter ROWS         = 16,
    parameter LOG          = 4,     // log2(ROWS)
    parameter COLS         = 16,
    parameter ACC_BITS     = 28,
    parameter INPUT_WORDS  = 64,
    parameter IADDR        = 6,
    parameter WEIGHT_WORDS = 512,
    parameter WADDR        = 9,
    parameter OUTPUT_WORDS = 512,
    parameter OADDR        = 9,
    parameter COUNTERS     = 1
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire         start_i,
    input  wire [31:0]  descriptor_base_i,
    output wire         busy_o,
    output reg          done_o,
    output reg  [15:0]  descriptors_done_o,
    output wire         layer_done_o,
    input  wire [3:0]   counter_index_i,
    output wire [31:0]  counter_o,
    output wire         arvalid_o,
    input  wire         arready_i,
    output wire [31:0]  araddr_o,
    output wire [7:0]   arlen_o,
    input  wire         rvalid_i,
    output wire         rready_o,
    input  wire [127:0] rdata_i,
    input  wire         rlast_i,
    output wire         awvalid_o,
    input  wire         awready_i,
    output wire [31:0]  awaddr_o,
    output wire [7:0]   awlen_o,
    output wire         wvalid_o,
    input  wire         wready_i,
    output wire [127:0] wdata_o,
    output wire [15:0]  wstrb_o,
    output wire         wlast_o,
    input  wire         bvalid_i,
    output wire         bready_o
);
    // ---- Run state and the barrier between layers.
    wire load_idle, store_idle, descriptor_write;
    wire [3:0]   descriptor_beat;
    wire [127:0] fill_data;
    reg [2:0] pending_q;      // descriptors fetched and not completely stored
    reg       running_q;
    wire descriptor_in = descriptor_write && descriptor_beat == 4'd15;
    wire finished = running_q && load_idle && store_idle && pending_q == 3'd0 && !start_i;
    assign busy_o = running_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            pending_q          <= 3'd0;
            running_q          <= 1'b0;
            done_o             <= 1'b0;
            descriptors_done_o <= 16'd0;
        end else begin
            if (descriptor_in && !layer_done_o) pending_q <= pending_q + 3'd1;
            else if (layer_done_o && !descriptor_in) pending_q <= pending_q - 3'd1;
            if (start_i) running_q <= 1'b1;
            else if (finished) running_q <= 1'b0;
            if (start_i) done_o <= 1'b0;
            else if (finished) done_o <= 1'b1;
            if (start_i) descriptors_done_o <= 16'd0;
            else if (layer_done_o) descriptors_done_o <= descriptors_done_o + 16'd1;
        end
    end

    // ---- Load engine.
    wire compute_captured, store_captured;
    wire [9:0] rows_done;
    wire weight_free, input_free, residual_free, weight_take, input_take, residual_take;
    wire item, item_job_end;
    wire [1:0]  item_kind;
    wire [15:0] item_beats;
    wire [9:0]  item_row, item_rows, item_blocks;
    wire load_shift, load_drop_odd, load_narrow;
    wire [2:0]  load_log2_x, load_log2_y;
    wire [9:0]  load_in_width;
    wire [15:0] load_x_words, load_plane_words, load_block_words;
    wire read_beat = rvalid_i && rready_o;
    dna_load #(.OUTSTANDING(8)) u_load (
        .clk(clk), .rst_n(rst_n), .start_i(start_i), .descriptor_addr_i(descriptor_base_i), .idle_o(load_idle),
        .write_i(descriptor_write), .beat_i(descriptor_beat), .data_i(fill_data),
        .descriptor_free_i(!compute_captured && !store_captured),
        .weight_free_i(weight_free), .input_free_i(input_free), .residual_free_i(residual_free),
        .weight_take_o(weight_take), .input_take_o(input_take), .residual_take_o(residual_take),
        .stored_i(pending_q == 3'd1), .storing_i(pending_q == 3'd2), .rows_done_i(rows_done), .item_o(item), .item_kind_o(item_kind), .item_job_end_o(item_job_end),
        .item_beats_o(item_beats), .item_row_o(item_row), .item_rows_o(item_rows), .item_blocks_o(item_blocks),
        .shift_o(load_shift), .drop_odd_o(load_drop_odd), .narrow_o(load_narrow), .log2_x_o(load_log2_x),
        .log2_y_o(load_log2_y), .in_width_o(load_in_width), .x_words_o(load_x_words),
        .plane_words_o(load_plane_words), .block_words_o(load_block_words),
        .arvalid_o(arvalid_o), .arready_i(arready_i), .araddr_o(araddr_o), .arlen_o(arlen_o),
        .burst_done_i(read_beat && rlast_i));

    wire weight_write, weight_write_slot, residual_write, residual_write_slot, input_write, input_write_slot, loaded;
    wire [WADDR-1:0] weight_write_addr;
    wire [OADDR-1:0] residual_write_addr;
    wire [LOG-1:0]   input_write_bank;
    wire [IADDR-1:0] input_write_addr;
    wire [127:0]     input_write_data;
    dna_fill #(.LOG(LOG), .IADDR(IADDR), .WADDR(WADDR), .OADDR(OADDR)) u_fill (
        .clk(clk), .rst_n(rst_n), .item_i(item), .item_kind_i(item_kind), .item_job_end_i(item_job_end),
        .item_beats_i(item_beats), .item_row_i(item_row), .item_rows_i(item_rows), .item_blocks_i(item_blocks),
        .shift_i(load_shift), .drop_odd_i(load_drop_odd), .narrow_i(load_narrow), .log2_x_i(load_log2_x),
        .log2_y_i(load_log2_y), .in_width_i(load_in_width), .x_words_i(load_x_words),
        .plane_words_i(load_plane_words), .block_words_i(load_block_words),
        .rvalid_i(rvalid_i), .rready_o(rready_o), .rdata_i(rdata_i),
        .descriptor_o(descriptor_write), .descriptor_beat_o(descriptor_beat), .data_o(fill_data),
        .weight_write_o(weight_write), .weight_slot_o(weight_write_slot), .weight_addr_o(weight_write_addr),
        .residual_write_o(residual_write), .residual_slot_o(residual_write_slot), .residual_addr_o(residual_write_addr),
        .input_write_o(input_write), .input_slot_o(input_write_slot), .input_bank_o(input_write_bank),
        .input_addr_o(input_write_addr), .input_data_o(input_write_data), .loaded_o(loaded));

    // ---- Layer settings of the compute side.
    wire take;
    wire depthwise, shift, raw, residual, channels_outer, shared_weights, pixels_outer, two_runs;
    wire [2:0]  log2_x, log2_y, pad;
    wire [7:0]  pad_value;
    wire [9:0]  row_tiles, channel_tiles, rows_full, rows_last, units_full, units_last, out_width, x_blocks;
    wire [9:0]  y_blocks_full, y_blocks_last, in_height, in_width;
    wire [3:0]  kernel, channel_offset;
    wire [11:0] channels, run_start, y_step;
    wire [15:0] run_address, unit_words, x_words, plane_words, block_words;
    wire [5:0]  bubble;
    wire [7:0]  zero, low, high, zero_a, zero_b, sum_zero, sum_low, sum_high;
    wire [4:0]  sum_shift;
    wire [15:0] multiplier_a, multiplier_b, tile_words_full, tile_words_last;
    dna_compute_config u_config (
        .clk(clk), .rst_n(rst_n), .write_i(descriptor_write), .beat_i(descriptor_beat), .data_i(fill_data),
        .take_i(take), .captured_o(compute_captured), .depthwise_o(depthwise), .shift_o(shift), .raw_o(raw),
        .residual_o(residual), .channels_outer_o(channels_outer), .shared_weights_o(shared_weights),
        .pixels_outer_o(pixels_outer), .log2_x_o(log2_x), .log2_y_o(log2_y), .pad_value_o(pad_value),
        .row_tiles_o(row_tiles), .channel_tiles_o(channel_tiles), .kernel_o(kernel), .pad_o(pad),
        .channel_offset_o(channel_offset), .two_runs_o(two_runs), .rows_full_o(rows_full), .rows_last_o(rows_last),
        .units_full_o(units_full), .units_last_o(units_last), .out_width_o(out_width), .x_blocks_o(x_blocks),
        .y_blocks_full_o(y_blocks_full), .y_blocks_last_o(y_blocks_last), .in_height_o(in_height),
        .in_width_o(in_width), .channels_o(channels), .run_start_o(run_start), .run_address_o(run_address),
        .bubble_o(bubble), .unit_words_o(unit_words), .x_words_o(x_words), .plane_words_o(plane_words),
        .block_words_o(block_words), .y_step_o(y_step), .zero_o(zero), .low_o(low), .high_o(high),
        .zero_a_o(zero_a), .zero_b_o(zero_b), .sum_zero_o(sum_zero), .sum_low_o(sum_low), .sum_high_o(sum_high),
        .sum_shift_o(sum_shift), .multiplier_a_o(multiplier_a), .multiplier_b_o(multiplier_b),
        .tile_words_full_o(tile_words_full), .tile_words_last_o(tile_words_last));

    // ---- Tokens between the engines.
    wire job_loaded, loaded_take, slot_free, slot_take, slot_release, input_release, weights_release;
    wire tile_ready, tile_take, tile_done;
    reg [3:0] input_release_q, weights_release_q;     // the last reads are over
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            input_release_q   <= 4'd0;
            weights_release_q <= 4'd0;
        end else begin
            input_release_q   <= {input_release_q[2:0], input_release};
            weights_release_q <= {weights_release_q[2:0], weights_release};
        end
    end
    dna_token #(.BITS(2), .INITIAL(2)) u_weight_slots (
        .clk(clk), .rst_n(rst_n), .give_i(weights_release_q[3]), .take_i(weight_take), .available_o(weight_free));
    dna_token #(.BITS(2), .INITIAL(2)) u_input_slots (
        .clk(clk), .rst_n(rst_n), .give_i(input_release_q[3]), .take_i(input_take), .available_o(input_free));
    dna_token #(.BITS(2), .INITIAL(2)) u_residual_slots (
        .clk(clk), .rst_n(rst_n), .give_i(tile_done && residual), .take_i(residual_take), .available_o(residual_free));
    dna_token #(.BITS(2), .INITIAL(2)) u_output_slots (
        .clk(clk), .rst_n(rst_n), .give_i(slot_release), .take_i(slot_take), .available_o(slot_free));
    dna_token #(.BITS(3), .INITIAL(0)) u_jobs (
        .clk(clk), .rst_n(rst_n), .give_i(loaded), .take_i(loaded_take), .available_o(job_loaded));
    dna_token #(.BITS(2), .INITIAL(0)) u_tiles (
        .clk(clk), .rst_n(rst_n), .give_i(tile_done), .take_i(tile_take), .available_o(tile_ready));
    wire undrained;
    dna_token #(.BITS(2), .INITIAL(0)) u_draining (
        .clk(clk), .rst_n(rst_n), .give_i(loaded_take), .take_i(tile_done), .available_o(undrained));

    // ---- Issue (stage 0).
    wire mac, first, last, load, half, weight_read, weight_half, parameter_read, input_slot, weight_slot, job_end, busy;
    wire [3:0] tap_x, tap_y, select;
    wire [9:0] x_block, y_block, y_base;
    wire [15:0] channel_addr;
    wire [WADDR-1:0] weight_addr;
    wire [2:0] parameter_index;
    wire [OADDR-1:0] block_base;
    wire [5:0] x_left, y_left;
    dna_compute #(.COLS(COLS), .WADDR(WADDR), .OADDR(OADDR)) u_compute (
        .clk(clk), .rst_n(rst_n), .captured_i(compute_captured), .take_o(take), .drained_i(!undrained),
        .loaded_i(job_loaded), .loaded_take_o(loaded_take), .slot_free_i(slot_free), .slot_take_o(slot_take),
        .input_release_o(input_release), .weights_release_o(weights_release),
        .depthwise_i(depthwise), .raw_i(raw), .channels_outer_i(channels_outer), .shared_weights_i(shared_weights),
        .pixels_outer_i(pixels_outer), .shift_i(shift), .log2_x_i(log2_x), .log2_y_i(log2_y), .pad_i(pad),
        .row_tiles_i(row_tiles), .channel_tiles_i(channel_tiles), .kernel_i(kernel),
        .channel_offset_i(channel_offset), .two_runs_i(two_runs), .rows_full_i(rows_full), .rows_last_i(rows_last),
        .units_full_i(units_full), .units_last_i(units_last), .out_width_i(out_width), .x_blocks_i(x_blocks),
        .y_blocks_full_i(y_blocks_full), .y_blocks_last_i(y_blocks_last), .channels_i(channels),
        .run_start_i(run_start), .run_address_i(run_address), .block_words_i(block_words),
        .unit_words_i(unit_words), .bubble_i(bubble), .y_step_i(y_step), .tile_words_full_i(tile_words_full),
        .tile_words_last_i(tile_words_last), .mac_o(mac), .first_o(first), .last_o(last), .load_o(load),
        .tap_x_o(tap_x), .tap_y_o(tap_y), .x_block_o(x_block), .y_block_o(y_block), .y_base_o(y_base),
        .channel_addr_o(channel_addr), .select_o(select), .half_o(half), .weight_read_o(weight_read),
        .weight_addr_o(weight_addr), .weight_half_o(weight_half), .parameter_o(parameter_read),
        .parameter_index_o(parameter_index), .input_slot_o(input_slot), .weight_slot_o(weight_slot),
        .block_base_o(block_base), .x_left_o(x_left), .y_left_o(y_left), .job_end_o(job_end), .busy_o(busy));

    // ---- Datapath.
    wire output_read, output_read_slot, weight_access, output_write, residual_read;
    wire [OADDR-1:0] output_read_addr;
    wire [127:0]     output_data;
    wire [ROWS-1:0]  bank_read;
    dna_datapath #(.ROWS(ROWS), .LOG(LOG), .COLS(COLS), .ACC_BITS(ACC_BITS), .INPUT_WORDS(INPUT_WORDS), .IADDR(IADDR),
                   .WEIGHT_WORDS(WEIGHT_WORDS), .WADDR(WADDR), .OUTPUT_WORDS(OUTPUT_WORDS), .OADDR(OADDR)) u_datapath (
        .clk(clk), .rst_n(rst_n), .mac_i(mac), .first_i(first), .last_i(last), .load_i(load), .half_i(half),
        .weight_read_i(weight_read), .weight_half_i(weight_half), .parameter_read_i(parameter_read),
        .input_slot_i(input_slot), .weight_slot_i(weight_slot), .job_end_i(job_end), .tap_x_i(tap_x),
        .tap_y_i(tap_y), .select_i(select), .x_block_i(x_block), .y_block_i(y_block), .y_base_i(y_base),
        .channel_addr_i(channel_addr), .weight_addr_i(weight_addr), .parameter_index_i(parameter_index),
        .block_base_i(block_base), .x_left_i(x_left), .y_left_i(y_left), .depthwise_i(depthwise), .shift_i(shift),
        .raw_i(raw), .residual_i(residual), .log2_x_i(log2_x), .log2_y_i(log2_y), .pad_i(pad),
        .pad_value_i(pad_value), .in_height_i(in_height), .in_width_i(in_width), .out_width_i(out_width),
        .x_words_i(x_words), .plane_words_i(plane_words), .zero_i(zero), .low_i(low), .high_i(high),
        .zero_a_i(zero_a), .zero_b_i(zero_b), .sum_zero_i(sum_zero), .sum_low_i(sum_low), .sum_high_i(sum_high),
        .sum_shift_i(sum_shift), .multiplier_a_i(multiplier_a), .multiplier_b_i(multiplier_b),
        .input_write_i(input_write), .input_write_slot_i(input_write_slot), .input_write_bank_i(input_write_bank),
        .input_write_addr_i(input_write_addr), .input_write_data_i(input_write_data), .weight_write_i(weight_write),
        .weight_write_slot_i(weight_write_slot), .weight_write_addr_i(weight_write_addr),
        .residual_write_i(residual_write), .residual_write_slot_i(residual_write_slot),
        .residual_write_addr_i(residual_write_addr), .fill_data_i(fill_data), .output_read_i(output_read),
        .output_read_slot_i(output_read_slot), .output_read_addr_i(output_read_addr), .output_data_o(output_data),
        .tile_done_o(tile_done), .bank_read_o(bank_read), .weight_access_o(weight_access),
        .output_write_o(output_write), .residual_read_o(residual_read));

    // ---- Store engine.
    wire store_waiting;
    dna_store #(.OADDR(OADDR)) u_store (
        .clk(clk), .rst_n(rst_n), .write_i(descriptor_write), .beat_i(descriptor_beat), .data_i(fill_data),
        .captured_o(store_captured), .tile_i(tile_ready), .tile_take_o(tile_take), .slot_release_o(slot_release),
        .layer_done_o(layer_done_o), .rows_done_o(rows_done), .idle_o(store_idle), .waiting_o(store_waiting), .read_o(output_read),
        .read_slot_o(output_read_slot), .read_addr_o(output_read_addr), .read_data_i(output_data),
        .awvalid_o(awvalid_o), .awready_i(awready_i), .awaddr_o(awaddr_o), .awlen_o(awlen_o), .wvalid_o(wvalid_o),
        .wready_i(wready_i), .wdata_o(wdata_o), .wstrb_o(wstrb_o), .wlast_o(wlast_o), .bvalid_i(bvalid_i),
        .bready_o(bready_o));

    // ---- Counters.
    generate
        if (COUNTERS != 0) begin : gen_counters
            wire computing = busy || undrained || loaded_take;
            dna_perf #(.ROWS(ROWS)) u_perf (
                .clk(clk), .rst_n(rst_n), .clear_i(start_i), .run_i(running_q), .mac_i(mac),
                .busy_i(computing), .wait_load_i(!computing && store_waiting && !job_loaded),
                .wait_store_i(!computing && !(store_waiting && !job_loaded)),
                .read_beat_i(read_beat), .write_beat_i(wvalid_o && wready_i), .input_write_i(input_write),
                .input_read_i(bank_read), .weight_write_i(weight_write), .weight_read_i(weight_access),
                .output_write_i(output_write), .output_read_i(output_read), .residual_write_i(residual_write),
                .residual_read_i(residual_read), .index_i(counter_index_i), .count_o(counter_o));
        end else begin : gen_no_counters
            wire unused_events = &{1'b0, counter_index_i, store_waiting, busy, bank_read, weight_access,
                                   output_write, residual_read};
            assign counter_o = 32'd0;
        end
    endgenerate
endmodule
