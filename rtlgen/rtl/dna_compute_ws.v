// Compute engine of the weight-stationary templates, issue side: waits for a loaded job and a free output slot, then works
// through it block by block (PSUM consecutive output pixels of a unit (one channel a column)). A block is a sequence of sets: for
// every kernel tap and slice of ROWS input channels one set of weights stays in the array while the block's pixels pass, one
// a cycle; the next set's weights are loaded meanwhile. A set takes max(pixels, MIN_SET) steps, made even, of a cycle each; a pixel
// of the last set takes SHARE cycles, in which its sums are post-processed. New
// requantisation parameters and first weights are read before the first block of a unit, behind a gap that lets the unit
// before finish.
module dna_compute_ws #(
    parameter ROWS   = 16,
    parameter LOG    = 4,    // log2(ROWS)
    parameter UPW    = 1,    // weight vectors in a word: 1 or 2
    parameter PACKED = 0,    // there are layers with twice as many
    parameter SELECT = 4,    // log2 of the channels in a word
    parameter PARAMETERS = 8,   // words of a unit's parameters
    parameter SHARE  = 1,    // columns of a post-processing lane
    parameter PSUM   = 64,   // partial sums of a column
    parameter PADDR  = 6,    // log2(PSUM)
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
    // layer
    input  wire             depthwise_i, packed_i, raw_i, channels_outer_i, shared_weights_i, pixels_outer_i, shift_i, dilated_i,
    input  wire [2:0]       pad_i,
    input  wire [9:0]       row_tiles_i, channel_tiles_i,
    input  wire [3:0]       kernel_x_i, kernel_y_i,
    input  wire [SELECT-1:0] channel_offset_i,
    input  wire             two_runs_i,
    input  wire [9:0]       rows_full_i, units_full_i, units_last_i, out_width_i,
    input  wire [11:0]      channels_i, run_start_i,      // slices of a run; first channel of run 1
    input  wire [15:0]      run_address_i, block_words_i, unit_words_i,
    input  wire [5:0]       gap_i,
    input  wire [11:0]      y_step_i,
    input  wire [15:0]      tile_words_full_i, tile_words_last_i,
    // issue, stage 0
    output wire             mac_o,            // a step
    output wire             swap_o,           // first step of a set
    output wire             first_o, last_o,  // the step's set is the first or last of the block
    output wire signed [5:0] tap_x_o, tap_y_o,
    output wire [9:0]       x_o, y_o, y_base_o,
    output wire [15:0]      channel_addr_o,
    output wire [SELECT-1:0] select_o,
    output wire             half_o,
    output wire [PADDR-1:0] entry_o,          // partial sum
    output wire             weight_read_o,
    output wire [WADDR-1:0] weight_addr_o,
    output wire [PACKED:0]  weight_part_o,    // vector of the word
    output wire             weight_load_o,    // a row of weights
    output wire [LOG-1:0]   weight_row_o,
    output wire [SELECT-1:0] weight_select_o,
    output wire             parameter_o,
    output wire [4:0]       parameter_index_o,
    output reg              input_slot_o, weight_slot_o,
    output wire [OADDR-1:0] out_addr_o,
    output wire             job_end_o,        // with the last step of a job
    output wire             busy_o
);
    // A row of weights a cycle; four cycles between two visits of a partial sum.
    localparam MIN_SET = ROWS < 4 ? 4 : ROWS;
    localparam [2:0] IDLE = 3'd0, START = 3'd1, WAIT = 3'd2, PREPARE = 3'd3, PAUSE = 3'd4, PARAMETER = 3'd5, LOAD = 3'd6,
                     RUN = 3'd7;
    reg [2:0]  state_q;
    reg [5:0]  count_q;

    // Tile loops.
    wire row_last, channel_last, job_last, input_release, weights_release;
    wire row_step, row_wrap, unused_channel_step, unused_channel_wrap;
    wire unused_changed_input, unused_changed_weights;
    wire block_done, job_done;
    dna_nest u_nest (
        .clk(clk), .start_i(state_q == START), .step_i(job_done), .row_tiles_i(row_tiles_i), .channel_tiles_i(channel_tiles_i),
        .channels_outer_i(channels_outer_i), .depthwise_i(depthwise_i), .shared_weights_i(shared_weights_i),
        .row_last_o(row_last), .channel_last_o(channel_last), .job_last_o(job_last),
        .input_changed_o(unused_changed_input), .weights_changed_o(unused_changed_weights),
        .input_released_o(input_release), .weights_released_o(weights_release),
        .row_step_o(row_step), .row_wrap_o(row_wrap), .channel_step_o(unused_channel_step), .channel_wrap_o(unused_channel_wrap));

    // Where the row tile starts: first input row (signed), first output row.
    reg signed [12:0] y_in_q;
    reg [9:0] y_tile_q, y_base_q;
    wire signed [12:0] y_first = -$signed({10'd0, pad_i});
    wire signed [12:0] y_clip  = y_in_q[12] ? 13'sd0 : y_in_q;
    wire [12:0] y_base = shift_i ? y_clip >> 1 : y_clip;
    wire unused_base = &{1'b0, y_base[12:10]};

    // Job sizes.
    reg [OADDR-1:0] tile_words_q;
    reg [15:0]      tile_pixels_q;
    wire [15:0]     tile_words  = row_last ? tile_words_last_i : tile_words_full_i;
    wire [15:0]     tile_pixels = raw_i ? 16'd1 : tile_words;

    // Block: pixels left from its first one on. What follows from the pixels left is registered beside
    // them: is this the tile's last block, its pixels, its last pixel, and the last step of one of its sets.
    reg [15:0]      left_q;
    reg             tile_last_q;
    reg [11:0]      pixels_q, pixel_end_q, set_end_q;
    reg             unit_odd_q, one_unit_q;
    wire unit_last;
    wire [9:0] units = channel_last ? units_last_i : units_full_i;
    wire block_last = tile_last_q && unit_last;
    wire unit_moves = pixels_outer_i || tile_last_q;
    wire unit_turns = unit_moves && !one_unit_q;              // the next block belongs to another unit
    wire tile_moves = !pixels_outer_i || unit_last;
    wire unit_half  = (UPW == 2) && unit_odd_q;
    wire unit_full  = (UPW == 1) || unit_half;                // the next unit starts another channel block
    dna_turns #(.BITS(10)) u_units (
        .clk(clk), .start_i(state_q == PREPARE), .step_i(block_done && unit_moves), .turns_i(units), .last_o(unit_last));

    // Set: reduction loops.
    reg signed [5:0] tap_x_q, tap_y_q;                        // in pixels from the output pixel's own
    reg        run_q, first_q;
    reg [11:0] channel_q;
    reg [15:0] channel_addr_q;
    wire in_run = state_q == RUN;
    wire set_end, run_end, tap_x_end, tap_y_end;
    wire tap_end  = run_end && (run_q || !two_runs_i);
    wire set_last = tap_end && tap_x_end && tap_y_end;
    dna_turns #(.BITS(12)) u_slices (
        .clk(clk), .start_i(!in_run), .step_i(set_end), .turns_i(channels_i), .last_o(run_end));
    dna_turns u_tap_x (.clk(clk), .start_i(!in_run), .step_i(set_end && tap_end), .turns_i(kernel_x_i), .last_o(tap_x_end));
    dna_turns u_tap_y (
        .clk(clk), .start_i(!in_run), .step_i(set_end && tap_end && tap_x_end), .turns_i(kernel_y_i), .last_o(tap_y_end));
    wire [11:0] next_channel = tap_end ? {{(12-SELECT){1'b0}}, start_channel}
                             : run_end ? run_start_i : channel_q + ROWS[11:0];
    // Depthwise: slices cover the unit's own columns.
    wire [SELECT-1:0] half_channel  = unit_half ? (1 << (SELECT-1)) : {SELECT{1'b0}};
    wire [SELECT-1:0] start_channel = depthwise_i ? half_channel & ~(ROWS[SELECT-1:0] - 1'b1) : channel_offset_i;

    // Step: pixel of the set.
    reg [11:0] step_q;
    reg [9:0]  x_q, y_q;                                      // y_q: in the map
    wire pixel = step_q < pixels_q;
    wire begins, ends;                                        // first and last cycle of a step
    generate
        if (SHARE == 1) begin : gen_steady
            assign {begins, ends} = 2'b11;
        end else begin : gen_slow
            // With two cycles a pixel, the set's second partial sum would be read while the set before writes its last one, in
            // the same memory: it is read two cycles later.
            localparam LATE = SHARE == 2 ? 2 : 0;
            localparam [3:0] LAST = SHARE[3:0] - 4'd1, FIRST_LAST = LAST + LATE[3:0];
            reg [3:0] phase_q;
            assign begins = phase_q == 4'd0;
            assign ends   = !set_last || !pixel || phase_q == (step_q == 12'd0 ? FIRST_LAST : LAST);
            always @(posedge clk) phase_q <= !in_run || ends ? 4'd0 : phase_q + 4'd1;
        end
    endgenerate
    wire mac = in_run && pixel && begins;
    assign set_end = in_run && ends && step_q == set_end_q;
    assign block_done = set_end && set_last;
    assign job_done = block_done && block_last;

    assign take_o        = state_q == IDLE && captured_i && drained_i;
    assign loaded_take_o = state_q == WAIT && loaded_i && slot_free_i;
    assign slot_take_o   = loaded_take_o;
    assign input_release_o   = job_done && input_release;
    assign weights_release_o = job_done && weights_release;
    assign busy_o = state_q != IDLE && state_q != START && state_q != WAIT;

    // Weights of the next set (RUN) or of the first one (LOAD): one row a step; depthwise, one word serves all rows.
    wire more   = !set_last || !(unit_turns || block_last);
    wire loading = state_q == LOAD || (in_run && more && step_q < ROWS[11:0]);
    wire load   = loading && begins;
    wire [5:0] load_row = state_q == LOAD ? count_q : step_q[5:0];
    wire word_first, word_last;                                // vector of a word of weights
    dna_parts #(.UPW(UPW), .PACKED(PACKED)) u_parts (
        .clk(clk), .packed_i(packed_i), .run_i(loading && !depthwise_i), .step_i(begins), .part_o(weight_part_o), .first_o(word_first), .last_o(word_last));
    wire       fetch  = load && (depthwise_i ? load_row == 6'd0 : word_first);
    wire       used   = load && (depthwise_i ? load_row == 6'd0 : word_last);   // on to the next word

    reg [WADDR-1:0] unit_addr_q, vectors_addr_q, weight_addr_q;
    reg [OADDR-1:0] unit_base_q, tile_offset_q;
    reg [15:0]      unit_channel_q;                            // depthwise: address of the unit's channel block
    wire unused_words = &{1'b0, unit_words_i, tile_words};

    wire [15:0] step_words = {4'd0, step_q};
    wire unused_step = &{1'b0, step_words};
    assign mac_o          = mac;
    assign swap_o         = in_run && step_q == 12'd0;
    assign first_o        = first_q;
    assign last_o         = set_last;
    assign tap_x_o        = tap_x_q;
    assign tap_y_o        = tap_y_q;
    assign x_o            = x_q;
    assign y_o            = y_q;
    assign y_base_o       = y_base_q;
    assign channel_addr_o = depthwise_i ? unit_channel_q : channel_addr_q;
    assign select_o       = channel_q[SELECT-1:0];
    assign half_o         = unit_half;
    assign entry_o        = step_q[PADDR-1:0];
    assign parameter_o    = state_q == PARAMETER;
    assign parameter_index_o = count_q[4:0];
    assign weight_load_o  = load;
    assign weight_row_o   = load_row[LOG-1:0];
    assign weight_select_o = state_q == LOAD ? channel_q[SELECT-1:0] : next_channel[SELECT-1:0];
    assign weight_read_o  = parameter_o || fetch;
    assign weight_addr_o  = weight_addr;
    assign out_addr_o     = raw_i ? unit_base_q : unit_base_q + tile_offset_q + step_words[OADDR-1:0];
    assign job_end_o      = mac && set_last && block_last && step_q == pixel_end_q;
    wire unused_row = &{1'b0, load_row, next_channel};

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            state_q       <= IDLE;
            input_slot_o  <= 1'b0;
            weight_slot_o <= 1'b0;
        end else begin
            case (state_q)
                IDLE:      if (take_o) state_q <= START;
                START:     state_q <= WAIT;
                WAIT:      if (loaded_take_o) state_q <= PREPARE;
                PREPARE:   state_q <= PAUSE;
                PAUSE:     if (count_q == 6'd1) state_q <= PARAMETER;
                PARAMETER: if (count_q == PARAMETERS[5:0] - 6'd1) state_q <= LOAD;
                LOAD:      if (count_q + 6'd1 == ROWS[5:0]) state_q <= RUN;
                default:   if (block_done) state_q <= job_done ? (job_last ? IDLE : WAIT) : (unit_turns ? PAUSE : RUN);
            endcase
            if (input_release_o) input_slot_o <= ~input_slot_o;
            if (weights_release_o) weight_slot_o <= ~weight_slot_o;
        end
    end

    always @(posedge clk) begin
        if (state_q == PREPARE || block_done) count_q <= gap_i;
        else if (state_q == PAUSE) count_q <= count_q == 6'd1 ? 6'd0 : count_q - 6'd1;
        else if (state_q == PARAMETER) count_q <= count_q == PARAMETERS[5:0] - 6'd1 ? 6'd0 : count_q + 6'd1;
        else if (state_q == LOAD) count_q <= count_q + 6'd1;
    end

    // Row tile.
    always @(posedge clk) begin
        if (state_q == START || (job_done && row_wrap)) begin
            y_tile_q <= 10'd0;
            y_in_q   <= y_first;
        end else if (job_done && row_step) begin
            y_tile_q <= y_tile_q + rows_full_i;
            y_in_q   <= y_in_q + $signed({1'b0, y_step_i});
        end
        if (state_q == PREPARE) y_base_q <= y_base[9:0];
    end

    // Pixels: the last step of a block's last set leads to the next block's first pixel.
    reg        row_end_q, narrow_q;                            // x_q is a row's last pixel; rows have one pixel
    reg [9:0]  before_end_q;                                   // the last pixel but one
    wire [9:0] x_next       = row_end_q ? 10'd0 : x_q + 10'd1;
    wire [9:0] y_next       = row_end_q ? y_q + 10'd1 : y_q;
    wire       row_end_next = row_end_q ? narrow_q : x_q == before_end_q;
    wire restart = tile_last_q && tile_moves;                  // the next block is the tile's first one
    reg  [20:0] first_pixel_q, after_q;                        // of the block; behind the set's last one
    wire [20:0] start_pixel = {narrow_q, y_tile_q, 10'd0};
    wire [20:0] next_pixel  = {row_end_next, y_next, x_next};
    wire        last_pixel  = mac && step_q == pixel_end_q;
    wire [20:0] next_block  = restart ? start_pixel : last_pixel ? next_pixel : after_q;
    always @(posedge clk) begin
        narrow_q     <= out_width_i == 10'd1;
        before_end_q <= out_width_i - 10'd2;
        if (last_pixel) after_q <= next_pixel;
        if (state_q == PREPARE) begin
            {row_end_q, y_q, x_q} <= start_pixel;
            first_pixel_q <= start_pixel;
            left_q        <= tile_pixels;
            tile_offset_q <= {OADDR{1'b0}};
        end else if (block_done && tile_moves) begin
            {row_end_q, y_q, x_q} <= next_block;
            first_pixel_q <= next_block;
            left_q        <= restart ? tile_pixels_q : left_next_q;
            tile_offset_q <= restart ? {OADDR{1'b0}} : tile_offset_q + PSUM[OADDR-1:0];
        end else if (set_end) {row_end_q, y_q, x_q} <= first_pixel_q;
        else if (mac) {row_end_q, y_q, x_q} <= next_pixel;
        if (!in_run || set_end) step_q <= 12'd0;
        else if (ends) step_q <= step_q + 12'd1;
    end

    // A block's ends: those of the tile's first one are made before it runs, those of the next one in its first three steps
    // (no block has less than MIN_SET).
    reg [15:0] left_next_q;                                    // pixels behind the block
    reg [36:0] ends_first_q, ends_next_q;
    wire [36:0] ends_left, ends_next;
    dna_block_ends #(.PSUM(PSUM), .MIN_SET(MIN_SET)) u_ends_left (.left_i(left_q), .ends_o(ends_left));
    dna_block_ends #(.PSUM(PSUM), .MIN_SET(MIN_SET)) u_ends_next (.left_i(left_next_q), .ends_o(ends_next));
    always @(posedge clk) begin
        left_next_q <= left_q - PSUM[15:0];
        ends_next_q <= ends_next;
        if (!in_run) ends_first_q <= ends_left;
        if (!in_run) {tile_last_q, pixels_q, pixel_end_q, set_end_q} <= ends_left;
        else if (block_done && tile_moves)
            {tile_last_q, pixels_q, pixel_end_q, set_end_q} <= restart ? ends_first_q : ends_next_q;
    end

    // Units.
    always @(posedge clk) begin
        if (state_q == PREPARE) begin
            one_unit_q     <= units == 10'd1;
            tile_words_q   <= tile_words[OADDR-1:0];
            tile_pixels_q  <= tile_pixels;
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
    end

    // Weight words: parameters, then the sets in order; during a block's last set the unit's first one is loaded again.
    wire             again       = in_run && set_last && step_q == 12'd0 && begins;
    wire [WADDR-1:0] weight_addr = again ? vectors_addr_q : weight_addr_q;
    reg  [WADDR-1:0] second_addr_q;                            // behind the first set's first word
    always @(posedge clk) begin
        if (state_q == PAUSE) weight_addr_q <= unit_addr_q;
        else if (parameter_o || used) weight_addr_q <= again ? second_addr_q : weight_addr_q + 1'b1;
        else weight_addr_q <= weight_addr;
        if (parameter_o) vectors_addr_q <= weight_addr_q + 1'b1;
        second_addr_q <= vectors_addr_q + 1'b1;
    end

    // Sets: taps outside, channel runs and slices inside.
    wire signed [5:0] start_tap = -$signed({3'b000, pad_i}), next_tap = dilated_i ? 6'sd2 : 6'sd1;
    always @(posedge clk) begin
        if (!in_run || block_done) begin
            tap_x_q        <= start_tap;
            tap_y_q        <= start_tap;
            first_q        <= 1'b1;
            run_q          <= 1'b0;
            channel_q      <= {{(12-SELECT){1'b0}}, start_channel};
            channel_addr_q <= 16'd0;
        end else if (set_end) begin
            first_q   <= 1'b0;
            run_q     <= !tap_end && (run_q || run_end);
            channel_q <= next_channel;
            if (tap_end) channel_addr_q <= 16'd0;
            else if (run_end) channel_addr_q <= run_address_i;
            else if (next_channel[SELECT-1:0] == {SELECT{1'b0}}) channel_addr_q <= channel_addr_q + block_words_i;
            if (tap_end) tap_x_q <= tap_x_end ? start_tap : tap_x_q + next_tap;
            if (tap_end && tap_x_end) tap_y_q <= tap_y_q + next_tap;
        end
    end
endmodule
