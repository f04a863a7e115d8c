// Compute engine of the row-stationary template, issue side: waits for a loaded job and a free output slot, then works through
// it block by block (block_steps steps of one unit; a step is one output column of `groups` output rows). Every set of
// weights stays in the register files for all steps of the block: a step walks through it once, a weight a cycle, and takes
// step_cycles; the next set is written meanwhile into the other half of the register files, one vector a cycle. New
// requantisation parameters and first weights are read before the first block of a unit, behind a gap that lets the unit
// before finish.
module dna_compute_rs #(
    parameter ROWS   = 16,
    parameter LOG    = 4,    // log2(ROWS)
    parameter UPW    = 1,    // weight vectors in a word: 1 or 2
    parameter PACKED = 0,    // there are layers with twice as many
    parameter SELECT = 4,    // log2 of the channels in a word
    parameter PARAMETERS = 8,   // words of a unit's parameters
    parameter RADDR  = 4,    // address bits of a register file; the highest one chooses the half
    parameter PADDR  = 6,    // address bits of the partial sums
    parameter WADDR  = 9,    // address bits of the weight buffer
    parameter OADDR  = 9     // address bits of the output buffer
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
    output wire             input_release_o, weights_release_o,   // with the end of a job
    output wire             configure_o,      // ROWS cycles behind take_o: the array rows get their places
    // layer
    input  wire             depthwise_i, packed_i, raw_i, channels_outer_i, shared_weights_i, pixels_outer_i, shift_i, dilated_i,
    input  wire [2:0]       pad_i,
    input  wire [9:0]       row_tiles_i, channel_tiles_i, rows_full_i, rows_last_i, units_full_i, units_last_i, out_width_i,
    input  wire [3:0]       kernel_y_i,
    input  wire [9:0]       in_height_i,
    input  wire [15:0]      block_words_i, unit_words_i,
    input  wire [5:0]       gap_i,
    input  wire [11:0]      y_step_i,
    input  wire [15:0]      tile_words_full_i, tile_words_last_i,
    // fold
    input  wire [15:0]      group_words_i, tile_steps_full_i, tile_steps_last_i, block_steps_i,
    input  wire [3:0]       filter_columns_i,
    input  wire [2:0]       log2_channels_i,
    input  wire [5:0]       chain_i, groups_i, step_cycles_i,
    // sets of the block (dna_sets_rs)
    output wire             sets_start_o, sets_step_o,
    input  wire             set_last_i,
    input  wire [4:0]       set_row_i, set_column_i,
    input  wire [15:0]      set_channel_addr_i,
    input  wire [SELECT-1:0] set_channel_i,
    // issue, stage 0
    output wire             mac_o,
    output wire             first_o, last_o,  // of the step
    output wire             load_o,           // new input words are read
    output wire [RADDR-1:0] read_o,           // weight
    output wire [9:0]       x_o,
    output wire [4:0]       tap_x_o,
    output wire signed [12:0] row_base_o,     // input row of lane 0
    output wire [9:0]       y_base_o,
    output wire [10:0]      limit_o,          // input rows from here on are not in the tile
    output wire [15:0]      channel_addr_o,
    output wire [SELECT-1:0] select_o,
    output wire             half_o,
    output wire             weight_read_o,
    output wire [WADDR-1:0] weight_addr_o,
    output wire [PACKED:0]  weight_part_o,    // vector of the word
    output wire             weight_load_o,    // a vector of weights
    output wire [5:0]       weight_chain_o,   // for the array rows with this place in their chain
    output wire [RADDR-1:0] weight_place_o,
    output wire             parameter_o,
    output wire [4:0]       parameter_index_o,
    output reg              input_slot_o, weight_slot_o,
    // with last_o: where the step's totals go
    output wire             block_start_o,
    output wire [5:0]       valid_groups_o,
    output wire [PADDR-1:0] entry_o,
    output wire [OADDR-1:0] out_addr_o,
    output wire             job_end_o,        // last step of a job
    output wire             busy_o
);
    localparam [2:0] IDLE = 3'd0, START = 3'd1, WAIT = 3'd2, PREPARE = 3'd3, PAUSE = 3'd4, PARAMETER = 3'd5, LOAD = 3'd6,
                     RUN = 3'd7;
    reg [2:0]  state_q;
    reg [5:0]  count_q;
    wire in_run = state_q == RUN;

    // Tile loops.
    wire row_last, channel_last, job_last, input_release, weights_release;
    wire row_step, row_wrap, unused_channel_step, unused_channel_wrap;
    wire unused_changed_input, unused_changed_weights;
    wire job_done;
    dna_nest u_nest (
        .clk(clk), .start_i(state_q == START), .step_i(job_done), .row_tiles_i(row_tiles_i), .channel_tiles_i(channel_tiles_i),
        .channels_outer_i(channels_outer_i), .depthwise_i(depthwise_i), .shared_weights_i(shared_weights_i),
        .row_last_o(row_last), .channel_last_o(channel_last), .job_last_o(job_last),
        .input_changed_o(unused_changed_input), .weights_changed_o(unused_changed_weights),
        .input_released_o(input_release), .weights_released_o(weights_release),
        .row_step_o(row_step), .row_wrap_o(row_wrap), .channel_step_o(unused_channel_step), .channel_wrap_o(unused_channel_wrap));

    // Row tile: first input row (signed), the word row it stands in, the first input row behind the tile.
    reg signed [12:0] y_in_q;
    reg [9:0]  y_base_q;
    reg [10:0] limit_q;
    wire [9:0]  rows  = row_last ? rows_last_i : rows_full_i;
    wire [12:0] y_word = (y_in_q[12] ? 13'd0 : y_in_q) >> LOG;
    wire [3:0]  taps_below = kernel_y_i - 4'd1;
    wire [12:0] reach = (shift_i ? {2'b00, rows - 10'd1, 1'b0} : {3'b000, rows - 10'd1})
                      + (dilated_i ? {8'd0, taps_below, 1'b0} : {9'd0, taps_below}) + 13'd1;
    reg [12:0] reach_q;                               // input rows of the tile
    reg signed [12:0] y_end_q;                        // clipped to the map; both in the cycles before the first step
    wire [10:0] limit = y_end_q > $signed({3'b000, in_height_i}) ? {1'b0, in_height_i} : y_end_q[10:0];
    wire unused_word = &{1'b0, y_word[12:10]};
    always @(posedge clk) begin
        if (state_q == START || (job_done && row_wrap)) y_in_q <= -$signed({10'd0, pad_i});
        else if (job_done && row_step) y_in_q <= y_in_q + $signed({1'b0, y_step_i});
        if (state_q == PREPARE) y_base_q <= y_word[9:0];
        if (!in_run) begin
            reach_q <= reach;
            y_end_q <= y_in_q + $signed(reach_q);
            limit_q <= y_end_q[12] ? 11'd0 : limit;
        end
    end

    // Steps of the set, cycles of the step. Lasts of what a layer counts, registered at its start.
    reg [5:0]   last_mac_q, last_cycle_q, last_chain_q;
    wire [6:0]  macs = {3'd0, filter_columns_i} << log2_channels_i;
    wire [6:0]  last_mac = macs - 7'd1;
    wire unused_mac = &{1'b0, last_mac[6]};
    always @(posedge clk) begin
        last_mac_q   <= last_mac[5:0];
        last_cycle_q <= step_cycles_i - 6'd1;
        last_chain_q <= chain_i - 6'd1;
    end
    reg         stepping_q;
    reg [5:0]   cycle_q;
    reg [15:0]  step_q, left_q;                       // left_q: steps of the tile from the block's first one on
    reg         tile_last_q;                          // the block is the tile's last one
    reg [15:0]  last_step_q;
    wire        step_last  = step_q == last_step_q;
    wire        issue      = in_run && stepping_q;
    wire        step_end   = issue && cycle_q == last_cycle_q;
    wire        steps_done = step_end && step_last;
    assign mac_o   = issue && cycle_q <= last_mac_q;
    assign first_o = mac_o && cycle_q == 6'd0;
    assign last_o  = issue && cycle_q == last_mac_q;

    // Weights: the next set's (RUN) or the first one's (LOAD), vector by vector; a set starts with a new word.
    reg         filling_q, rf_half_q;
    reg [5:0]   fill_cycle_q, fill_chain_q;
    wire        fill      = state_q == LOAD || (in_run && filling_q);
    wire        fill_turn = fill_cycle_q == last_mac_q;
    wire        fill_last = fill && fill_turn && fill_chain_q == last_chain_q;
    wire        set_end   = in_run && (!stepping_q || steps_done) && (!filling_q || fill_last);

    // Blocks and units.
    reg         unit_odd_q, one_unit_q;
    wire unit_last, block_done;
    wire [9:0] units = channel_last ? units_last_i : units_full_i;
    wire block_last = tile_last_q && unit_last;
    wire unit_moves = pixels_outer_i || tile_last_q;
    wire unit_turns = unit_moves && !one_unit_q;              // the next block belongs to another unit
    wire tile_moves = !pixels_outer_i || unit_last;
    dna_turns #(.BITS(10)) u_units (
        .clk(clk), .start_i(state_q == PREPARE), .step_i(block_done && unit_moves), .turns_i(units), .last_o(unit_last));
    wire unit_half  = (UPW == 2) && unit_odd_q;
    wire unit_full  = (UPW == 1) || unit_half;                // the next unit starts another channel block
    assign block_done = set_end && set_last_i;
    assign job_done = block_done && block_last;
    wire load  = fill && (state_q == LOAD || !set_last_i || !(unit_turns || block_last));
    wire word_first, word_last;                                 // vector of a word of weights
    dna_parts #(.UPW(UPW), .PACKED(PACKED)) u_parts (
        .clk(clk), .packed_i(packed_i), .run_i(load && !fill_last), .step_i(1'b1), .part_o(weight_part_o), .first_o(word_first), .last_o(word_last));
    wire fetch = load && word_first;
    wire used  = load && (word_last || fill_last);    // on to the next word

    assign take_o        = state_q == IDLE && captured_i && drained_i;
    assign loaded_take_o = state_q == WAIT && loaded_i && slot_free_i;
    assign slot_take_o   = loaded_take_o;
    assign input_release_o   = job_done && input_release;
    assign weights_release_o = job_done && weights_release;
    assign busy_o        = state_q != IDLE && state_q != START && state_q != WAIT;
    assign configure_o   = state_q == START;
    assign sets_start_o  = !in_run || block_done;
    assign sets_step_o   = set_end;

    reg [WADDR-1:0] unit_addr_q, vectors_addr_q, weight_addr_q;
    reg [OADDR-1:0] unit_base_q, tile_words_q;
    reg [15:0]      unit_channel_q, tile_steps_q;             // depthwise: address of the unit's channel block
    wire [15:0]     tile_words = row_last ? tile_words_last_i : tile_words_full_i;
    wire [15:0]     tile_steps = row_last ? tile_steps_last_i : tile_steps_full_i;
    wire unused_words = &{1'b0, unit_words_i, tile_words, group_words_i};
    reg  set_start_q;                                         // first cycle of a set
    wire again = in_run && set_last_i && set_start_q;
    reg [WADDR-1:0] second_addr_q;                            // behind the first set's first word
    assign weight_addr_o  = again ? vectors_addr_q : weight_addr_q;
    assign weight_read_o  = parameter_o || fetch;
    assign weight_load_o  = load;
    assign weight_chain_o = fill_chain_q;
    assign weight_place_o = {state_q == LOAD ? rf_half_q : !rf_half_q, fill_cycle_q[RADDR-2:0]};
    assign parameter_o    = state_q == PARAMETER;
    assign parameter_index_o = count_q[4:0];

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            state_q       <= IDLE;
            rf_half_q     <= 1'b0;
            input_slot_o  <= 1'b0;
            weight_slot_o <= 1'b0;
        end else begin
            case (state_q)
                IDLE:      if (take_o) state_q <= START;
                START:     if (count_q + 6'd1 == ROWS[5:0]) state_q <= WAIT;
                WAIT:      if (loaded_take_o) state_q <= PREPARE;
                PREPARE:   state_q <= PAUSE;
                PAUSE:     if (count_q == 6'd1) state_q <= PARAMETER;
                PARAMETER: if (count_q == PARAMETERS[5:0] - 6'd1) state_q <= LOAD;
                LOAD:      if (fill_last) state_q <= RUN;
                default:   if (block_done) state_q <= job_done ? (job_last ? IDLE : WAIT) : (unit_turns ? PAUSE : RUN);
            endcase
            if (set_end) rf_half_q <= ~rf_half_q;
            if (input_release_o) input_slot_o <= ~input_slot_o;
            if (weights_release_o) weight_slot_o <= ~weight_slot_o;
        end
    end

    always @(posedge clk) begin
        if (state_q == IDLE) count_q <= 6'd0;
        else if (state_q == PREPARE || block_done) count_q <= gap_i;
        else if (state_q == PAUSE) count_q <= count_q == 6'd1 ? 6'd0 : count_q - 6'd1;
        else if (state_q == START || parameter_o) count_q <= count_q + 6'd1;
        set_start_q <= state_q == LOAD || set_end;
        // Every set starts with the walk over its steps and the fill of the one behind it.
        if (state_q == LOAD || set_end) filling_q <= 1'b1;
        else if (fill_last) filling_q <= 1'b0;
        if (state_q == LOAD || set_end) stepping_q <= 1'b1;
        else if (steps_done) stepping_q <= 1'b0;
        cycle_q <= !issue || step_end ? 6'd0 : cycle_q + 6'd1;
        step_q  <= !in_run || set_end ? 16'd0 : step_q + {15'd0, step_end};
        fill_cycle_q <= !fill || fill_turn ? 6'd0 : fill_cycle_q + 6'd1;
        if (!fill || fill_last) fill_chain_q <= 6'd0;
        else if (fill_turn) fill_chain_q <= fill_chain_q + 6'd1;
    end

    // Place of the step; entry of group 0's partial sum.
    wire restart = tile_last_q && tile_moves;                  // the next block is the tile's first one
    wire [9:0]       left_rows;
    wire [12:0]      in_row;
    wire [OADDR-1:0] out_row;
    dna_place_rs #(.OADDR(OADDR)) u_place (
        .clk(clk), .start_i(state_q == PREPARE || (block_done && restart)), .step_i(step_end), .set_end_i(set_end),
        .move_i(block_done && tile_moves), .shift_i(shift_i), .rows_i(rows), .out_width_i(out_width_i), .groups_i(groups_i),
        .group_words_i(group_words_i[OADDR-1:0]), .x_o(x_o), .left_rows_o(left_rows), .in_row_o(in_row), .out_row_o(out_row));
    reg [PADDR-1:0] entry_q;
    always @(posedge clk) begin
        if (state_q == PREPARE) left_q <= tile_steps;
        else if (block_done && tile_moves) left_q <= restart ? tile_steps_q : left_next_q;
        if (!in_run || set_end) entry_q <= {PADDR{1'b0}};
        else if (step_end) entry_q <= entry_q + entry_step;
    end

    // A block's ends: {is it the tile's last block, its last step}. Those of the tile's first one are made before it runs, those
    // of the next one in its first three cycles.
    reg  [15:0] left_next_q;                                  // steps behind the block
    reg  [16:0] ends_first_q, ends_next_q;
    wire [16:0] ends_left = left_q > block_steps_i ? {1'b0, block_steps_i - 16'd1} : {1'b1, left_q - 16'd1};
    wire [16:0] ends_next = left_next_q > block_steps_i ? {1'b0, block_steps_i - 16'd1} : {1'b1, left_next_q - 16'd1};
    always @(posedge clk) begin
        left_next_q <= left_q - block_steps_i;
        ends_next_q <= ends_next;
        if (!in_run) ends_first_q <= ends_left;
        if (!in_run) {tile_last_q, last_step_q} <= ends_left;
        else if (block_done && tile_moves) {tile_last_q, last_step_q} <= restart ? ends_first_q : ends_next_q;
    end
    wire [PADDR+5:0] groups_wide = {{PADDR{1'b0}}, groups_i};
    wire [PADDR-1:0] entry_step  = groups_wide[PADDR-1:0];
    wire unused_groups = &{1'b0, groups_wide};

    wire [SELECT-1:0] in_slice = cycle_q[SELECT-1:0] & ~({SELECT{1'b1}} << log2_channels_i);
    wire [5:0]        tap      = cycle_q >> log2_channels_i;
    wire unused_tap = &{1'b0, tap[5]};
    assign load_o         = mac_o && in_slice == {SELECT{1'b0}};
    assign read_o         = {rf_half_q, cycle_q[RADDR-2:0]};
    assign tap_x_o        = set_column_i + tap[4:0];
    assign row_base_o     = y_in_q + $signed(in_row) + $signed({8'd0, set_row_i});
    assign y_base_o       = y_base_q;
    assign limit_o        = limit_q;
    assign channel_addr_o = depthwise_i ? unit_channel_q : set_channel_addr_i;
    assign select_o       = set_channel_i | in_slice;
    assign half_o         = unit_half;
    assign block_start_o  = step_q == 16'd0;
    assign valid_groups_o = left_rows < {4'd0, groups_i} ? left_rows[5:0] : groups_i;
    assign entry_o        = entry_q;
    assign out_addr_o     = raw_i ? unit_base_q : unit_base_q + out_row + x_word;
    wire [OADDR+9:0] x_wide = {{OADDR{1'b0}}, x_o};
    wire [OADDR-1:0] x_word = x_wide[OADDR-1:0];
    wire unused_x = &{1'b0, x_wide};
    assign job_end_o      = set_last_i && block_last && step_last;

    // Units: place in the output tile, channel block, weight words (parameters, then the sets in order; during a block's
    // last set the unit's first one is loaded again).
    always @(posedge clk) begin
        if (state_q == PREPARE) begin
            one_unit_q     <= units == 10'd1;
            tile_words_q   <= tile_words[OADDR-1:0];
            tile_steps_q   <= tile_steps;
            unit_odd_q     <= 1'b0;
            unit_base_q    <= {OADDR{1'b0}};
            unit_addr_q    <= {WADDR{1'b0}};
            unit_channel_q <= 16'd0;
        end else if (block_done && unit_moves) begin
            unit_odd_q <= !unit_last && !unit_odd_q;
            if (unit_last) begin
                unit_base_q    <= {OADDR{1'b0}};
                unit_channel_q <= 16'd0;
            end else if (unit_full) begin
                unit_base_q    <= unit_base_q + tile_words_q;
                unit_channel_q <= unit_channel_q + block_words_i;
            end
            if (unit_last || shared_weights_i) unit_addr_q <= {WADDR{1'b0}};
            else unit_addr_q <= unit_addr_q + unit_words_i[WADDR-1:0];
        end
        if (state_q == PAUSE) weight_addr_q <= unit_addr_q;
        else if (parameter_o || used) weight_addr_q <= again ? second_addr_q : weight_addr_q + 1'b1;
        else weight_addr_q <= weight_addr_o;
        if (parameter_o) vectors_addr_q <= weight_addr_q + 1'b1;
        second_addr_q <= vectors_addr_q + 1'b1;
    end
endmodule
