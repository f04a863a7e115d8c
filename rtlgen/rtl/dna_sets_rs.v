// Reduction loops of the row-stationary template: the sets of a block, passes over filter rows and columns outside, channel
// runs and slices inside. A set is what the register files hold at a time: filter_rows x filter_columns taps of
// 2^log2_channels channels in each of 2^log2_slices neighbouring slices.
module dna_sets_rs #(
    parameter SELECT = 4     // log2 of the channels in a word
) (
    input  wire              clk,
    input  wire              start_i,         // back to the first set
    input  wire              step_i,          // to the next set
    // layer
    input  wire              dilated_i,
    input  wire [3:0]        filter_columns_i, column_passes_i, filter_rows_i, row_passes_i,
    input  wire [2:0]        log2_channels_i, log2_slices_i,
    input  wire [SELECT-1:0] channel_offset_i,
    input  wire              two_runs_i,
    input  wire [11:0]       slices_i, run_start_i,      // sets of a run; first channel of run 1
    input  wire [15:0]       run_address_i, block_words_i,
    output reg               first_o,         // set of the block
    output wire              last_o,
    output reg  [4:0]        column_o,        // first filter column
    output reg  [4:0]        row_o,           // first filter row, in input rows
    output wire [SELECT-1:0] channel_o,
    output reg  [15:0]       channel_addr_o   // address of the channel block
);
    reg        run_q;
    reg [11:0] channel_q, channels_q;                 // channels_q: of a set
    wire run_end, column_end, row_end;
    wire tap_end = run_end && (run_q || !two_runs_i);
    dna_turns #(.BITS(12)) u_slices (.clk(clk), .start_i(start_i), .step_i(step_i), .turns_i(slices_i), .last_o(run_end));
    dna_turns u_columns (
        .clk(clk), .start_i(start_i), .step_i(step_i && tap_end), .turns_i(column_passes_i), .last_o(column_end));
    dna_turns u_rows (
        .clk(clk), .start_i(start_i), .step_i(step_i && tap_end && column_end), .turns_i(row_passes_i), .last_o(row_end));
    wire [11:0] start_channel = {{(12-SELECT){1'b0}}, channel_offset_i};
    wire [11:0] next_channel  = tap_end ? start_channel : run_end ? run_start_i : channel_q + channels_q;
    wire unused_channel = &{1'b0, channel_q};
    assign last_o    = tap_end && column_end && row_end;
    assign channel_o = channel_q[SELECT-1:0];

    always @(posedge clk) begin
        channels_q <= 12'd1 << (log2_channels_i + log2_slices_i);
        if (start_i) begin
            {column_o, row_o} <= 10'd0;
            first_o        <= 1'b1;
            run_q          <= 1'b0;
            channel_q      <= start_channel;
            channel_addr_o <= 16'd0;
        end else if (step_i) begin
            first_o   <= 1'b0;
            run_q     <= !tap_end && (run_q || run_end);
            channel_q <= next_channel;
            if (tap_end) channel_addr_o <= 16'd0;
            else if (run_end) channel_addr_o <= run_address_i;
            else if (next_channel[SELECT-1:0] == {SELECT{1'b0}}) channel_addr_o <= channel_addr_o + block_words_i;
            if (tap_end) column_o <= column_end ? 5'd0 : column_o + {1'b0, filter_columns_i};
            if (tap_end && column_end) row_o <= row_o + (dilated_i ? {filter_rows_i, 1'b0} : {1'b0, filter_rows_i});
        end
    end
endmodule
