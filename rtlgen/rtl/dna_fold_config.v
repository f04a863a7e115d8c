// Row-stationary part of a descriptor's compute section (words C5, C6, C21 and C22): captured as it arrives, made active with
// the rest of the section (dna_compute_config). docs/descriptor.md lists the fields.
module dna_fold_config (
    input  wire         clk,
    input  wire         write_i,          // a descriptor beat is on data_i
    input  wire [3:0]   beat_i,
    input  wire [127:0] data_i,
    input  wire         take_i,           // the captured section becomes active
    output wire [15:0]  group_words_o, tile_steps_full_o, tile_steps_last_o, block_steps_o,
    output wire [3:0]   filter_columns_o, column_passes_o, filter_rows_o, row_passes_o,
    output wire [2:0]   log2_channels_o, log2_slices_o,
    output wire [5:0]   chain_o, groups_o, step_cycles_o
);
    reg [111:0] next_q, active_q;
    always @(posedge clk) begin
        if (write_i && beat_i == 4'd7)  next_q[47:0]   <= data_i[95:48];
        if (write_i && beat_i == 4'd11) next_q[111:48] <= data_i[95:32];
        if (take_i) active_q <= next_q;
    end
    assign {tile_steps_last_o, tile_steps_full_o, group_words_o} = active_q[47:0];
    assign {row_passes_o, filter_rows_o, column_passes_o, filter_columns_o} = active_q[63:48];
    assign {chain_o, log2_slices_o, log2_channels_o} = active_q[75:64];
    assign block_steps_o = active_q[95:80];
    assign {step_cycles_o, groups_o} = active_q[107:96];
    wire unused_bits = &{1'b0, active_q, data_i};
endmodule
