// Load engine, request side: fetches descriptors, then walks the tile loops and requests each job's weights, input tile and
// residual tile, as soon as a slot is free. An item record for the fill side goes ahead of an item's first request. At most
// OUTSTANDING bursts are under way; a burst never crosses a boundary of 4 KiB >> SPLIT,
// so that it has at most 256 beats. Lengths are counted in words, and in beats on the bus. Descriptors that stand in the chip
// (LOCAL) are items too, so that their words keep their place among the others, but nothing is requested for them on the bus.
module dna_load #(
    parameter OUTSTANDING = 8,
    parameter SPLIT       = 0,     // log2 of the beats of a word
    parameter SPILL       = 0,     // residual tiles may be partial sums of the descriptor before
    parameter LOCAL       = 0      // descriptors come from a memory of the chip
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire         start_i,
    input  wire [31:0]  descriptor_addr_i,
    output wire         idle_o,
    // a descriptor is asked for, and its address
    output wire         fetch_o,
    output wire [31:0]  fetch_addr_o,
    // descriptor beats, and when all engines can take one
    input  wire         write_i,
    input  wire [3:0]   beat_i,
    input  wire [127:0] data_i,
    input  wire         descriptor_free_i,
    // slots and the barrier between layers
    input  wire         weight_free_i, input_free_i, residual_free_i,
    output wire         weight_take_o, input_take_o, residual_take_o,
    input  wire         stored_i,             // every descriptor before this one is completely stored
    input  wire         storing_i,            // all but the one before, of which these rows are complete
    input  wire [9:0]   rows_done_i,
    input  wire [9:0]   blocks_done_i,        // and these blocks of channels
    // item records {kind, job end, beats or first row, rows, blocks}
    output wire         item_o,
    output wire [1:0]   item_kind_o,
    output wire         item_job_end_o,
    output wire [15:0]  item_beats_o,
    output wire [9:0]   item_row_o, item_rows_o,
    output wire [9:0]   item_blocks_o,
    // layer settings of the fill side
    output wire         shift_o, drop_odd_o, narrow_o,
    output wire [2:0]   log2_x_o, log2_y_o,
    output wire [9:0]   in_width_o,
    output wire [15:0]  x_words_o, plane_words_o, block_words_o,
    // AXI read address
    output wire         arvalid_o,
    input  wire         arready_i,
    output wire [31:0]  araddr_o,
    output wire [7:0]   arlen_o,
    input  wire         burst_done_i          // last beat of a burst accepted
);
    localparam [1:0] DESCRIPTOR = 2'd0, WEIGHTS = 2'd1, INPUT = 2'd2, RESIDUAL = 2'd3;
    localparam [3:0] IDLE = 4'd0, FETCH = 4'd1, ARRIVE = 4'd2, START = 4'd3, CLIP = 4'd4, SIZE = 4'd5, ITEM_W = 4'd6,
                     ITEM_I = 4'd7, ITEM_R = 4'd8, REQUEST = 4'd9, BOUND = 4'd10;

    // Load section of the descriptor, words L0 to L23.
    reg [767:0] config_q;
    wire unused_config = &{1'b0, config_q};
    always @(posedge clk) begin
        if (write_i && beat_i == 4'd0) config_q[127:0]   <= data_i;
        if (write_i && beat_i == 4'd1) config_q[255:128] <= data_i;
        if (write_i && beat_i == 4'd2) config_q[383:256] <= data_i;
        if (write_i && beat_i == 4'd3) config_q[511:384] <= data_i;
        if (write_i && beat_i == 4'd4) config_q[639:512] <= data_i;
        if (write_i && beat_i == 4'd5) config_q[767:640] <= data_i;
    end
    wire depthwise      = config_q[0];
    wire residual       = config_q[4];
    wire channels_outer = config_q[5];
    wire shared_weights = config_q[6];
    wire wait_previous  = config_q[7];
    wire last_layer     = config_q[8];
    wire reload         = config_q[21] && SPILL != 0;
    wire by_blocks      = config_q[23];                    // the descriptor before writes this one's input, block by block
    wire [9:0]  row_tiles     = config_q[32*1 +: 10];
    wire [9:0]  channel_tiles = config_q[32*1+16 +: 10];
    wire [31:0] input_base    = config_q[32*2 +: 32];     // row 0
    wire [31:0] input_first   = config_q[32*3 +: 32];     // row -pad
    wire [31:0] input_y_step  = config_q[32*4 +: 32];
    wire [31:0] input_pitch   = config_q[32*5 +: 32];
    wire [31:0] input_c_step  = config_q[32*6 +: 32];
    wire [12:0] pad           = {9'd0, config_q[32*7 +: 4]};
    wire [12:0] y_step        = {1'b0, config_q[32*7+16 +: 12]};
    wire [9:0]  in_height     = config_q[32*8 +: 10];
    wire [9:0]  dense_blocks  = config_q[32*8+16 +: 10];
    wire [11:0] span_full     = config_q[32*9 +: 12];
    wire [11:0] span_last     = config_q[32*9+16 +: 12];
    wire [9:0]  blocks_full   = config_q[32*10 +: 10];
    wire [9:0]  blocks_last   = config_q[32*10+16 +: 10];
    wire [9:0]  pitch_words   = config_q[32*11 +: 10];
    wire [9:0]  rows_full     = config_q[32*11+16 +: 10];  // output rows of a tile
    assign shift_o    = config_q[1];
    assign drop_odd_o = config_q[2];
    assign narrow_o   = config_q[3];
    assign log2_x_o   = config_q[14:12];
    assign log2_y_o   = config_q[18:16];
    assign in_width_o    = config_q[32*12 +: 10];
    assign x_words_o     = config_q[32*12+16 +: 16];
    assign plane_words_o = config_q[32*13 +: 16];
    assign block_words_o = config_q[32*13+16 +: 16];
    wire [31:0] weight_base   = config_q[32*14 +: 32];
    wire [31:0] weight_step   = config_q[32*15 +: 32];
    wire [15:0] weight_full   = config_q[32*16 +: 16];
    wire [15:0] weight_last   = config_q[32*16+16 +: 16];
    wire [31:0] residual_base   = config_q[32*17 +: 32];
    wire [31:0] residual_y_step = config_q[32*18 +: 32];
    wire [31:0] residual_pitch  = config_q[32*19 +: 32];
    wire [31:0] residual_c_step = config_q[32*20 +: 32];
    wire [15:0] residual_full   = config_q[32*21 +: 16];
    wire [15:0] residual_last   = config_q[32*21+16 +: 16];

    reg [3:0] state_q, next_q;

    // Tile loops.
    wire row_last, channel_last, job_last, input_changed, weights_changed;
    wire row_step, row_wrap, channel_step, channel_wrap;
    wire unused_input_released, unused_weights_released;
    wire job_done;
    dna_nest u_nest (
        .clk(clk), .start_i(state_q == START), .step_i(job_done), .row_tiles_i(row_tiles), .channel_tiles_i(channel_tiles),
        .channels_outer_i(channels_outer), .depthwise_i(depthwise), .shared_weights_i(shared_weights),
        .row_last_o(row_last), .channel_last_o(channel_last), .job_last_o(job_last),
        .input_changed_o(input_changed), .weights_changed_o(weights_changed),
        .input_released_o(unused_input_released), .weights_released_o(unused_weights_released),
        .row_step_o(row_step), .row_wrap_o(row_wrap), .channel_step_o(channel_step), .channel_wrap_o(channel_wrap));

    // Row tile: first input row (signed), its address, the residual's; channel tile: three address offsets.
    reg signed [12:0] y_in_q;
    reg [9:0] out_end_q, block_end_q;                      // one past the tile's last output row, last block of channels
    reg [31:0] input_row_q, residual_row_q, input_channel_q, weight_channel_q, residual_channel_q;
    always @(posedge clk) begin
        if (state_q == START || (job_done && row_wrap)) begin
            y_in_q         <= -$signed(pad);
            out_end_q      <= rows_full;
            input_row_q    <= input_first;
            residual_row_q <= residual_base;
        end else if (job_done && row_step) begin
            y_in_q         <= y_in_q + $signed(y_step);
            out_end_q      <= out_end_q + rows_full;
            input_row_q    <= input_row_q + input_y_step;
            residual_row_q <= residual_row_q + residual_y_step;
        end
        if (state_q == START || (job_done && channel_wrap)) begin
            input_channel_q    <= 32'd0;
            weight_channel_q   <= weight_base;
            block_end_q        <= blocks_full;
            residual_channel_q <= 32'd0;
        end else if (job_done && channel_step) begin
            if (depthwise) input_channel_q <= input_channel_q + input_c_step;
            if (!shared_weights) weight_channel_q <= weight_channel_q + weight_step;
            residual_channel_q <= residual_channel_q + residual_c_step;
            block_end_q        <= block_end_q + blocks_full;
        end
    end

    // Rows of the input tile inside the map, and beats of one channel block of it.
    reg signed [12:0] y_end_q;
    wire signed [12:0] height = $signed({3'd0, in_height});
    reg [9:0]  row_begin_q, rows_q, row_end_q;
    reg [15:0] input_beats_q;
    reg [31:0] input_addr_q;
    wire [9:0]  row_begin   = y_in_q[12] ? 10'd0 : y_in_q[9:0];
    wire [9:0]  row_end     = y_end_q > height ? in_height : y_end_q[9:0];
    wire [19:0] input_beats = rows_q * pitch_words;
    wire unused_beats = &{1'b0, input_beats[19:16]};
    always @(posedge clk) begin
        y_end_q <= y_in_q + $signed({1'b0, row_last ? span_last : span_full});   // ready in BOUND
        if (state_q == BOUND) begin
            row_begin_q  <= row_begin;
            row_end_q    <= row_end;
            input_addr_q <= (y_in_q[12] ? input_base : input_row_q) + input_channel_q;
        end
        rows_q        <= row_end_q - row_begin_q;   // ready in ITEM_W
        input_beats_q <= input_beats[15:0];          // ready in ITEM_I
    end

    wire [9:0]  tile_blocks    = channel_last ? blocks_last : blocks_full;
    wire [9:0]  input_blocks   = depthwise ? tile_blocks : dense_blocks;
    wire [15:0] weight_beats   = channel_last ? weight_last : weight_full;
    wire [15:0] residual_beats = row_last ? residual_last : residual_full;

    reg  blocks_ready_q;                                    // settled long before ITEM_I
    always @(posedge clk) blocks_ready_q <= by_blocks && storing_i && blocks_done_i >= block_end_q;
    wire readable    = !wait_previous || stored_i || blocks_ready_q || (storing_i && rows_done_i >= row_end_q);
    wire fetch_go    = state_q == FETCH && descriptor_free_i;
    wire weight_go   = state_q == ITEM_W && weights_changed && weight_free_i;
    wire input_go    = state_q == ITEM_I && input_changed && input_free_i && readable;
    wire reloadable  = !reload || stored_i || (storing_i && rows_done_i >= out_end_q);
    wire residual_go = state_q == ITEM_R && residual && residual_free_i && reloadable;
    assign weight_take_o   = weight_go;
    assign input_take_o    = input_go;
    assign residual_take_o = residual_go;
    wire go = fetch_go || weight_go || input_go || residual_go;
    localparam [3:0] FETCHED = LOCAL != 0 ? ARRIVE : REQUEST;

    assign item_o        = go;
    assign item_kind_o   = fetch_go ? DESCRIPTOR : weight_go ? WEIGHTS : input_go ? INPUT : RESIDUAL;
    assign item_job_end_o = (weight_go && !input_changed && !residual) || (input_go && !residual) || residual_go;
    assign item_beats_o  = fetch_go ? 16'd16 : weight_go ? weight_beats : residual_beats;
    assign item_row_o    = row_begin_q;
    assign item_rows_o   = rows_q;
    assign item_blocks_o = input_go ? input_blocks : residual_go ? tile_blocks : 10'd1;

    reg [31:0] descriptor_q;
    assign fetch_o      = fetch_go;
    assign fetch_addr_o = descriptor_q;

    // Requests of the current item: blocks of equal length, one pitch apart. `rest_q`: words of the block from here on, less one.
    reg [31:0] block_addr_q, addr_q, pitch_q;
    reg [15:0] block_rest_q, rest_q;
    reg [9:0]  blocks_q;
    wire [31:0] go_addr  = fetch_go ? descriptor_q : weight_go ? weight_channel_q : input_go ? input_addr_q
                                    : residual_row_q + residual_channel_q;
    wire [15:0] go_beats = input_go ? input_beats_q : item_beats_o;

    localparam PAGE = 8 - SPLIT;                                  // log2 of the words between boundaries
    wire [PAGE-1:0] page = ~addr_q[4 +: PAGE];                    // words to the boundary, less one
    wire            more = rest_q > {{(16-PAGE){1'b0}}, page};    // another burst of the block follows
    wire [PAGE-1:0] last = more ? page : rest_q[PAGE-1:0];        // words of the burst, less one
    wire [15:0] go_rest = go_beats - 16'd1;
    reg [3:0]   outstanding_q;
    localparam [3:0] LIMIT = OUTSTANDING[3:0];
    assign arvalid_o = state_q == REQUEST && outstanding_q != LIMIT;
    assign araddr_o  = addr_q;
    generate
        if (SPLIT == 0) begin : gen_whole
            assign arlen_o = last;
        end else begin : gen_parts
            assign arlen_o = {last, {SPLIT{1'b1}}};
        end
    endgenerate
    wire sent       = arvalid_o && arready_i;
    wire block_sent = sent && !more;
    wire item_sent  = block_sent && blocks_q == 10'd1;
    wire [31:0] next_block = block_addr_q + pitch_q;

    always @(posedge clk) begin
        if (go) begin
            addr_q        <= go_addr;
            block_addr_q  <= go_addr;
            rest_q        <= go_rest;
            block_rest_q  <= go_rest;
            blocks_q      <= item_blocks_o;
            pitch_q       <= input_go ? input_pitch : residual_pitch;
        end else if (block_sent) begin
            addr_q       <= next_block;
            block_addr_q <= next_block;
            rest_q       <= block_rest_q;
            blocks_q     <= blocks_q - 10'd1;
        end else if (sent) begin
            addr_q <= {addr_q[31:PAGE+4] + 1'b1, {(PAGE+4){1'b0}}};    // the burst ended at a boundary
            rest_q <= rest_q - {{(16-PAGE){1'b0}}, page} - 16'd1;
        end
        if (state_q == IDLE) descriptor_q <= descriptor_addr_i;
        else if (fetch_go) descriptor_q <= descriptor_q + 32'd256;
    end
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) outstanding_q <= 4'd0;
        else if (sent && !burst_done_i) outstanding_q <= outstanding_q + 4'd1;
        else if (burst_done_i && !sent) outstanding_q <= outstanding_q - 4'd1;
    end

    assign job_done = (state_q == ITEM_R && !residual) || (item_sent && next_q == CLIP);
    assign idle_o   = state_q == IDLE;
    wire [3:0] after_job = job_last ? (last_layer ? IDLE : FETCH) : CLIP;

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            state_q <= IDLE;
            next_q  <= IDLE;
        end else begin
            case (state_q)
                IDLE:   if (start_i) state_q <= FETCH;
                FETCH:  if (fetch_go) begin state_q <= FETCHED; next_q <= ARRIVE; end
                ARRIVE: if (write_i && beat_i == 4'd15) state_q <= START;
                START:  state_q <= CLIP;
                CLIP:   state_q <= BOUND;
                BOUND:  state_q <= SIZE;
                SIZE:   state_q <= ITEM_W;
                ITEM_W: if (weight_go) begin state_q <= REQUEST; next_q <= ITEM_I; end
                        else if (!weights_changed) state_q <= ITEM_I;
                ITEM_I: if (input_go) begin state_q <= REQUEST; next_q <= ITEM_R; end
                        else if (!input_changed) state_q <= ITEM_R;
                ITEM_R: if (residual_go) begin state_q <= REQUEST; next_q <= CLIP; end
                        else if (!residual) state_q <= after_job;
                REQUEST: if (item_sent) state_q <= next_q == CLIP ? after_job : next_q;
                default: state_q <= IDLE;
            endcase
        end
    end
endmodule
