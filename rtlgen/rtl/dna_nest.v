// The two tile loops of a descriptor (row tiles and channel tiles, either one outer). Every engine runs its own copy and
// steps it once a job; the flags say what changes at a job and what the next one needs anew.
module dna_nest (
    input  wire       clk,
    input  wire       start_i,            // back to the first job, with the bounds below
    input  wire       step_i,             // to the next job
    input  wire [9:0] row_tiles_i,
    input  wire [9:0] channel_tiles_i,
    input  wire       channels_outer_i,
    input  wire       depthwise_i,
    input  wire       shared_weights_i,
    output wire       row_last_o,         // this job works on the last row tile
    output wire       channel_last_o,
    output wire       job_last_o,
    output wire       input_changed_o,    // this job needs a new input tile
    output wire       weights_changed_o,
    output wire       input_released_o,   // no later job uses this job's input tile
    output wire       weights_released_o,
    output wire       row_step_o,         // stepping moves to the next row tile / back to the first
    output wire       row_wrap_o,
    output wire       channel_step_o,
    output wire       channel_wrap_o
);
    reg [9:0] row_left_q, channel_left_q;     // tiles from this one on
    reg first_q, row_moved_q, channel_moved_q;

    assign row_last_o     = row_left_q == 10'd1;
    assign channel_last_o = channel_left_q == 10'd1;
    assign job_last_o     = row_last_o && channel_last_o;

    wire row_turn     = channels_outer_i || channel_last_o;   // the row index moves at this step
    wire channel_turn = !channels_outer_i || row_last_o;
    assign row_step_o     = row_turn && !row_last_o;
    assign row_wrap_o     = row_turn && row_last_o;
    assign channel_step_o = channel_turn && !channel_last_o;
    assign channel_wrap_o = channel_turn && channel_last_o;

    wire row_moves     = row_turn && row_tiles_i != 10'd1;
    wire channel_moves = channel_turn && channel_tiles_i != 10'd1;
    assign input_changed_o    = row_moved_q || (depthwise_i && channel_moved_q);
    assign weights_changed_o  = first_q || (channel_moved_q && !shared_weights_i);
    assign input_released_o   = job_last_o || row_moves || (depthwise_i && channel_moves);
    assign weights_released_o = job_last_o || (channel_moves && !shared_weights_i);

    always @(posedge clk) begin
        if (start_i) begin
            row_left_q      <= row_tiles_i;
            channel_left_q  <= channel_tiles_i;
            first_q         <= 1'b1;
            row_moved_q     <= 1'b1;
            channel_moved_q <= 1'b1;
        end else if (step_i) begin
            first_q         <= 1'b0;
            row_moved_q     <= row_moves;
            channel_moved_q <= channel_moves;
            if (row_step_o) row_left_q <= row_left_q - 10'd1;
            if (row_wrap_o) row_left_q <= row_tiles_i;
            if (channel_step_o) channel_left_q <= channel_left_q - 10'd1;
            if (channel_wrap_o) channel_left_q <= channel_tiles_i;
        end
    end
endmodule
