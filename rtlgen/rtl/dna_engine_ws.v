// Compute engine of the weight-stationary templates T1 (dot lanes) and T2 (systolic): layer settings, issue and datapath, with
// the ports of dna_engine_os. The input buffer is one bank.
module dna_engine_ws #(
    parameter SYSTOLIC     = 0,
    parameter ROWS         = 16,
    parameter LOG          = 4,     // log2(ROWS)
    parameter COLS         = 16,
    parameter BITS         = 8,     // of an operand: 4, 8 or 16
    parameter MB           = 16,    // of the requantisation multiplier
    parameter DIGIT        = 8,     // multiplier bits of a partial product
    parameter LEVELS       = 1,     // log2(MB / DIGIT)
    parameter PE_CUT       = 1,     // a register behind the PEs' multipliers
    parameter CUT          = 2,     // levels of the adder trees between registers
    parameter SHARE        = 1,     // columns of a post-processing lane
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
    input  wire             input_write_bank_i, // always 0
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
    output wire             bank_read_o,
    output wire             weight_access_o, output_write_o, residual_read_o, psum_write_o, psum_read_o
);
    localparam SELECT     = BITS == 16 ? 3 : BITS == 8 ? 4 : 5;     // log2 of the channels in a word
    localparam RAW_BITS   = BITS == 16 ? 64 : 32;
    localparam PARAMETERS = COLS * (MB > 24 ? 128 : 64) / 128;      // words of a unit's parameters
    localparam STAGES     = 9 + 2*LEVELS + (SHARE > 1 ? SHARE : 0); // of the post-processing
    localparam SUMS       = 7 + PE_CUT + (SYSTOLIC != 0 ? ROWS : (LOG + CUT - 1) / CUT);   // stage of the column sums

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

    // ---- Issue (stage 0).
    wire swap, first, last, half, weight_read, weight_load, parameter_read, input_slot, weight_slot, job_end;
    wire signed [5:0] tap_x, tap_y;
    wire [9:0] x, y, y_base;
    wire [15:0] channel_addr;
    wire [SELECT-1:0] select, weight_select;
    wire [PADDR-1:0] entry;
    wire [OADDR-1:0] out_addr;
    wire [WADDR-1:0] weight_addr;
    wire [PACKED:0] weight_part;
    wire [LOG-1:0]   weight_row;
    wire [4:0] parameter_index;
    wire unused_layer = &{1'b0, max, slow, reload, part_blocks, bubble[7:6], input_write_bank_i, log2_x, log2_y, rows_last, x_blocks, y_blocks_full, y_blocks_last};
    dna_compute_ws #(.ROWS(ROWS), .LOG(LOG), .UPW((1 << SELECT) / COLS), .PACKED(PACKED), .SELECT(SELECT),
                     .PARAMETERS(PARAMETERS), .SHARE(SHARE), .PSUM(PSUM), .PADDR(PADDR), .WADDR(WADDR), .OADDR(OADDR)) u_compute (
        .clk(clk), .rst_n(rst_n), .captured_i(captured_o), .take_o(take), .drained_i(drained_i),
        .loaded_i(loaded_i), .loaded_take_o(loaded_take_o), .slot_free_i(slot_free_i), .slot_take_o(slot_take_o),
        .input_release_o(input_release_o), .weights_release_o(weights_release_o),
        .depthwise_i(depthwise), .packed_i(is_packed), .raw_i(raw), .channels_outer_i(channels_outer), .shared_weights_i(shared_weights),
        .pixels_outer_i(pixels_outer), .shift_i(shift), .dilated_i(dilated), .pad_i(pad), .row_tiles_i(row_tiles),
        .channel_tiles_i(channel_tiles), .kernel_x_i(kernel_x), .kernel_y_i(kernel_y), .channel_offset_i(channel_offset), .two_runs_i(two_runs),
        .rows_full_i(rows_full), .units_full_i(units_full), .units_last_i(units_last), .out_width_i(out_width),
        .channels_i(channels), .run_start_i(run_start), .run_address_i(run_address), .block_words_i(block_words),
        .unit_words_i(unit_words), .gap_i(bubble[5:0]), .y_step_i(y_step), .tile_words_full_i(tile_words_full),
        .tile_words_last_i(tile_words_last), .mac_o(mac_o), .swap_o(swap), .first_o(first), .last_o(last),
        .tap_x_o(tap_x), .tap_y_o(tap_y), .x_o(x), .y_o(y), .y_base_o(y_base), .channel_addr_o(channel_addr),
        .select_o(select), .half_o(half), .entry_o(entry), .weight_read_o(weight_read), .weight_addr_o(weight_addr),
        .weight_part_o(weight_part), .weight_load_o(weight_load), .weight_row_o(weight_row),
        .weight_select_o(weight_select), .parameter_o(parameter_read), .parameter_index_o(parameter_index),
        .input_slot_o(input_slot), .weight_slot_o(weight_slot), .out_addr_o(out_addr), .job_end_o(job_end),
        .busy_o(busy_o));

    // ---- Datapath.
    dna_datapath_ws #(.SYSTOLIC(SYSTOLIC), .ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .RAW_BITS(RAW_BITS), .MB(MB), .DIGIT(DIGIT),
                      .LEVELS(LEVELS), .STAGES(STAGES), .PE_CUT(PE_CUT), .CUT(CUT), .SHARE(SHARE), .SELECT(SELECT), .SUMS(SUMS), .ACC_BITS(ACC_BITS), .PSUM(PSUM), .PADDR(PADDR), .PACKED(PACKED), .INPUT_SLOTS(INPUT_SLOTS), .WEIGHT_SLOTS(WEIGHT_SLOTS), .OUTPUT_SLOTS(OUTPUT_SLOTS),
                      .INPUT_BANKS(INPUT_BANKS), .WEIGHT_BANKS(WEIGHT_BANKS), .OUTPUT_BANKS(OUTPUT_BANKS),
                      .INPUT_WORDS(INPUT_WORDS),
                      .IADDR(IADDR), .WEIGHT_WORDS(WEIGHT_WORDS), .WADDR(WADDR), .OUTPUT_WORDS(OUTPUT_WORDS),
                      .OADDR(OADDR)) u_datapath (
        .clk(clk), .rst_n(rst_n), .mac_i(mac_o), .swap_i(swap), .first_i(first), .last_i(last), .half_i(half),
        .input_slot_i(input_slot), .weight_slot_i(weight_slot), .job_end_i(job_end), .tap_x_i(tap_x), .tap_y_i(tap_y),
        .x_i(x), .y_i(y), .y_base_i(y_base), .channel_addr_i(channel_addr), .select_i(select), .entry_i(entry),
        .out_addr_i(out_addr), .weight_read_i(weight_read), .weight_part_i(weight_part), .weight_load_i(weight_load),
        .parameter_read_i(parameter_read), .weight_addr_i(weight_addr), .weight_row_i(weight_row),
        .weight_select_i(weight_select), .parameter_index_i(parameter_index), .depthwise_i(depthwise), .packed_i(is_packed),
        .shift_i(shift), .raw_i(raw), .residual_i(residual_o), .pad_value_i(pad_value),
        .in_height_i(in_height), .in_width_i(in_width), .x_words_i(x_words), .plane_words_i(plane_words),
        .zero_i(zero), .low_i(low), .high_i(high), .zero_b_i(zero_b), .sum_zero_i(sum_zero),
        .sum_low_i(sum_low), .sum_high_i(sum_high), .sum_shift_i(sum_shift), .multiplier_a_i(multiplier_a),
        .multiplier_b_i(multiplier_b), .input_write_i(input_write_i), .input_write_slot_i(input_write_slot_i),
        .input_write_addr_i(input_write_addr_i), .input_write_data_i(input_write_data_i),
        .weight_write_i(weight_write_i), .weight_write_slot_i(weight_write_slot_i),
        .weight_write_addr_i(weight_write_addr_i), .residual_write_i(residual_write_i),
        .residual_write_slot_i(residual_write_slot_i), .residual_write_addr_i(residual_write_addr_i),
        .fill_data_i(fill_data_i), .output_read_i(output_read_i), .output_read_slot_i(output_read_slot_i),
        .output_read_addr_i(output_read_addr_i), .output_data_o(output_data_o), .part_done_o(part_done_o), .tile_done_o(tile_done_o),
        .bank_read_o(bank_read_o), .weight_access_o(weight_access_o), .output_write_o(output_write_o),
        .residual_read_o(residual_read_o), .psum_write_o(psum_write_o), .psum_read_o(psum_read_o));
endmodule
