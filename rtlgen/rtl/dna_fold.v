// Lays filter rows and output rows on the array rows of a row-stationary layer: a group of `chain_i` neighbouring array rows
// works for one output row; inside a group come the filter rows of a pass, then the same filter rows for the next slice
// of channels. Walks over the array rows once a layer, one a cycle while configure_i is set (ROWS cycles), and keeps for each
// its place in the chain (63: idle), the input row it reads (from the first one of the step on) and its first channel.
module dna_fold #(
    parameter ROWS   = 16,
    parameter LOG    = 4,     // log2(ROWS)
    parameter SELECT = 4
) (
    input  wire                   clk,
    input  wire                   start_i,       // before the first cycle of configure_i
    input  wire                   configure_i,
    input  wire                   shift_i, dilated_i,
    input  wire [3:0]             filter_rows_i,
    input  wire [2:0]             log2_channels_i,
    input  wire [5:0]             chain_i, groups_i,
    output wire [ROWS*6-1:0]      chain_o,
    output wire [ROWS*LOG-1:0]    lane_o,
    output wire [ROWS*SELECT-1:0] channel_o
);
    localparam BITS = 6 + LOG + SELECT;
    localparam [LOG-1:0] ONE = 1, TWO = 2;
    reg [5:0]        place_q, group_q;
    reg [3:0]        filter_q;
    reg [LOG-1:0]    lane_q, group_lane_q;
    reg [SELECT-1:0] channel_q;
    reg [ROWS*BITS-1:0] rows_q;

    wire group_end  = place_q + 6'd1 == chain_i;
    wire filter_end = filter_q + 4'd1 == filter_rows_i;
    wire [LOG-1:0] next_group = group_lane_q + (shift_i ? TWO : ONE);
    wire [LOG-1:0] next_row   = lane_q + (dilated_i ? TWO : ONE);
    wire idle = group_q >= groups_i;

    always @(posedge clk) begin
        if (start_i) begin
            place_q      <= 6'd0;
            group_q      <= 6'd0;
            filter_q     <= 4'd0;
            lane_q       <= {LOG{1'b0}};
            group_lane_q <= {LOG{1'b0}};
            channel_q    <= {SELECT{1'b0}};
        end else if (configure_i) begin
            rows_q   <= {idle ? 6'd63 : place_q, lane_q, channel_q, rows_q[ROWS*BITS-1:BITS]};
            place_q  <= group_end ? 6'd0 : place_q + 6'd1;
            filter_q <= group_end || filter_end ? 4'd0 : filter_q + 4'd1;
            lane_q   <= group_end ? next_group : filter_end ? group_lane_q : next_row;
            if (group_end) begin
                group_q      <= group_q + 6'd1;
                group_lane_q <= next_group;
                channel_q    <= {SELECT{1'b0}};
            end else if (filter_end) begin
                channel_q <= channel_q + ({{(SELECT-1){1'b0}}, 1'b1} << log2_channels_i);
            end
        end
    end

    genvar r;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : gen_row
            assign {chain_o[r*6 +: 6], lane_o[r*LOG +: LOG], channel_o[r*SELECT +: SELECT]} = rows_q[r*BITS +: BITS];
        end
    endgenerate
endmodule
