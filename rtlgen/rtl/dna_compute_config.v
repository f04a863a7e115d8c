// Compute section of a descriptor (beats 6 to 11, words C0 to C23): captured as it arrives, made active when the engine
// starts the layer. docs/descriptor.md lists the fields.
module dna_compute_config #(
    parameter BITS   = 8,     // of an operand
    parameter MB     = 16,    // of the residual add's multipliers
    parameter SELECT = 4      // log2 of the channels in a word
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire         write_i,          // a descriptor beat is on data_i
    input  wire [3:0]   beat_i,
    input  wire [127:0] data_i,
    input  wire         take_i,           // the captured section becomes active
    output reg          captured_o,       // a section waits to be taken
    output wire         depthwise_o, shift_o, raw_o, residual_o, channels_outer_o, shared_weights_o, pixels_outer_o,
    output wire         max_o, dilated_o, slow_o, reload_o, packed_o,
    output wire [2:0]   log2_x_o, log2_y_o,
    output wire [BITS-1:0] pad_value_o,
    output wire [9:0]   row_tiles_o, channel_tiles_o,
    output wire [3:0]   kernel_x_o, kernel_y_o,
    output wire [2:0]   pad_o,
    output wire [SELECT-1:0] channel_offset_o,
    output wire         two_runs_o,
    output wire [9:0]   rows_full_o, rows_last_o, units_full_o, units_last_o, out_width_o, x_blocks_o,
    output wire [9:0]   y_blocks_full_o, y_blocks_last_o, in_height_o, in_width_o,
    output wire [11:0]  channels_o, run_start_o,
    output wire [15:0]  run_address_o,
    output wire [7:0]   bubble_o,
    output wire [3:0]   part_blocks_o,
    output wire [15:0]  unit_words_o, x_words_o, plane_words_o, block_words_o,
    output wire [11:0]  y_step_o,
    output wire [BITS-1:0] zero_o, low_o, high_o, zero_b_o, sum_zero_o, sum_low_o, sum_high_o,
    output wire [5:0]   sum_shift_o,
    output wire [MB-1:0] multiplier_a_o, multiplier_b_o,
    output wire [15:0]  tile_words_full_o, tile_words_last_o
);
    reg [767:0] next_q, active_q;

    always @(posedge clk) begin
        if (write_i && beat_i == 4'd6)  next_q[127:0]   <= data_i;
        if (write_i && beat_i == 4'd7)  next_q[255:128] <= data_i;
        if (write_i && beat_i == 4'd8)  next_q[383:256] <= data_i;
        if (write_i && beat_i == 4'd9)  next_q[511:384] <= data_i;
        if (write_i && beat_i == 4'd10) next_q[639:512] <= data_i;
        if (write_i && beat_i == 4'd11) next_q[767:640] <= data_i;
        if (take_i) active_q <= next_q;
    end
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) captured_o <= 1'b0;
        else if (write_i && beat_i == 4'd15) captured_o <= 1'b1;
        else if (take_i) captured_o <= 1'b0;
    end

    // Word Cn, low and high half: field [32n +: ...] and [32n+16 +: ...].
    assign depthwise_o       = active_q[0];
    assign shift_o           = active_q[1];
    assign raw_o             = active_q[3];
    assign residual_o        = active_q[4];
    assign channels_outer_o  = active_q[5];
    assign shared_weights_o  = active_q[6];
    assign pixels_outer_o    = active_q[7];
    assign max_o             = active_q[10];
    assign dilated_o         = active_q[11];
    assign slow_o            = active_q[20];
    assign reload_o          = active_q[21];
    assign packed_o          = active_q[22];
    assign log2_x_o          = active_q[14:12];
    assign log2_y_o          = active_q[18:16];
    assign pad_value_o       = active_q[32*14+16 +: BITS];
    assign row_tiles_o       = active_q[32*1 +: 10];
    assign channel_tiles_o   = active_q[32*1+16 +: 10];
    assign kernel_x_o        = active_q[32*2 +: 4];
    assign kernel_y_o        = active_q[32*2+4 +: 4];
    assign pad_o             = active_q[32*2+8 +: 3];
    assign channel_offset_o  = active_q[32*2+16 +: SELECT];
    assign two_runs_o        = active_q[32*2+24];
    assign rows_full_o       = active_q[32*3 +: 10];
    assign rows_last_o       = active_q[32*3+16 +: 10];
    assign units_full_o      = active_q[32*4 +: 10];
    assign units_last_o      = active_q[32*4+16 +: 10];
    assign out_width_o       = active_q[32*5 +: 10];
    assign x_blocks_o        = active_q[32*5+16 +: 10];
    assign y_blocks_full_o   = active_q[32*6 +: 10];
    assign y_blocks_last_o   = active_q[32*6+16 +: 10];
    assign in_height_o       = active_q[32*7 +: 10];
    assign in_width_o        = active_q[32*7+16 +: 10];
    assign channels_o        = active_q[32*8 +: 12];
    assign run_start_o       = active_q[32*8+16 +: 12];
    assign run_address_o     = active_q[32*9 +: 16];
    assign bubble_o          = active_q[32*9+16 +: 8];
    assign part_blocks_o     = active_q[27:24];
    assign unit_words_o      = active_q[32*10 +: 16];
    assign x_words_o         = active_q[32*10+16 +: 16];
    assign plane_words_o     = active_q[32*11 +: 16];
    assign block_words_o     = active_q[32*11+16 +: 16];
    assign y_step_o          = active_q[32*12 +: 12];
    assign zero_o            = active_q[32*13 +: BITS];
    assign low_o             = active_q[32*13+16 +: BITS];
    assign high_o            = active_q[32*14 +: BITS];
    assign sum_shift_o       = active_q[32*15 +: 6];
    assign multiplier_a_o    = active_q[32*16 +: MB];
    assign zero_b_o          = active_q[32*18 +: BITS];
    assign sum_zero_o        = active_q[32*18+16 +: BITS];
    assign sum_low_o         = active_q[32*19 +: BITS];
    assign sum_high_o        = active_q[32*19+16 +: BITS];
    assign multiplier_b_o    = active_q[32*20 +: MB];
    assign {tile_words_last_o, tile_words_full_o} = active_q[32*17 +: 32];
    wire unused_bits = &{1'b0, active_q};
endmodule
