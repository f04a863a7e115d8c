// Compute engine of the output-array template: layer settings, issue and datapath. What the other engines see of any compute
// engine are these ports.
module dna_engine_os #(
    parameter ROWS         = 16,
    parameter LOG          = 4,     // log2(ROWS)
    parameter COLS         = 16,
    parameter BITS         = 8,     // of an operand: 4, 8 or 16
    parameter MB           = 16,    // of the requantisation multiplier
    parameter DIGIT        = 8,     // multiplier bits of a partial product
    parameter LEVELS       = 1,     // log2(MB / DIGIT)
    parameter PE_CUT       = 1,     // a register behind the PEs' multipliers
    parameter ACC_BITS     = 28,
    parameter MAX_POOL     = 0,     // PEs can take maxima
    parameter SPILL        = 0,     // partial sums can go to and come from DRAM
    parameter SHARE        = 1,     // columns of a post-processing lane
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
    output wire             part_done_o,        // the last word of a part of a tile is in the output buffer
    output wire             tile_done_o,        // of a job
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
    input  wire [127:0]     fill_data_i,        // also the descriptor beat
    // store side
    input  wire             output_read_i, output_read_slot_i,
    input  wire [OADDR-1:0] output_read_addr_i,
    output wire [127:0]     output_data_o,
    // events for the counters
    output wire             busy_o, mac_o,
    output wire [ROWS-1:0]  bank_read_o,
    output wire             weight_access_o, output_write_o, residual_read_o
);
    localparam SELECT     = BITS == 16 ? 3 : BITS == 8 ? 4 : 5;     // log2 of the channels in a word
    localparam RAW_BITS   = BITS == 16 ? 64 : 32;
    localparam PARAMETERS = COLS * (MB > 24 ? 128 : 64) / 128;      // words of a unit's parameters
    localparam PACE       = SPILL != 0 || SHARE > 1 ? COLS * RAW_BITS / 128 : 1; // cycles a row of raw sums needs
    localparam STAGES     = 9 + 2*LEVELS + (SHARE > 1 ? SHARE : 0); // of the post-processing

    // ---- Layer settings of the compute side.
    wire take;
    wire depthwise, is_packed, shift, raw, channels_outer, shared_weights, pixels_outer, two_runs, max, dilated, slow, reload;
    wire [2:0]  log2_x, log2_y, pad;
    wire [BITS-1:0] pad_value;
    wire [9:0]  row_tiles, channel_tiles, rows_full, rows_last, units_full, units_last, out_width, x_blocks;
    wire [9:0]  y_blocks_full, y_blocks_last, in_height, in_width;
    wire [3:0]  kernel_x, kernel_y;
    wire [SELECT-1:0] channel_offset;
    wire [11:0] channels, run_start, y_step;
    wire [15:0] run_address, unit_words, x_words, plane_words, block_words;
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
        .pixels_outer_o(pixels_outer), .max_o(max), .dilated_o(dilated), .slow_o(slow), .reload_o(reload), .packed_o(is_packed), .log2_x_o(log2_x), .log2_y_o(log2_y), .pad_value_o(pad_value),
        .row_tiles_o(row_tiles), .channel_tiles_o(channel_tiles), .kernel_x_o(kernel_x), .kernel_y_o(kernel_y), .pad_o(pad),
        .channel_offset_o(channel_offset), .two_runs_o(two_runs), .rows_full_o(rows_full), .rows_last_o(rows_last),
        .units_full_o(units_full), .units_last_o(units_last), .out_width_o(out_width), .x_blocks_o(x_blocks),
        .y_blocks_full_o(y_blocks_full), .y_blocks_last_o(y_blocks_last), .in_height_o(in_height),
        .in_width_o(in_width), .channels_o(channels), .run_start_o(run_start), .run_address_o(run_address),
        .bubble_o(bubble), .part_blocks_o(part_blocks), .unit_words_o(unit_words), .x_words_o(x_words), .plane_words_o(plane_words),
        .block_words_o(block_words), .y_step_o(y_step), .zero_o(zero), .low_o(low), .high_o(high),
        .zero_b_o(zero_b), .sum_zero_o(sum_zero), .sum_low_o(sum_low), .sum_high_o(sum_high),
        .sum_shift_o(sum_shift), .multiplier_a_o(multiplier_a), .multiplier_b_o(multiplier_b),
        .tile_words_full_o(tile_words_full), .tile_words_last_o(tile_words_last));

    // ---- Issue (stage 0).
    wire first, last, load, half, weight_read, parameter_read, input_slot, weight_slot, fresh, part_end, job_end;
    wire signed [5:0] tap_x, tap_y;
    wire [SELECT-1:0] select;
    wire [9:0] x_block, y_block, y_base;
    wire [15:0] channel_addr;
    wire [WADDR-1:0] weight_addr;
    wire [PACKED:0] weight_part;
    wire [4:0] parameter_index;
    wire [OADDR-1:0] block_base;
    wire [5:0] x_left, y_left;
    dna_compute #(.UPW((1 << SELECT) / COLS), .PACKED(PACKED), .SELECT(SELECT), .PARAMETERS(PARAMETERS), .LATE(SPILL != 0 ? PACE : 0), .WADDR(WADDR), .OADDR(OADDR)) u_compute (
        .clk(clk), .rst_n(rst_n), .captured_i(captured_o), .take_o(take), .drained_i(drained_i),
        .loaded_i(loaded_i), .loaded_take_o(loaded_take_o), .slot_free_i(slot_free_i), .slot_take_o(slot_take_o),
        .input_release_o(input_release_o), .weights_release_o(weights_release_o),
        .depthwise_i(depthwise), .packed_i(is_packed), .late_i(reload), .channels_outer_i(channels_outer), .shared_weights_i(shared_weights),
        .pixels_outer_i(pixels_outer), .shift_i(shift), .dilated_i(dilated), .log2_x_i(log2_x), .log2_y_i(log2_y), .pad_i(pad),
        .row_tiles_i(row_tiles), .channel_tiles_i(channel_tiles), .kernel_x_i(kernel_x), .kernel_y_i(kernel_y),
        .channel_offset_i(channel_offset), .two_runs_i(two_runs), .rows_full_i(rows_full), .rows_last_i(rows_last),
        .units_full_i(units_full), .units_last_i(units_last), .out_width_i(out_width), .x_blocks_i(x_blocks),
        .y_blocks_full_i(y_blocks_full), .y_blocks_last_i(y_blocks_last), .channels_i(channels),
        .run_start_i(run_start), .run_address_i(run_address), .block_words_i(block_words),
        .unit_words_i(unit_words), .bubble_i(bubble), .part_blocks_i(part_blocks), .y_step_i(y_step), .tile_words_full_i(tile_words_full),
        .tile_words_last_i(tile_words_last), .mac_o(mac_o), .first_o(first), .last_o(last), .load_o(load),
        .tap_x_o(tap_x), .tap_y_o(tap_y), .x_block_o(x_block), .y_block_o(y_block), .y_base_o(y_base),
        .channel_addr_o(channel_addr), .select_o(select), .half_o(half), .weight_read_o(weight_read),
        .weight_addr_o(weight_addr), .weight_part_o(weight_part), .parameter_o(parameter_read),
        .parameter_index_o(parameter_index), .input_slot_o(input_slot), .weight_slot_o(weight_slot),
        .block_base_o(block_base), .x_left_o(x_left), .y_left_o(y_left), .fresh_o(fresh), .part_end_o(part_end), .job_end_o(job_end), .busy_o(busy_o));

    // ---- Datapath.
    dna_datapath #(.ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .SELECT(SELECT), .RAW_BITS(RAW_BITS), .MB(MB),
                   .DIGIT(DIGIT), .LEVELS(LEVELS), .STAGES(STAGES), .PE_CUT(PE_CUT), .ACC_BITS(ACC_BITS), .MAX_POOL(MAX_POOL), .SPILL(SPILL),
                   .SHARE(SHARE), .PACE(PACE),
                   .PACKED(PACKED), .PIXELS(PIXELS), .QUARTER(QUARTER), .INPUT_SLOTS(INPUT_SLOTS), .WEIGHT_SLOTS(WEIGHT_SLOTS), .OUTPUT_SLOTS(OUTPUT_SLOTS),
                   .INPUT_BANKS(INPUT_BANKS), .WEIGHT_BANKS(WEIGHT_BANKS), .OUTPUT_BANKS(OUTPUT_BANKS),
                   .INPUT_WORDS(INPUT_WORDS), .IADDR(IADDR),
                   .WEIGHT_WORDS(WEIGHT_WORDS), .WADDR(WADDR), .OUTPUT_WORDS(OUTPUT_WORDS), .OADDR(OADDR)) u_datapath (
        .clk(clk), .rst_n(rst_n), .mac_i(mac_o), .first_i(first), .last_i(last), .load_i(load), .half_i(half),
        .weight_read_i(weight_read), .weight_part_i(weight_part), .parameter_read_i(parameter_read),
        .input_slot_i(input_slot), .weight_slot_i(weight_slot), .fresh_i(fresh), .part_end_i(part_end), .job_end_i(job_end), .tap_x_i(tap_x),
        .tap_y_i(tap_y), .select_i(select), .x_block_i(x_block), .y_block_i(y_block), .y_base_i(y_base),
        .channel_addr_i(channel_addr), .weight_addr_i(weight_addr), .parameter_index_i(parameter_index),
        .block_base_i(block_base), .x_left_i(x_left), .y_left_i(y_left), .depthwise_i(depthwise), .packed_i(is_packed), .shift_i(shift),
        .raw_i(raw), .residual_i(residual_o), .max_i(max), .slow_i(slow), .reload_i(reload), .log2_x_i(log2_x), .log2_y_i(log2_y),
        .pad_value_i(pad_value), .in_height_i(in_height), .in_width_i(in_width), .out_width_i(out_width),
        .x_words_i(x_words), .plane_words_i(plane_words), .zero_i(zero), .low_i(low), .high_i(high),
        .zero_b_i(zero_b), .sum_zero_i(sum_zero), .sum_low_i(sum_low), .sum_high_i(sum_high),
        .sum_shift_i(sum_shift), .multiplier_a_i(multiplier_a), .multiplier_b_i(multiplier_b),
        .input_write_i(input_write_i), .input_write_slot_i(input_write_slot_i), .input_write_bank_i(input_write_bank_i),
        .input_write_addr_i(input_write_addr_i), .input_write_data_i(input_write_data_i), .input_write_group_i(input_write_group_i),
        .input_write_valid_i(input_write_valid_i), .input_write_pixels_i(input_write_pixels_i), .weight_write_i(weight_write_i),
        .weight_write_slot_i(weight_write_slot_i), .weight_write_addr_i(weight_write_addr_i),
        .residual_write_i(residual_write_i), .residual_write_slot_i(residual_write_slot_i),
        .residual_write_addr_i(residual_write_addr_i), .fill_data_i(fill_data_i), .output_read_i(output_read_i),
        .output_read_slot_i(output_read_slot_i), .output_read_addr_i(output_read_addr_i), .output_data_o(output_data_o),
        .part_done_o(part_done_o), .tile_done_o(tile_done_o), .bank_read_o(bank_read_o), .weight_access_o(weight_access_o),
        .output_write_o(output_write_o), .residual_read_o(residual_read_o));
endmodule
