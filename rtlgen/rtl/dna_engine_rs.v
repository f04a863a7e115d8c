// Compute engine of the row-stationary template T4: layer settings, fold of the layer on the array, issue and datapath, with
// the ports of dna_engine_os.
module dna_engine_rs #(
    parameter ROWS         = 16,
    parameter LOG          = 4,     // log2(ROWS)
    parameter COLS         = 16,
    parameter BITS         = 8,     // of an operand: 4, 8 or 16
    parameter MB           = 16,    // of the requantisation multiplier
    parameter DIGIT        = 8,     // multiplier bits of a partial product
    parameter LEVELS       = 1,     // log2(MB / DIGIT)
    parameter PE_CUT       = 1,     // a register behind the PEs' multipliers
    parameter DEPTH        = 16,    // weights of a PE
    parameter RADDR        = 4,     // log2(DEPTH)
    parameter PSUM         = 64,    // partial sums of a column
    parameter PADDR        = 6,     // log2(PSUM)
    parameter ACC_BITS     = 28,
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
    // descriptor beats
    input  wire             descriptor_i,
    input  wire [3:0]       descriptor_beat_i,
    output wire             captured_o,         // a descriptor waits to be taken
    // hand-over of jobs and slots
    input  wire             drained_i,          // no job is between issue and output buffer
    input  wire             loaded_i,
    output wire             loaded_take_o,
    input  wire             slot_free_i,
    output wire             slot_take_o,
    output wire             input_release_o, weights_release_o,
    output wire             residual_o,         // the layer adds a residual
    output wire             part_done_o,        // the last word of a part of a tile is in the output buffer: all of it
    output wire             tile_done_o,        // the same
    // fill side
    input  wire             input_write_i, input_write_slot_i,
    input  wire [LOG-1:0]   input_write_bank_i,
    input  wire [IADDR-1:0] input_write_addr_i,
    input  wire [127:0]     input_write_data_i,
    input  wire             weight_write_i, weight_write_slot_i,
    input  wire [WADDR-1:0] weight_write_addr_i,
    input  wire             residual_write_i, residual_write_slot_i,
    input  wire [OADDR-1:0] residual_write_addr_i,
    input  wire [127:0]     fill_data_i,        // also the descriptor beat
    // store side
    input  wire             output_read_i, output_read_slot_i,
    input  wire [OADDR-1:0] output_read_addr_i,
    output wire [127:0]     output_data_o,
    // events for the counters
    output wire             busy_o, mac_o,
    output wire [ROWS-1:0]  bank_read_o,
    output wire             weight_access_o, output_write_o, residual_read_o, psum_write_o, psum_read_o,
    output wire [ROWS-1:0]  rf_write_o          // array rows
);
    localparam SELECT     = BITS == 16 ? 3 : BITS == 8 ? 4 : 5;     // log2 of the channels in a word
    localparam RAW_BITS   = BITS == 16 ? 64 : 32;
    localparam PARAMETERS = COLS * (MB > 24 ? 128 : 64) / 128;      // words of a unit's parameters
    localparam STAGES     = 9 + 2*LEVELS;                           // of the post-processing

    // ---- Layer settings of the compute side.
    wire take;
    wire depthwise, is_packed, shift, raw, channels_outer, shared_weights, pixels_outer, two_runs;
    wire [2:0]  log2_x, log2_y, pad;
    wire [BITS-1:0] pad_value;
    wire [9:0]  row_tiles, channel_tiles, rows_full, rows_last, units_full, units_last, out_width, x_blocks;
    wire [9:0]  y_blocks_full, y_blocks_last, in_height, in_width;
    wire max, dilated;
    wire [3:0]  kernel_x, kernel_y;
    wire [SELECT-1:0] channel_offset;
    wire [11:0] channels, run_start, y_step;
    wire [15:0] run_address, unit_words, x_words, plane_words, block_words;
    wire        slow, reload;      // partial sums to and from DRAM: output arrays only
    wire [7:0]  bubble;
    wire [3:0]  part_blocks;
    wire [BITS-1:0] zero, low, high, zero_b, sum_zero, sum_low, sum_high;
    wire [5:0]  sum_shift;
    wire [MB-1:0] multiplier_a, multiplier_b;
    wire [15:0] tile_words_full, tile_words_last;
    dna_compute_config #(.BITS(BITS), .MB(MB), .SELECT(SELECT)) u_config (
        .clk(clk), .rst_n(rst_n), .write_i(descriptor_i), .beat_i(descriptor_beat_i), .data_i(fill_data_i),
        .take_i(take), .captured_o(captured_o), .depthwise_o(depthwise), .shift_o(shift), .raw_o(raw),
        .residual_o(residual_o), .channels_outer_o(channels_outer), .shared_weights_o(shared_weights),
        .pixels_outer_o(pixels_outer), .log2_x_o(log2_x), .log2_y_o(log2_y), .pad_value_o(pad_value),
        .row_tiles_o(row_tiles), .channel_tiles_o(channel_tiles), .kernel_x_o(kernel_x), .kernel_y_o(kernel_y),
        .max_o(max), .dilated_o(dilated), .slow_o(slow), .reload_o(reload), .packed_o(is_packed), .pad_o(pad),
        .channel_offset_o(channel_offset), .two_runs_o(two_runs), .rows_full_o(rows_full), .rows_last_o(rows_last),
        .units_full_o(units_full), .units_last_o(units_last), .out_width_o(out_width), .x_blocks_o(x_blocks),
        .y_blocks_full_o(y_blocks_full), .y_blocks_last_o(y_blocks_last), .in_height_o(in_height),
        .in_width_o(in_width), .channels_o(channels), .run_start_o(run_start), .run_address_o(run_address),
        .bubble_o(bubble), .part_blocks_o(part_blocks), .unit_words_o(unit_words), .x_words_o(x_words), .plane_words_o(plane_words),
        .block_words_o(block_words), .y_step_o(y_step), .zero_o(zero), .low_o(low), .high_o(high),
        .zero_b_o(zero_b), .sum_zero_o(sum_zero), .sum_low_o(sum_low), .sum_high_o(sum_high),
        .sum_shift_o(sum_shift), .multiplier_a_o(multiplier_a), .multiplier_b_o(multiplier_b),
        .tile_words_full_o(tile_words_full), .tile_words_last_o(tile_words_last));

    // ---- Fold: where filter rows and output rows stand in the array.
    wire [15:0] group_words, tile_steps_full, tile_steps_last, block_steps;
    wire [3:0]  filter_columns, column_passes, filter_rows, row_passes;
    wire [2:0]  log2_channels, log2_slices;
    wire [5:0]  chain, groups, step_cycles;
    dna_fold_config u_fold_config (
        .clk(clk), .write_i(descriptor_i), .beat_i(descriptor_beat_i), .data_i(fill_data_i), .take_i(take),
        .group_words_o(group_words), .tile_steps_full_o(tile_steps_full), .tile_steps_last_o(tile_steps_last),
        .block_steps_o(block_steps), .filter_columns_o(filter_columns), .column_passes_o(column_passes),
        .filter_rows_o(filter_rows), .row_passes_o(row_passes), .log2_channels_o(log2_channels),
        .log2_slices_o(log2_slices), .chain_o(chain), .groups_o(groups), .step_cycles_o(step_cycles));
    wire configure;
    wire [ROWS*6-1:0]      fold_chain;
    wire [ROWS*LOG-1:0]    fold_lane;
    wire [ROWS*SELECT-1:0] fold_channel;
    dna_fold #(.ROWS(ROWS), .LOG(LOG), .SELECT(SELECT)) u_fold (
        .clk(clk), .start_i(take), .configure_i(configure), .shift_i(shift), .dilated_i(dilated),
        .filter_rows_i(filter_rows), .log2_channels_i(log2_channels), .chain_i(chain), .groups_i(groups),
        .chain_o(fold_chain), .lane_o(fold_lane), .channel_o(fold_channel));
    // Input rows of a step, of which every second one is used where all array rows read rows of one parity.
    wire [6:0] group_span  = shift ? {groups - 6'd1, 1'b0} : {1'b0, groups - 6'd1};
    wire [6:0] filter_span = dilated ? {2'b00, filter_rows - 4'd1, 1'b0} : {3'b000, filter_rows - 4'd1};
    wire [6:0] span = group_span + filter_span + 7'd1;
    wire       even = shift && (dilated || filter_rows == 4'd1);

    // ---- Issue (stage 0).
    wire sets_start, sets_step, set_first, set_last;
    wire [4:0]  set_row, set_column;
    wire [15:0] set_channel_addr;
    wire [SELECT-1:0] set_channel;
    dna_sets_rs #(.SELECT(SELECT)) u_sets (
        .clk(clk), .start_i(sets_start), .step_i(sets_step), .dilated_i(dilated), .filter_columns_i(filter_columns),
        .column_passes_i(column_passes), .filter_rows_i(filter_rows), .row_passes_i(row_passes),
        .log2_channels_i(log2_channels), .log2_slices_i(log2_slices), .channel_offset_i(channel_offset),
        .two_runs_i(two_runs), .slices_i(channels), .run_start_i(run_start), .run_address_i(run_address),
        .block_words_i(block_words), .first_o(set_first), .last_o(set_last), .column_o(set_column), .row_o(set_row),
        .channel_o(set_channel), .channel_addr_o(set_channel_addr));
    wire first, last, load, half, weight_read, weight_load, parameter_read, input_slot, weight_slot;
    wire block_start, job_end;
    wire [RADDR-1:0]   read, weight_place;
    wire [9:0]         x, y_base;
    wire [4:0]         tap_x;
    wire signed [12:0] row_base;
    wire [10:0]        limit;
    wire [15:0]        channel_addr;
    wire [SELECT-1:0]  select;
    wire [WADDR-1:0]   weight_addr;
    wire [PACKED:0]    weight_part;
    wire [5:0]         weight_chain, valid_groups;
    wire [4:0]         parameter_index;
    wire [PADDR-1:0]   entry;
    wire [OADDR-1:0]   out_addr;
    wire unused_layer = &{1'b0, max, slow, reload, part_blocks, bubble[7:6], log2_x, log2_y, x_blocks, y_blocks_full, y_blocks_last, kernel_x, plane_words, span};
    dna_compute_rs #(.ROWS(ROWS), .LOG(LOG), .UPW((1 << SELECT) / COLS), .PACKED(PACKED), .SELECT(SELECT), .PARAMETERS(PARAMETERS),
                     .RADDR(RADDR), .PADDR(PADDR), .WADDR(WADDR), .OADDR(OADDR)) u_compute (
        .clk(clk), .rst_n(rst_n), .captured_i(captured_o), .take_o(take), .drained_i(drained_i),
        .loaded_i(loaded_i), .loaded_take_o(loaded_take_o), .slot_free_i(slot_free_i), .slot_take_o(slot_take_o),
        .input_release_o(input_release_o), .weights_release_o(weights_release_o), .configure_o(configure),
        .depthwise_i(depthwise), .packed_i(is_packed), .raw_i(raw), .channels_outer_i(channels_outer), .shared_weights_i(shared_weights),
        .pixels_outer_i(pixels_outer), .shift_i(shift), .dilated_i(dilated), .pad_i(pad), .row_tiles_i(row_tiles),
        .channel_tiles_i(channel_tiles), .rows_full_i(rows_full), .rows_last_i(rows_last), .units_full_i(units_full),
        .units_last_i(units_last), .out_width_i(out_width), .kernel_y_i(kernel_y), .in_height_i(in_height),
        .block_words_i(block_words), .unit_words_i(unit_words), .gap_i(bubble[5:0]), .y_step_i(y_step),
        .tile_words_full_i(tile_words_full), .tile_words_last_i(tile_words_last), .group_words_i(group_words),
        .tile_steps_full_i(tile_steps_full), .tile_steps_last_i(tile_steps_last), .block_steps_i(block_steps),
        .filter_columns_i(filter_columns), .log2_channels_i(log2_channels), .chain_i(chain), .groups_i(groups),
        .step_cycles_i(step_cycles), .sets_start_o(sets_start), .sets_step_o(sets_step), .set_last_i(set_last),
        .set_row_i(set_row), .set_column_i(set_column), .set_channel_addr_i(set_channel_addr),
        .set_channel_i(set_channel), .mac_o(mac_o), .first_o(first), .last_o(last), .load_o(load), .read_o(read),
        .x_o(x), .tap_x_o(tap_x), .row_base_o(row_base), .y_base_o(y_base), .limit_o(limit),
        .channel_addr_o(channel_addr), .select_o(select), .half_o(half), .weight_read_o(weight_read),
        .weight_addr_o(weight_addr), .weight_part_o(weight_part), .weight_load_o(weight_load),
        .weight_chain_o(weight_chain), .weight_place_o(weight_place), .parameter_o(parameter_read),
        .parameter_index_o(parameter_index), .input_slot_o(input_slot), .weight_slot_o(weight_slot),
        .block_start_o(block_start), .valid_groups_o(valid_groups), .entry_o(entry), .out_addr_o(out_addr),
        .job_end_o(job_end), .busy_o(busy_o));

    // ---- Datapath. A PE's sums: products of half a register file, added over a chain of at most ROWS.
    localparam WIDEST   = 2*BITS + RADDR - 1 + LOG;
    localparam SUM_BITS = WIDEST < ACC_BITS ? WIDEST : ACC_BITS;
    dna_datapath_rs #(.ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .SELECT(SELECT), .RAW_BITS(RAW_BITS),
                      .MB(MB), .DIGIT(DIGIT), .LEVELS(LEVELS), .STAGES(STAGES), .PE_CUT(PE_CUT), .DEPTH(DEPTH), .RADDR(RADDR),
                      .SUM_BITS(SUM_BITS), .ACC_BITS(ACC_BITS), .PSUM(PSUM), .PADDR(PADDR), .PACKED(PACKED), .INPUT_SLOTS(INPUT_SLOTS), .WEIGHT_SLOTS(WEIGHT_SLOTS), .OUTPUT_SLOTS(OUTPUT_SLOTS),
                      .INPUT_BANKS(INPUT_BANKS), .WEIGHT_BANKS(WEIGHT_BANKS), .OUTPUT_BANKS(OUTPUT_BANKS),
                      .INPUT_WORDS(INPUT_WORDS),
                      .IADDR(IADDR), .WEIGHT_WORDS(WEIGHT_WORDS), .WADDR(WADDR), .OUTPUT_WORDS(OUTPUT_WORDS),
                      .OADDR(OADDR)) u_datapath (
        .clk(clk), .rst_n(rst_n), .mac_i(mac_o), .first_i(first), .last_i(last), .load_i(load), .half_i(half),
        .input_slot_i(input_slot), .weight_slot_i(weight_slot), .read_i(read), .x_i(x), .y_base_i(y_base),
        .tap_x_i(tap_x), .row_base_i(row_base), .limit_i(limit), .channel_addr_i(channel_addr), .select_i(select),
        .weight_read_i(weight_read), .weight_part_i(weight_part), .weight_load_i(weight_load),
        .parameter_read_i(parameter_read), .weight_addr_i(weight_addr), .weight_chain_i(weight_chain),
        .weight_place_i(weight_place), .parameter_index_i(parameter_index), .block_start_i(block_start),
        .set_first_i(set_first), .set_last_i(set_last), .job_end_i(job_end), .valid_groups_i(valid_groups),
        .entry_i(entry), .out_addr_i(out_addr), .depthwise_i(depthwise), .packed_i(is_packed), .dilated_i(dilated), .shift_i(shift),
        .raw_i(raw), .residual_i(residual_o), .even_i(even), .pad_i(pad), .pad_value_i(pad_value),
        .in_width_i(in_width), .out_width_i(out_width), .x_words_i(x_words), .span_i(span[LOG:0]), .chain_i(chain),
        .fold_chain_i(fold_chain), .fold_lane_i(fold_lane), .fold_channel_i(fold_channel),
        .zero_i(zero), .low_i(low), .high_i(high), .zero_b_i(zero_b), .sum_zero_i(sum_zero),
        .sum_low_i(sum_low), .sum_high_i(sum_high), .sum_shift_i(sum_shift), .multiplier_a_i(multiplier_a),
        .multiplier_b_i(multiplier_b), .input_write_i(input_write_i), .input_write_slot_i(input_write_slot_i),
        .input_write_bank_i(input_write_bank_i), .input_write_addr_i(input_write_addr_i),
        .input_write_data_i(input_write_data_i),
        .weight_write_i(weight_write_i), .weight_write_slot_i(weight_write_slot_i),
        .weight_write_addr_i(weight_write_addr_i), .residual_write_i(residual_write_i),
        .residual_write_slot_i(residual_write_slot_i), .residual_write_addr_i(residual_write_addr_i),
        .fill_data_i(fill_data_i), .output_read_i(output_read_i), .output_read_slot_i(output_read_slot_i),
        .output_read_addr_i(output_read_addr_i), .output_data_o(output_data_o), .part_done_o(part_done_o), .tile_done_o(tile_done_o),
        .bank_read_o(bank_read_o), .weight_access_o(weight_access_o), .output_write_o(output_write_o),
        .residual_read_o(residual_read_o), .psum_write_o(psum_write_o), .psum_read_o(psum_read_o), .rf_write_o(rf_write_o));
endmodule
