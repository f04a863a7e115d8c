// Tile loops: equal to a shadow nest of an outer and an inner counter at full width, for any number of steps. What changed
// and what is released is judged from the job before and the job behind.
// module: dna_nest
// setting: -
// induction: 1
// base: 2
// refute: 6
// broken: rtl/dna_nest.v: `row_turn     = channels_outer_i || channel_last_o` -> `row_turn     = channels_outer_i && channel_last_o`
// broken: rtl/dna_nest.v: `job_last_o || row_moves || (depthwise_i && channel_moves)` -> `job_last_o || row_moves`
    reg f_run = 1'b0;
    always @(posedge clk) if (start_i) f_run <= 1'b1;

    // The layer does not change while its jobs run.
    reg [22:0] f_layer;
    wire [22:0] f_settings = {row_tiles_i, channel_tiles_i, channels_outer_i, depthwise_i, shared_weights_i};
    always @(posedge clk) if (start_i) f_layer <= f_settings;
    always @* begin
        assume(row_tiles_i != 0 && channel_tiles_i != 0);
        assume(!f_run || start_i || f_settings == f_layer);
    end

    reg [9:0] f_outer, f_inner, f_row_before, f_channel_before;
    reg       f_first;
    wire [9:0] f_outer_bound = channels_outer_i ? channel_tiles_i : row_tiles_i;
    wire [9:0] f_inner_bound = channels_outer_i ? row_tiles_i : channel_tiles_i;
    wire       f_inner_end = f_inner == f_inner_bound - 10'd1;
    wire       f_outer_end = f_outer == f_outer_bound - 10'd1;
    wire [9:0] f_inner_next = f_inner_end ? 10'd0 : f_inner + 10'd1;
    wire [9:0] f_outer_next = !f_inner_end ? f_outer : f_outer_end ? 10'd0 : f_outer + 10'd1;
    wire [9:0] f_row          = channels_outer_i ? f_inner : f_outer;
    wire [9:0] f_channel      = channels_outer_i ? f_outer : f_inner;
    wire [9:0] f_row_next     = channels_outer_i ? f_inner_next : f_outer_next;
    wire [9:0] f_channel_next = channels_outer_i ? f_outer_next : f_inner_next;
    always @(posedge clk) begin
        if (start_i) begin
            f_outer <= 10'd0;
            f_inner <= 10'd0;
            f_first <= 1'b1;
        end else if (step_i) begin
            f_outer          <= f_outer_next;
            f_inner          <= f_inner_next;
            f_first          <= 1'b0;
            f_row_before     <= f_row;
            f_channel_before <= f_channel;
        end
    end

    wire f_last = f_inner_end && f_outer_end;
    wire f_row_new          = f_first || f_row != f_row_before;
    wire f_channel_new      = f_first || f_channel != f_channel_before;
    wire f_row_goes         = f_row_next != f_row;
    wire f_channel_goes     = f_channel_next != f_channel;
    always @* if (f_run && !start_i) begin
        assert(f_outer < f_outer_bound && f_inner < f_inner_bound);
        assert(row_left_q == row_tiles_i - f_row && channel_left_q == channel_tiles_i - f_channel);
        assert(first_q == f_first && row_moved_q == f_row_new && channel_moved_q == f_channel_new);
        assert(row_last_o == (f_row == row_tiles_i - 10'd1));
        assert(channel_last_o == (f_channel == channel_tiles_i - 10'd1));
        assert(job_last_o == f_last);
        assert(input_changed_o == (f_row_new || (depthwise_i && f_channel_new)));
        assert(weights_changed_o == (f_first || (f_channel_new && !shared_weights_i)));
        assert(input_released_o == (f_last || f_row_goes || (depthwise_i && f_channel_goes)));
        assert(weights_released_o == (f_last || (f_channel_goes && !shared_weights_i)));
        assert(row_step_o == (f_row_next == f_row + 10'd1 && f_row_next != 10'd0));
        assert(channel_step_o == (f_channel_next == f_channel + 10'd1 && f_channel_next != 10'd0));
        assert(!row_wrap_o || (f_row_next == 10'd0 && row_last_o));
        assert(!channel_wrap_o || (f_channel_next == 10'd0 && channel_last_o));
        assert(row_step_o || row_wrap_o || f_row_next == f_row);
        assert(channel_step_o || channel_wrap_o || f_channel_next == f_channel);
    end
