// Compute engine, issue side: waits for a loaded job and a free output slot, then issues its blocks one MAC cycle a clock:
// for every unit (COLS output channels) and pixel block, kernel taps outside, channels inside. New requantisation
// parameters are read before the first block of a unit, behind a gap that lets the previous unit drain. Each part of a tile, some
// blocks of channels or the whole tile, takes an output slot of its own.
module dna_compute #(
    parameter UPW        = 1,    // units in a word of channels, vectors in a word of weights: 1 or 2
    parameter PACKED     = 0,    // there are layers with twice as many vectors in a word
    parameter SELECT     = 4,    // log2 of the channels in a word
    parameter PARAMETERS = 8,    // words of a unit's parameters
    parameter LATE       = 0,    // cycles by which rows leave late when partial sums come from DRAM
    parameter WADDR      = 9,    // address bits of the weight buffer
    parameter OADDR      = 9     // address bits of the output buffer
) (
    input  wire             clk,
    input  wire             rst_n,
    // hand-over with the other engines
    input  wire             captured_i,       // a descriptor waits
    output wire             take_o,
    input  wire             drained_i,        // no job is between issue and output buffer
    input  wire             loaded_i,         // a job's data are there
    output wire             loaded_take_o,
    input  wire             slot_free_i,      // an output slot is free
    output wire             slot_take_o,
    output wire             input_release_o, weights_release_o,   // with the last issue of a job
    // layer
    input  wire             depthwise_i, packed_i, late_i, channels_outer_i, shared_weights_i, pixels_outer_i, shift_i, dilated_i,
    input  wire [2:0]       log2_x_i, log2_y_i,
    input  wire [2:0]       pad_i,
    input  wire [9:0]       row_tiles_i, channel_tiles_i,
    input  wire [3:0]       kernel_x_i, kernel_y_i,
    input  wire [SELECT-1:0] channel_offset_i,
    input  wire             two_runs_i,
    input  wire [9:0]       rows_full_i, rows_last_i, units_full_i, units_last_i, out_width_i, x_blocks_i,
    input  wire [9:0]       y_blocks_full_i, y_blocks_last_i,
    input  wire [11:0]      channels_i, run_start_i,
    input  wire [15:0]      run_address_i, block_words_i, unit_words_i,
    input  wire [7:0]       bubble_i,
    input  wire [3:0]       part_blocks_i,    // channel blocks of a part of the tile; 0: it is stored whole
    input  wire [11:0]      y_step_i,
    input  wire [15:0]      tile_words_full_i, tile_words_last_i,
    // issue, stage 0
    output wire             mac_o,            // a MAC cycle
    output wire             first_o, last_o,  // of the block
    output wire             load_o,           // new input words are read
    output wire signed [5:0] tap_x_o, tap_y_o,
    output wire [9:0]       x_block_o, y_block_o, y_base_o,
    output wire [15:0]      channel_addr_o,
    output wire [SELECT-1:0] select_o,
    output wire             half_o,
    output wire             weight_read_o,
    output wire [WADDR-1:0] weight_addr_o,
    output wire [PACKED:0]  weight_part_o,    // vector of the word
    output wire             parameter_o,
    output wire [4:0]       parameter_index_o,
    output reg              input_slot_o, weight_slot_o,
    // block's place in the output tile, with last_o
    output wire [OADDR-1:0] block_base_o,
    output wire [5:0]       x_left_o, y_left_o,
    output reg              fresh_o,          // the first of its unit
    output wire             part_end_o,       // the last of a part of the tile: of a channel block, or of all of it
    output wire             job_end_o,
    output wire             busy_o
);
    // A unit takes its parameters over with its first block, before the next unit's overwrite them: one behind a single block
    // waits for that, others (or behind the cycles in which a job is taken) need not.
    localparam GAP = 3;
    localparam [2:0] IDLE = 3'd0, WAIT = 3'd1, PREPARE = 3'd2, PAUSE = 3'd3, PARAMETER = 3'd4, MAC = 3'd5, BUBBLE = 3'd6,
                     START = 3'd7;

    reg [2:0] state_q;
    reg [7:0] count_q;
    reg  single_q;           // units can be a single block; settled long before the first unit ends
    always @(posedge clk) single_q <= pixels_outer_i || (x_blocks_i == 10'd1 && (y_blocks_full_i == 10'd1 || y_blocks_last_i == 10'd1));
    wire [7:0] first_gap = late_i ? 8'd1 + LATE[7:0] : 8'd1;
    wire [7:0] gap       = !single_q ? 8'd1 : late_i ? GAP[7:0] + LATE[7:0] : GAP[7:0];

    // Tile loops.
    wire row_last, channel_last, job_last, input_release, weights_release;
    wire row_step, row_wrap, channel_step, channel_wrap;
    wire unused_changed_input, unused_changed_weights;
    wire block_done, job_done;
    dna_nest u_nest (
        .clk(clk), .start_i(state_q == START), .step_i(job_done), .row_tiles_i(row_tiles_i), .channel_tiles_i(channel_tiles_i),
        .channels_outer_i(channels_outer_i), .depthwise_i(depthwise_i), .shared_weights_i(shared_weights_i),
        .row_last_o(row_last), .channel_last_o(channel_last), .job_last_o(job_last),
        .input_changed_o(unused_changed_input), .weights_changed_o(unused_changed_weights),
        .input_released_o(input_release), .weights_released_o(weights_release),
        .row_step_o(row_step), .row_wrap_o(row_wrap), .channel_step_o(channel_step), .channel_wrap_o(channel_wrap));
    wire unused_steps = &{1'b0, channel_step, channel_wrap};

    // Where the row tile starts: first input row (signed), word row of its first output row.
    reg signed [12:0] y_in_q;
    reg [9:0] y_word_q;
    wire signed [12:0] y_first = -$signed({10'd0, pad_i});
    wire signed [12:0] y_clip  = y_in_q[12] ? 13'sd0 : y_in_q;
    wire [12:0] y_base = (shift_i ? y_clip >> 1 : y_clip) >> log2_y_i;
    reg [9:0] y_base_q;
    wire unused_base = &{1'b0, y_base[12:10]};

    // Job sizes.
    reg [9:0]  rows_q;
    reg        one_unit_q;
    wire [9:0] units    = channel_last ? units_last_i : units_full_i;
    wire [9:0] y_blocks = row_last ? y_blocks_last_i : y_blocks_full_i;
    reg [OADDR-1:0] tile_words_q;
    wire [15:0] tile_words = row_last ? tile_words_last_i : tile_words_full_i;
    wire unused_tile = &{1'b0, tile_words};

    // Block loops.
    reg [9:0] x_q, y_q, y_map_q;                               // y_map_q: y in the map
    reg       unit_odd_q;
    wire      x_last, y_last, unit_last;
    wire block_last = x_last && y_last && unit_last;
    wire unit_moves = pixels_outer_i || (x_last && y_last);
    wire unit_turns = unit_moves && !one_unit_q;               // the next block belongs to another unit
    wire x_moves    = !pixels_outer_i || unit_last;
    wire y_moves    = x_moves && x_last;
    dna_turns #(.BITS(10)) u_units (
        .clk(clk), .start_i(state_q == PREPARE), .step_i(block_done && unit_moves), .turns_i(units), .last_o(unit_last));
    dna_turns #(.BITS(10)) u_x (
        .clk(clk), .start_i(state_q == PREPARE), .step_i(block_done && x_moves), .turns_i(x_blocks_i), .last_o(x_last));
    dna_turns #(.BITS(10)) u_y (
        .clk(clk), .start_i(state_q == PREPARE), .step_i(block_done && y_moves), .turns_i(y_blocks), .last_o(y_last));

    reg [WADDR-1:0] unit_addr_q, weight_addr_q;
    reg [15:0]      unit_channel_q;                            // depthwise: address of the unit's channel block
    reg [OADDR-1:0] unit_base_q, y_offset_q, x_offset_q;       // output tile: block address = sum of the three
    wire unused_words = &{1'b0, unit_words_i};
    wire unit_half  = (UPW == 2) && unit_odd_q;
    wire block_full = (UPW == 1) || unit_half;               // the next unit starts another channel block
    reg  [3:0] part_left_q;                                  // blocks of the part from this one on
    reg  part_q;                                             // this unit starts another part of the tile
    reg  in_parts_q;                                         // settled long before the first unit ends
    always @(posedge clk) in_parts_q <= part_blocks_i != 4'd0;
    wire part_full = block_full && in_parts_q && part_left_q == 4'd1;
    wire pause_end = state_q == PAUSE && count_q == 8'd1 && (!part_q || slot_free_i);

    // Reduction loops.
    reg signed [5:0] tap_x_q, tap_y_q;                         // in pixels from the output pixel's own
    reg        run_q, fresh_q;
    reg [11:0] channel_q;
    reg [15:0] channel_addr_q;
    reg        first_q;
    wire in_mac    = state_q == MAC;
    wire run_end, tap_x_end, tap_y_end;
    wire tap_end   = run_end && (run_q || !two_runs_i);
    wire block_end = tap_end && tap_x_end && tap_y_end;
    dna_turns #(.BITS(12)) u_channels (
        .clk(clk), .start_i(!in_mac), .step_i(1'b1), .turns_i(channels_i), .last_o(run_end));
    dna_turns u_tap_x (.clk(clk), .start_i(!in_mac), .step_i(tap_end), .turns_i(kernel_x_i), .last_o(tap_x_end));
    dna_turns u_tap_y (.clk(clk), .start_i(!in_mac), .step_i(tap_end && tap_x_end), .turns_i(kernel_y_i), .last_o(tap_y_end));

    wire mac_end    = in_mac && block_end;
    wire word_first, word_last;    // vector of a word of weights
    dna_parts #(.UPW(UPW), .PACKED(PACKED)) u_parts (
        .clk(clk), .packed_i(packed_i), .run_i(in_mac && !block_end), .step_i(1'b1), .part_o(weight_part_o), .first_o(word_first), .last_o(word_last));
    assign block_done = (mac_end && bubble_i == 8'd0) || (state_q == BUBBLE && count_q == 8'd1);
    assign job_done = block_done && block_last;

    assign take_o        = state_q == IDLE && captured_i && drained_i;
    assign loaded_take_o = state_q == WAIT && loaded_i && slot_free_i;
    assign slot_take_o   = loaded_take_o || (pause_end && part_q);
    assign input_release_o   = job_done && input_release;
    assign weights_release_o = job_done && weights_release;
    assign busy_o = state_q != IDLE && state_q != START && state_q != WAIT;

    assign mac_o          = in_mac;
    assign first_o        = first_q;
    assign last_o         = mac_end;
    assign load_o         = in_mac && (fresh_q || depthwise_i);
    assign tap_x_o        = tap_x_q;
    assign tap_y_o        = tap_y_q;
    assign x_block_o      = x_q;
    assign y_block_o      = y_map_q;
    assign y_base_o       = y_base_q;
    assign channel_addr_o = depthwise_i ? unit_channel_q : channel_addr_q;
    assign select_o       = channel_q[SELECT-1:0];
    assign half_o         = unit_half;
    assign parameter_o    = state_q == PARAMETER;
    assign parameter_index_o = count_q[4:0];
    assign weight_read_o  = parameter_o || (in_mac && word_first);
    assign weight_addr_o  = weight_addr_q;
    assign block_base_o   = unit_base_q + y_offset_q + x_offset_q;
    assign part_end_o     = x_last && y_last && (unit_last || part_full);
    assign job_end_o      = block_last;

    wire [10:0] x_left = {1'b0, out_width_i} - ({1'b0, x_q} << log2_x_i);
    wire [10:0] y_left = {1'b0, rows_q} - ({1'b0, y_q} << log2_y_i);
    assign x_left_o = |x_left[10:6] ? 6'd63 : x_left[5:0];
    assign y_left_o = |y_left[10:6] ? 6'd63 : y_left[5:0];

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            state_q       <= IDLE;
            input_slot_o  <= 1'b0;
            weight_slot_o <= 1'b0;
        end else begin
            case (state_q)
                IDLE:    if (take_o) state_q <= START;
                START:   state_q <= WAIT;
                WAIT:    if (loaded_take_o) state_q <= PREPARE;
                PREPARE: state_q <= PAUSE;
                PAUSE:   if (pause_end) state_q <= PARAMETER;
                PARAMETER: if (count_q == PARAMETERS[7:0] - 8'd1) state_q <= MAC;
                MAC:     if (mac_end && bubble_i != 8'd0) state_q <= BUBBLE;
                default: ;
            endcase
            if (block_done) state_q <= job_done ? (job_last ? IDLE : WAIT) : (unit_turns ? PAUSE : MAC);
            if (input_release_o) input_slot_o <= ~input_slot_o;
            if (weights_release_o) weight_slot_o <= ~weight_slot_o;
        end
    end

    // Counter of the pauses.
    always @(posedge clk) begin
        if (state_q == PREPARE) count_q <= first_gap;
        else if (block_done && unit_turns) count_q <= gap;
        else if (state_q == PAUSE) count_q <= count_q == 8'd1 ? {7'd0, !pause_end} : count_q - 8'd1;
        else if (state_q == PARAMETER) count_q <= count_q + 8'd1;
        else if (mac_end) count_q <= bubble_i;
        else if (state_q == BUBBLE) count_q <= count_q - 8'd1;
    end

    always @(posedge clk) if (parameter_o || mac_end) fresh_o <= parameter_o;

    // Row tile.
    always @(posedge clk) begin
        if (state_q == START) begin
            y_word_q <= 10'd0;
        end else if (job_done) begin
            if (row_step) y_word_q <= y_word_q + y_blocks_full_i;
            if (row_wrap) y_word_q <= 10'd0;
        end
        if (state_q == START || (job_done && row_wrap)) y_in_q <= y_first;
        else if (job_done && row_step) y_in_q <= y_in_q + $signed({1'b0, y_step_i});
        if (state_q == PREPARE) y_base_q <= y_base[9:0];
    end

    // Block loops: sizes of the job, then unit, x, y.
    always @(posedge clk) begin
        if (state_q == PREPARE) begin
            rows_q     <= row_last ? rows_last_i : rows_full_i;
            one_unit_q <= units == 10'd1;
            tile_words_q <= tile_words[OADDR-1:0];
            unit_odd_q  <= 1'b0;
            part_q      <= 1'b0;
            part_left_q <= part_blocks_i;
            x_q         <= 10'd0;
            y_q         <= 10'd0;
            y_map_q     <= y_word_q;
            unit_base_q <= {OADDR{1'b0}};
            x_offset_q  <= {OADDR{1'b0}};
            y_offset_q  <= {OADDR{1'b0}};
            unit_addr_q    <= {WADDR{1'b0}};
            unit_channel_q <= 16'd0;
        end else if (block_done) begin
            if (unit_moves) begin
                unit_odd_q <= !unit_last && !unit_odd_q;
                part_q     <= part_full;
                if (block_full) part_left_q <= part_full ? part_blocks_i : part_left_q - 4'd1;
                if (unit_last) begin
                    unit_base_q    <= {OADDR{1'b0}};
                    unit_channel_q <= 16'd0;
                end else if (block_full) begin
                    unit_base_q    <= unit_base_q + tile_words_q;
                    unit_channel_q <= unit_channel_q + block_words_i;
                end
                if (unit_last || shared_weights_i) unit_addr_q <= {WADDR{1'b0}};
                else unit_addr_q <= unit_addr_q + unit_words_i[WADDR-1:0];
            end
            if (x_moves) begin
                x_q        <= x_last ? 10'd0 : x_q + 10'd1;
                x_offset_q <= x_last ? {OADDR{1'b0}} : x_offset_q + ({{(OADDR-1){1'b0}}, 1'b1} << log2_x_i);
            end
            if (y_moves) begin
                y_q        <= y_last ? 10'd0 : y_q + 10'd1;
                y_map_q    <= y_last ? y_word_q : y_map_q + 10'd1;
                y_offset_q <= y_last ? {OADDR{1'b0}} : y_offset_q + y_stride;
            end
        end
    end
    wire [15:0] y_stride_words = {6'd0, out_width_i} << log2_y_i;
    wire [OADDR-1:0] y_stride = y_stride_words[OADDR-1:0];
    wire unused_stride = &{1'b0, y_stride_words};

    // Weight words: parameters first, then one vector a MAC cycle.
    reg [WADDR-1:0] vectors_addr_q;    // first weight word of the unit
    always @(posedge clk) begin
        if (state_q == PAUSE) weight_addr_q <= unit_addr_q;
        else if (parameter_o) weight_addr_q <= weight_addr_q + 1'b1;
        else if (in_mac) begin
            if (block_end) weight_addr_q <= vectors_addr_q;
            else if (word_last) weight_addr_q <= weight_addr_q + 1'b1;
        end
        if (parameter_o) vectors_addr_q <= weight_addr_q + 1'b1;
    end

    // Reduction: taps outside, channel runs and channels inside.
    wire [11:0] start_channel = {{(12-SELECT){1'b0}}, channel_offset_i};
    wire signed [5:0] start_tap = -$signed({3'b000, pad_i}), next_tap = dilated_i ? 6'sd2 : 6'sd1;
    always @(posedge clk) begin
        if (!in_mac || block_end) begin
            tap_x_q <= start_tap;
            tap_y_q <= start_tap;
            first_q <= 1'b1;
        end else begin
            first_q <= 1'b0;
            if (tap_end) begin
                tap_x_q <= tap_x_end ? start_tap : tap_x_q + next_tap;
                if (tap_x_end) tap_y_q <= tap_y_q + next_tap;
            end
        end
        if (!in_mac || tap_end) begin
            run_q          <= 1'b0;
            channel_q      <= start_channel;
            channel_addr_q <= 16'd0;
            fresh_q        <= 1'b1;
        end else if (run_end) begin
            run_q          <= 1'b1;
            channel_q      <= run_start_i;
            channel_addr_q <= run_address_i;
            fresh_q        <= 1'b1;
        end else begin
            channel_q <= channel_q + 12'd1;
            fresh_q   <= &channel_q[SELECT-1:0];
            if (&channel_q[SELECT-1:0]) channel_addr_q <= channel_addr_q + block_words_i;
        end
    end
    wire unused_channel = &{1'b0, channel_q};
endmodule
